import { TooLargeError } from "./errors.ts";

/** What a task's URIs may put into its sandbox, all together. */
export class Budget {
  readonly #maxBytes: number;
  readonly #maxEntries: number;
  #bytes = 0;
  #entries = 0;

  constructor(maxBytes: number, maxEntries = 500_000) {
    this.#maxBytes = maxBytes;
    this.#maxEntries = maxEntries;
  }

  /** Bytes still allowed. */
  get left(): number {
    return this.#maxBytes - this.#bytes;
  }

  /** Throws TooLargeError. */
  addBytes(count: number): void {
    this.#bytes += count;
    if (this.#bytes > this.#maxBytes) {
      throw new TooLargeError(`more than ${this.#maxBytes} bytes would come into the sandbox`);
    }
  }

  /** Throws TooLargeError. */
  addEntry(): void {
    this.#entries += 1;
    if (this.#entries > this.#maxEntries) {
      throw new TooLargeError(`more than ${this.#maxEntries} files would come into the sandbox`);
    }
  }
}
