/** Anything a containerizer or provisioner throws on purpose. */
export class ContainerizerError extends Error {
  override readonly name: string = "ContainerizerError";
}

/** containerd does not answer; the same call may go through later. */
export class RuntimeUnavailableError extends ContainerizerError {
  override readonly name = "RuntimeUnavailableError";
}

/** What was asked for can never work: a bad path, an unknown user, root where it is refused. */
export class InvalidSpecError extends ContainerizerError {
  override readonly name = "InvalidSpecError";
}

/** The id is taken: this launch, or another try of it, has already created its container. */
export class ContainerExistsError extends ContainerizerError {
  override readonly name = "ContainerExistsError";
}

/** No such container, or its process is gone with its exit status (reboot, killed shim). */
export class ContainerNotFoundError extends ContainerizerError {
  override readonly name = "ContainerNotFoundError";
}

/** The runtime refused to create or start the process: no such executable, a bad mount, … The message is for people. */
export class ContainerLaunchError extends ContainerizerError {
  override readonly name = "ContainerLaunchError";
}

/** A CNI plugin failed; nothing is left attached. */
export class NetworkError extends ContainerizerError {
  override readonly name = "NetworkError";
}
