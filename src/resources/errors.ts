/** A value that is not a resource, attribute, quantity or role; `field` is where, e.g. `[2].ranges[0].begin`. */
export class ResourceError extends Error {
  readonly field: string;
  /** The sentence without the field in front of it. */
  readonly reason: string;

  constructor(field: string, reason: string, options?: ErrorOptions) {
    super(field === "" ? reason : `${field}: ${reason}`, options);
    this.name = "ResourceError";
    this.field = field;
    this.reason = reason;
  }
}
