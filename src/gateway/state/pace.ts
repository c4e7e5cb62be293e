import { setImmediate } from "node:timers/promises";
import { SLICE } from "../../cluster/breath.ts";
import type { Clock } from "../../cluster/time.ts";

/** Cuts a rendering into slices, and counts what it costs. */
export class Pace {
  readonly #clock: Clock;
  #since: number;
  #spent = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#since = clock.monotonic();
  }

  /** Milliseconds in which nobody else had a turn. */
  get spent(): number {
    return this.#spent + this.#clock.monotonic() - this.#since;
  }

  /** Whether others should have their turn: then await `rest`. */
  get tired(): boolean {
    return this.#clock.monotonic() - this.#since >= SLICE;
  }

  async rest(): Promise<void> {
    this.#spent += this.#clock.monotonic() - this.#since;
    await setImmediate();
    this.#since = this.#clock.monotonic();
  }
}
