import { promisify } from "node:util";
import { constants, gzip } from "node:zlib";
import { type Clock, sleep } from "../../cluster/time.ts";
import { Pace } from "./pace.ts";

/** Of the event loop reads take no more than one part in so many, this one included. */
const PARTS = 5;
/** Requests of different kinds that may wait. */
const MOST_WAITING = 100;
const compress = promisify(gzip);

/** More different things are asked for than can be rendered in time. */
export class BusyError extends Error {
  override readonly name = "BusyError";
}

/** A body as it was at one moment. Whoever asks for it at once gets the same bytes. */
export class Rendering {
  readonly chunks: readonly Buffer[];
  readonly size: number;
  #gzipped: Promise<Buffer> | undefined;

  constructor(chunks: readonly Buffer[]) {
    this.chunks = chunks;
    this.size = chunks.reduce((sum, { length }) => sum + length, 0);
  }

  /** Made once, on a thread of its own. */
  gzipped(): Promise<Buffer> {
    this.#gzipped ??= compress(Buffer.concat(this.chunks), { level: constants.Z_BEST_SPEED });
    return this.#gzipped;
  }
}

export type Render = (pace: Pace) => Promise<readonly Buffer[]>;

/**
 * Renders one after the other. Requests of one key that come while one is under way share the next: what they are told is never older
 * than they are, and however many ask, the work is that of one. After each rendering the others have the loop for four times as long.
 */
export class Renderings {
  readonly #clock: Clock;
  readonly #waiting = new Map<string, Promise<Rendering>>();
  #last: Promise<unknown> = Promise.resolve();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Rejects with BusyError, or as `render` does. */
  get(key: string, render: Render): Promise<Rendering> {
    const waiting = this.#waiting.get(key);
    if (waiting !== undefined) return waiting;
    if (this.#waiting.size >= MOST_WAITING) return Promise.reject(new BusyError("too many requests wait"));
    const mine = this.#last.then(() => {
      this.#waiting.delete(key);
      return this.#render(render);
    });
    const shared = mine.then(({ rendering }) => rendering);
    this.#waiting.set(key, shared);
    this.#last = mine.then(
      ({ cost }) => sleep(this.#clock, cost * (PARTS - 1)),
      () => {},
    );
    return shared;
  }

  async #render(render: Render): Promise<{ readonly rendering: Rendering; readonly cost: number }> {
    const pace = new Pace(this.#clock);
    const rendering = new Rendering(await render(pace));
    return { rendering, cost: pace.spent };
  }
}
