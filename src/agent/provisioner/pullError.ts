import { status } from "@grpc/grpc-js";
import { RpcError } from "../containerd/rpcError.ts";
import { ImagePullError } from "./provisioner.ts";
import type { ImageReference } from "./reference.ts";

/** Codes that say no. Others are taken as passing: a registry that restarts, a full disk, a lost connection. */
const FINAL = new Set<number>([
  status.NOT_FOUND,
  status.PERMISSION_DENIED,
  status.UNAUTHENTICATED,
  status.INVALID_ARGUMENT,
  status.UNIMPLEMENTED,
]);
/** What registries' refusals look like where containerd gives no code. */
const DENIED = /\b(authorization failed|access denied|unauthorized|forbidden|40[13] )/i;

export function pullError(reference: ImageReference, cause: unknown): Error {
  if (!(cause instanceof RpcError)) return cause instanceof Error ? cause : new Error(String(cause));
  return new ImagePullError(`image ${reference.name} could not be pulled: ${cause.message}`, {
    retryable: !FINAL.has(cause.code) && !DENIED.test(cause.message),
    cause,
  });
}
