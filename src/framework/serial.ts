/** Runs what it is given one after the other; an error is handed to `onError` and does not stop the rest. */
export class Serial {
  #tail: Promise<void> = Promise.resolve();
  readonly #onError: (error: unknown) => void;

  constructor(onError: (error: unknown) => void) {
    this.#onError = onError;
  }

  run(step: () => void | Promise<void>): Promise<void> {
    const next = this.#tail.then(step).catch(this.#onError);
    this.#tail = next;
    return next;
  }

  /** Resolves when all that was given so far has run. */
  idle(): Promise<void> {
    return this.#tail;
  }
}
