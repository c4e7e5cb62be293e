import { create } from "@bufbuild/protobuf";
import type { Clock, Timer } from "../../cluster/time.ts";
import type { RecordStream } from "../../http/recordstream.ts";
import { encode } from "../../wire/codec.ts";
import { Event_Type, EventSchema } from "../../wire/gen/mesos/v1/master/master_pb.ts";
import type { Encoding } from "../../wire/media.ts";
import { encodeDocument } from "../state/document.ts";
import { type Readable, subscribed } from "../state/documents.ts";
import type { Renderings } from "../state/renderings.ts";
import type { EventInit } from "./events.ts";

type Stream = Pick<RecordStream, "open" | "closed" | "write" | "end" | "overrun">;

interface Subscriber {
  readonly stream: Stream;
  readonly encoding: Encoding;
  /** Events since the moment of its SUBSCRIBED, which is still being made; undefined: it has been told. */
  behind: Uint8Array[] | undefined;
}

export interface SubscribersOptions {
  readonly clock: Clock;
  readonly state: Readable;
  readonly renderings: Renderings;
  /** Milliseconds between heartbeats. */
  readonly heartbeat: number;
  /** More drop the oldest. */
  readonly most: number;
}

/** Those who are told of every change. An event is encoded once for all of them. */
export class Subscribers {
  readonly #options: SubscribersOptions;
  /** Oldest first. */
  readonly #all = new Set<Subscriber>();
  /** Whose SUBSCRIBED is not begun. */
  readonly #new: Readonly<Record<Encoding, Set<Subscriber>>> = { json: new Set(), protobuf: new Set() };
  #beat: Timer | undefined;

  constructor(options: SubscribersOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#all.size;
  }

  stop(): void {
    this.#beat?.cancel();
    for (const { stream } of this.#all) stream.end();
    this.#all.clear();
  }

  /** Tells it how things stand, and from then on what changes. */
  async subscribe(stream: Stream, encoding: Encoding): Promise<void> {
    const { renderings } = this.#options;
    const subscriber: Subscriber = { stream, encoding, behind: [] };
    this.#new[encoding].add(subscriber);
    const rendering = await renderings
      .get(`SUBSCRIBED ${encoding}`, (pace) => {
        const { state, heartbeat } = this.#options;
        // From this moment on events are kept for those who wait for it.
        for (const one of this.#new[encoding]) this.#add(one);
        this.#new[encoding].clear();
        return encodeDocument(encoding, subscribed(state, heartbeat / 1000), pace);
      })
      .catch((error: unknown) => {
        stream.overrun();
        throw error;
      });
    stream.write(Buffer.concat(rendering.chunks));
    stream.write(encoded({ type: Event_Type.HEARTBEAT }, encoding));
    for (const event of subscriber.behind ?? []) stream.write(event);
    subscriber.behind = undefined;
  }

  tell(events: () => readonly EventInit[]): void {
    if (this.#all.size > 0) for (const event of events()) this.#send(event);
  }

  #send(event: EventInit): void {
    const made: Partial<Record<Encoding, Uint8Array>> = {};
    for (const { stream, encoding, behind } of this.#all) {
      made[encoding] ??= encoded(event, encoding);
      if (behind === undefined) stream.write(made[encoding]);
      else behind.push(made[encoding]);
    }
  }

  #add(subscriber: Subscriber): void {
    const { stream } = subscriber;
    if (!stream.open) return;
    const [oldest] = this.#all;
    if (oldest !== undefined && this.#all.size >= this.#options.most) {
      this.#all.delete(oldest);
      oldest.stream.end();
    }
    this.#all.add(subscriber);
    void stream.closed.then(() => this.#all.delete(subscriber));
    this.#beat ??= this.#next();
  }

  #next(): Timer {
    const { clock, heartbeat } = this.#options;
    return clock.setTimeout(() => {
      this.#send({ type: Event_Type.HEARTBEAT });
      this.#beat = this.#all.size > 0 ? this.#next() : undefined;
    }, heartbeat);
  }
}

const encoded = (event: EventInit, encoding: Encoding): Uint8Array =>
  encode(encoding, EventSchema, create(EventSchema, event));
