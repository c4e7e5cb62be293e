import { isCancelled, isUnavailable } from "../containerd/rpcError.ts";
import { ContainerExistsError, InvalidSpecError, RuntimeUnavailableError } from "../containerizer/errors.ts";
import { FetchError } from "../fetcher/errors.ts";
import { failed, type Outcome, refused } from "../lifecycle/outcome.ts";
import { REASON } from "../lifecycle/reason.ts";
import { ImagePullError, InvalidImageError } from "../provisioner/provisioner.ts";
import { VolumeError } from "../sandbox/volumeError.ts";

/** The namespace's pod-security level forbids what the task asks for. */
export class ForbiddenTaskError extends Error {
  override readonly name = "ForbiddenTaskError";
}

/**
 * The end of a task that could not be started. Mesos knows one reason for image, fetch and launch failures
 * (REASON_CONTAINER_LAUNCH_FAILED); what can never work is TASK_ERROR.
 */
export function failureOutcome(error: unknown): Outcome {
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof ForbiddenTaskError) return refused(REASON.unauthorized, message);
  if (
    error instanceof InvalidSpecError ||
    error instanceof InvalidImageError ||
    error instanceof VolumeError
  ) {
    return refused(REASON.invalid, message);
  }
  if (error instanceof FetchError) return failed(REASON.launchFailed, `Failed to fetch: ${message}`);
  if (error instanceof ContainerExistsError) {
    return failed(REASON.launchFailed, `It was launched before, and is not launched again: ${message}`);
  }
  return failed(REASON.launchFailed, `Failed to launch container: ${message}`);
}

/** Whether the same step may go through when it is tried again a few times. */
export function isTransient(error: unknown): boolean {
  return (error instanceof ImagePullError || error instanceof FetchError) && error.retryable;
}

/** Whether the node's containerd is away, or went away under the call: then it is waited for. */
export function isRuntimeAway(error: unknown): boolean {
  // A pull says itself whether another try may help: the registry may be what is unavailable.
  if (error instanceof ImagePullError) return false;
  if (error instanceof RuntimeUnavailableError || isUnavailable(error) || isCancelled(error)) return true;
  return error instanceof Error && error.cause !== undefined && isRuntimeAway(error.cause);
}
