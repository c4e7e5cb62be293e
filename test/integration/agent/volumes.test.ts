import { randomUUID } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import type { TaskRecord } from "../../../src/agent/checkpoint/record.ts";
import { recordWith, specWith } from "../../../src/agent/lifecycle/fixture.ts";
import { Layout } from "../../../src/agent/sandbox/layout.ts";
import { VolumeCollector } from "../../../src/agent/upkeep/volumeCollector.ts";
import { reservations } from "../../../src/client/handles.ts";
import { Connection } from "../../../src/cluster/connection.ts";
import { createLogger } from "../../../src/cluster/logger.ts";

const node = `n-${randomUUID().slice(0, 8)}`;
const { signal } = new AbortController();
let connection: Connection;
let layout: Layout;
let held: TaskRecord[] = [];
let collector: VolumeCollector;

beforeAll(async () => {
  connection = await Connection.load({ userAgent: "volumes-test", kubeconfig: inject("kubeconfig") });
  layout = new Layout(mkdtempSync(join(tmpdir(), "volumes-")));
  const log = createLogger({ name: "test", level: "silent" });
  const holders = () => held;
  collector = new VolumeCollector({ node, reservations: reservations(connection), layout, holders, log });
});
afterAll(() => {
  connection.close();
  rmSync(layout.root, { recursive: true });
});

function onDisk(id: string): () => boolean {
  const path = layout.volume({ role: "db", id });
  mkdirSync(path, { recursive: true });
  writeFileSync(join(path, "data"), "precious");
  return () => existsSync(join(path, "data"));
}

test("data goes when two looks in a row find neither Reservation nor task", async () => {
  const name = `r-${randomUUID().slice(0, 8)}`;
  const client = reservations(connection);
  await client.create({
    apiVersion: "mesos.dev/v1alpha1",
    kind: "Reservation",
    metadata: { name },
    spec: {
      role: "db",
      agent: node,
      resources: [{ name: "disk", scalar: 64 }],
      volumes: [{ id: "kept", scalar: 32, containerPath: "data", mode: "RW" }],
    },
  });
  const [kept, lost, used] = [onDisk("kept"), onDisk("lost"), onDisk("used")];
  const volume = {
    name: "disk",
    scalar: 32,
    reservations: [{ type: "DYNAMIC" as const, role: "db" }],
    disk: { persistence: { id: "used" }, volume: { containerPath: "data", mode: "RW" as const } },
  };
  held = [recordWith({ phase: "running", spec: specWith({ resources: [volume] }) })];

  await collector.look(signal);
  expect([kept(), lost(), used()]).toEqual([true, true, true]);
  await collector.look(signal);
  expect([kept(), lost(), used()]).toEqual([true, false, true]);

  held = [];
  await client.delete({ name });
  await collector.look(signal);
  expect([kept(), used()]).toEqual([true, true]);
  await collector.look(signal);
  expect([kept(), used()]).toEqual([false, false]);
});

test("an API server that does not answer destroys nothing", async () => {
  const lost = onDisk("unknown");
  const away = await Connection.load({ userAgent: "volumes-test", kubeconfig: inject("kubeconfig") });
  away.close();
  const log = createLogger({ name: "test", level: "silent" });
  const blind = new VolumeCollector({
    node,
    reservations: reservations(away),
    layout,
    holders: () => [],
    log,
  });
  for (let look = 0; look < 2; look += 1) await expect(blind.look(AbortSignal.abort())).rejects.toThrow();
  expect(lost()).toBe(true);
});
