import { randomUUID } from "node:crypto";
import type { Connection } from "../containerd/connection.ts";
import { Leases } from "../containerd/gen/containerd/leases_pb.ts";

/** A lease left by an agent that died ends by itself. */
const LIFETIME_MS = 60 * 60_000;

/** Runs `work` with a lease: what it makes is not collected by containerd before something else refers to it. */
export async function withLease<T>(
  connection: Connection,
  purpose: string,
  work: (lease: string) => Promise<T>,
): Promise<T> {
  const id = `mesos-${purpose}-${randomUUID()}`;
  const expire = new Date(Date.now() + LIFETIME_MS).toISOString();
  await connection.unary(Leases.method.create, { id, labels: { "containerd.io/gc.expire": expire } });
  try {
    return await work(id);
  } finally {
    // It expires all the same.
    await connection.unary(Leases.method.delete, { id }).catch(() => {});
  }
}
