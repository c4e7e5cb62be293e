/** The offer was answered, rescinded or expired before: the resources are no longer offered. */
export class OfferGoneError extends Error {
  override readonly name = "OfferGoneError";
  readonly offerId: string;
  constructor(offerId: string, options?: ErrorOptions) {
    super(`the offer ${offerId} is no longer outstanding`, options);
    this.offerId = offerId;
  }
}

/** The operator refuses the framework; the message says why. */
export class FrameworkRefusedError extends Error {
  override readonly name = "FrameworkRefusedError";
}

/** A callback of the scheduler threw. */
export class CallbackError extends Error {
  override readonly name = "CallbackError";
  constructor(callback: string, cause: unknown) {
    super(`${callback} threw: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}
