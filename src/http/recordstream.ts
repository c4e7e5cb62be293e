import type { ServerResponse } from "node:http";
import { encodeRecord } from "../wire/recordio.ts";

/** Milliseconds without progress for which more than the limit may wait, and anything at all. */
const PATIENCE = 2_000;
const LONGEST_STALL = 30_000;
/** How many times the limit may wait at all. */
const MOST_AT_ONCE = 8;

/**
 * An answer that is a stream of records. What the reader has not taken yet is kept up to a limit; beyond it the stream is cut, so
 * that one slow reader costs the others nothing. Each record is an HTTP chunk of its own, as from Mesos: there are clients that take a
 * chunk for a record.
 */
export class RecordStream {
  readonly #response: ServerResponse;
  readonly #mostBuffered: number;
  #open = true;
  /** Bytes that the reader had taken when that was last seen to grow, and when (ms). */
  #taken = 0;
  #tookAt = performance.now();
  #drain: PromiseWithResolvers<void> | undefined;
  readonly closed: Promise<"ended" | "left" | "overrun">;
  readonly #settle: (how: "ended" | "left" | "overrun") => void;

  /** Writes the head at once. `mostBuffered` is in bytes. */
  constructor(response: ServerResponse, headers: Readonly<Record<string, string>>, mostBuffered: number) {
    this.#response = response;
    this.#mostBuffered = mostBuffered;
    const { promise, resolve } = Promise.withResolvers<"ended" | "left" | "overrun">();
    this.closed = promise;
    this.#settle = (how) => {
      this.#open = false;
      resolve(how);
    };
    response.once("close", () => this.#settle("left"));
    response.on("error", () => this.#settle("left"));
    response.on("drain", () => {
      this.#drain?.resolve();
      this.#drain = undefined;
    });
    response.writeHead(200, headers);
    response.flushHeaders();
  }

  get open(): boolean {
    return this.#open;
  }

  /** Bytes that wait for the reader. */
  get buffered(): number {
    return this.#response.writableLength;
  }

  /** False: there is nobody any more to tell. */
  write(record: Uint8Array): boolean {
    if (!this.#open) return false;
    if (!this.#response.write(encodeRecord(record))) this.#drain ??= Promise.withResolvers<void>();
    if (!this.#isOverrun()) return true;
    this.overrun();
    return false;
  }

  /** Cuts off a reader that asks for more than it takes. */
  overrun(): void {
    if (!this.#open) return;
    this.#settle("overrun");
    this.#response.destroy();
  }

  /** Resolves once the reader has taken what was sent, or has left. For who has much to tell. */
  async drained(): Promise<void> {
    if (this.#open && this.#drain !== undefined) await Promise.race([this.#drain.promise, this.closed]);
  }

  /** Much at once is no fault of the reader's, as long as it takes of it. */
  #isOverrun(): boolean {
    const { buffered } = this;
    const { bytesWritten = 0, writableLength = 0 } = this.#response.socket ?? {};
    const taken = bytesWritten - writableLength;
    const now = performance.now();
    if (taken !== this.#taken || buffered === 0) this.#tookAt = now;
    this.#taken = taken;
    if (buffered > MOST_AT_ONCE * this.#mostBuffered) return true;
    return now - this.#tookAt > (buffered > this.#mostBuffered ? PATIENCE : LONGEST_STALL);
  }

  /** Ends it once what was sent has been taken; who takes nothing for ten seconds is cut off. */
  end(): void {
    if (!this.#open) return;
    this.#settle("ended");
    this.#response.end();
    const timer = setTimeout(() => this.#response.destroy(), 10_000);
    this.#response.once("close", () => clearTimeout(timer));
  }
}
