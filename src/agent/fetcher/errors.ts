/** Something could not be fetched. The message is for people and names the URI; `retryable`: another try may help. */
export class FetchError extends Error {
  override readonly name: string = "FetchError";
  readonly retryable: boolean;

  constructor(message: string, options: { readonly retryable?: boolean; readonly cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.retryable = options.retryable ?? false;
  }
}

/** More bytes or files than allowed. */
export class TooLargeError extends FetchError {
  override readonly name = "TooLargeError";
}

/** An entry of an archive, or a path, that would leave the sandbox, or that is no file, folder or link. */
export class UnsafePathError extends FetchError {
  override readonly name = "UnsafePathError";
}
