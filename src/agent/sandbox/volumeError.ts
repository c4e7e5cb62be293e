/** What a task mounts cannot be mounted. */
export class VolumeError extends Error {
  override readonly name = "VolumeError";
}
