import type { Connection } from "../containerd/connection.ts";
import { Store } from "../containerd/gen/containerd/sandboxes_pb.ts";
import { isAlreadyExists, isNotFound, isUnimplemented, RpcError } from "../containerd/rpcError.ts";
import { RUNTIME } from "./launch.ts";

/**
 * When containerd starts, it ends every shim without a living process, and with it the exit status of a task that ended while containerd was
 * away; but not a shim whose id its sandbox store knows (core/runtime/v2/shim_load.go). A sandbox may be without tasks, so a record there
 * makes it leave the shim to us. The record has no other effect: no container names it as its sandbox.
 */
export async function keepShim(connection: Connection, id: string): Promise<void> {
  try {
    await connection.unary(Store.method.create, { sandbox: { sandboxId: id, runtime: { name: RUNTIME } } });
  } catch (error) {
    // containerd 1.6 has neither the store nor the cleaning.
    if (!isAlreadyExists(error) && !isUnimplemented(error)) throw error;
  }
}

export async function releaseShim(connection: Connection, id: string): Promise<void> {
  try {
    await connection.unary(Store.method.delete, { sandboxId: id });
  } catch (error) {
    // containerd 1.7 says so without the code.
    const absent = isNotFound(error) || (error instanceof RpcError && error.message.endsWith("not found"));
    if (!absent && !isUnimplemented(error)) throw error;
  }
}
