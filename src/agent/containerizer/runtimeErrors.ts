import { isAlreadyExists, isCancelled, isNotFound, isUnavailable, RpcError } from "../containerd/rpcError.ts";
import {
  ContainerExistsError,
  ContainerizerError,
  ContainerLaunchError,
  ContainerNotFoundError,
  RuntimeUnavailableError,
} from "./errors.ts";

/** The runtime's message without what wraps it at each level. */
function reason(error: RpcError): string {
  return error.message
    .replace(/^failed to (create|start) (shim )?task: /, "")
    .replace(/^OCI runtime (create|start|exec) failed: /, "");
}

/** A failed call about a container, as one of the errors of errors.ts. */
export function translate(error: unknown, id: string): unknown {
  if (error instanceof ContainerizerError || !(error instanceof RpcError)) return error;
  // Cancelled: the connection was closed under the call.
  if (isUnavailable(error) || isCancelled(error))
    return new RuntimeUnavailableError(`containerd does not answer: ${error.message}`, { cause: error });
  if (isNotFound(error))
    return new ContainerNotFoundError(`container ${id} is not there: ${error.message}`, { cause: error });
  if (isAlreadyExists(error))
    return new ContainerExistsError(`container ${id} exists: ${error.message}`, { cause: error });
  return new ContainerizerError(`containerd failed on container ${id}: ${reason(error)}`, { cause: error });
}

/** A launch that failed. NOT_FOUND here is something that the container needs: its image's snapshot, a program, a mount's source. */
export function translateLaunch(error: unknown, id: string): unknown {
  if (error instanceof RpcError && !isUnavailable(error) && !isAlreadyExists(error)) {
    return new ContainerLaunchError(reason(error), { cause: error });
  }
  return translate(error, id);
}
