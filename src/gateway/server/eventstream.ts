import { randomUUID } from "node:crypto";
import type { ServerResponse } from "node:http";
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { EventSchema } from "../gen/mesos/v1/scheduler/scheduler_pb.ts";
import { encode } from "../wire/codec.ts";
import { type Encoding, MEDIA_TYPE } from "../wire/media.ts";
import { encodeRecord } from "../wire/recordio.ts";

export type EventInit = MessageInitShape<typeof EventSchema>;

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
    this.#response.write(encodeRecord(encode(this.#encoding, EventSchema, create(EventSchema, event))));
    if (this.buffered <= this.#mostBuffered) return true;
    this.#settle("overrun");
    this.#response.destroy();
    return false;
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
