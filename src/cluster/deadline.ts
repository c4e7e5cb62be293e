import { DeadlineError } from "./errors.ts";
import type { Clock, Timer } from "./time.ts";

/**
 * A signal that aborts with its parent or after `milliseconds`, whichever is first. Disposing takes timer and
 * listener away: AbortSignal.any and AbortSignal.timeout would keep both for as long as a parent lives.
 */
export class Deadline implements Disposable {
  readonly #controller = new AbortController();
  readonly #clock: Clock;
  readonly #what: string;
  #end = 0;
  #timer: Timer | undefined;
  readonly #parent: AbortSignal | undefined;
  readonly #onParent = () => this.#controller.abort(this.#parent?.reason);

  constructor(clock: Clock, what: string, milliseconds: number, parent?: AbortSignal) {
    this.#clock = clock;
    this.#what = what;
    this.#parent = parent;
    this.restart(milliseconds);
    if (parent?.aborted) this.#onParent();
    else parent?.addEventListener("abort", this.#onParent, { once: true });
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Milliseconds left, 0 when none. */
  get remaining(): number {
    return Math.max(0, this.#end - this.#clock.monotonic());
  }

  /** Counts anew from now. */
  restart(milliseconds: number): void {
    this.#timer?.cancel();
    this.#end = this.#clock.monotonic() + milliseconds;
    this.#timer = this.#clock.setTimeout(
      () => this.#controller.abort(new DeadlineError(this.#what, milliseconds)),
      milliseconds,
    );
  }

  [Symbol.dispose](): void {
    this.#timer?.cancel();
    this.#parent?.removeEventListener("abort", this.#onParent);
  }
}

/** The promise's outcome, or a rejection with the signal's reason if that is first. */
export function abortable<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(reasonOf(signal));
    if (signal.aborted) abort();
    else signal.addEventListener("abort", abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}

export function reasonOf(signal: AbortSignal): Error {
  return signal.reason instanceof Error ? signal.reason : new Error(String(signal.reason));
}
