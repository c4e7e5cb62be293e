import { randomUUID } from "node:crypto";
import type { ServerResponse } from "node:http";
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { encode } from "../../wire/codec.ts";
import { EventSchema } from "../../wire/gen/mesos/v1/scheduler/scheduler_pb.ts";
import { type Encoding, MEDIA_TYPE } from "../../wire/media.ts";
import { encodeRecord } from "../../wire/recordio.ts";

export type EventInit = MessageInitShape<typeof EventSchema>;

/** Milliseconds without progress for which more than the limit may wait, and anything at all. */
const PATIENCE = 2_000;
const LONGEST_STALL = 30_000;
/** How many times the limit may wait at all. */
const MOST_AT_ONCE = 8;

/**
 * The answer to a SUBSCRIBE: events as records, in the encoding that was asked for. What the subscriber has not taken yet
 * is kept up to a limit; beyond it the stream is cut, so that one slow reader costs the others nothing. Each record is an HTTP chunk of
 * its own, as from Mesos: there are clients that take a chunk for a record.
 */
export class EventStream {
  /** Mesos-Stream-Id. */
  readonly id = randomUUID();
  readonly #response: ServerResponse;
  readonly #encoding: Encoding;
  readonly #mostBuffered: number;
  #open = true;
  /** Bytes that the subscriber had taken when that was last seen to grow, and when (ms). */
  #taken = 0;
  #tookAt = performance.now();
  #drain: PromiseWithResolvers<void> | undefined;
  readonly closed: Promise<"ended" | "left" | "overrun">;
  readonly #settle: (how: "ended" | "left" | "overrun") => void;

  /** Writes the head at once. `mostBuffered` is in bytes. */
  constructor(response: ServerResponse, encoding: Encoding, mostBuffered: number) {
    this.#response = response;
    this.#encoding = encoding;
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
    response.writeHead(200, { "Content-Type": MEDIA_TYPE[encoding], "Mesos-Stream-Id": this.id });
    response.flushHeaders();
  }

  get open(): boolean {
    return this.#open;
  }

  /** Bytes that wait for the subscriber. */
  get buffered(): number {
    return this.#response.writableLength;
  }

  /** False: there is nobody any more to tell. */
  send(event: EventInit): boolean {
    if (!this.#open) return false;
    const record = encodeRecord(encode(this.#encoding, EventSchema, create(EventSchema, event)));
    if (!this.#response.write(record)) this.#drain ??= Promise.withResolvers<void>();
    if (!this.#isOverrun()) return true;
    this.overrun();
    return false;
  }

  /** Cuts off a subscriber that asks for more than it takes. */
  overrun(): void {
    if (!this.#open) return;
    this.#settle("overrun");
    this.#response.destroy();
  }

  /** Resolves once the subscriber has taken what was sent, or has left. For who has much to tell. */
  async drained(): Promise<void> {
    if (this.#open && this.#drain !== undefined) await Promise.race([this.#drain.promise, this.closed]);
  }

  /** Much at once is no fault of the subscriber's, as long as it takes of it. */
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
