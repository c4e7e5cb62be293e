export interface BackoffOptions {
  /** Milliseconds of the first delay. */
  readonly base: number;
  /** Milliseconds that no delay exceeds, jitter aside. */
  readonly max: number;
  /** Growth from one delay to the next (2). */
  readonly factor?: number;
  /** A random part of up to this share of the delay is added (0). */
  readonly jitter?: number;
  readonly random?: () => number;
}

/** Milliseconds before try number `failures + 1`; `failures` counts from 1. */
export function backoffDelay(failures: number, options: BackoffOptions): number {
  const { base, max, factor = 2, jitter = 0, random = Math.random } = options;
  // The power overflows to Infinity after some thousand failures: min still answers max.
  const delay = Math.min(max, base * factor ** (failures - 1));
  return delay * (1 + jitter * random());
}

/** The delays of one thing that is tried again and again. */
export class Backoff {
  readonly #options: BackoffOptions;
  #failures = 0;

  constructor(options: BackoffOptions) {
    this.#options = options;
  }

  get failures(): number {
    return this.#failures;
  }

  next(): number {
    this.#failures += 1;
    return backoffDelay(this.#failures, this.#options);
  }

  reset(): void {
    this.#failures = 0;
  }
}
