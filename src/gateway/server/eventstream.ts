import { randomUUID } from "node:crypto";
import type { ServerResponse } from "node:http";
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { RecordStream } from "../../http/recordstream.ts";
import { encode } from "../../wire/codec.ts";
import { type Offer, OfferSchema } from "../../wire/gen/mesos/v1/mesos_pb.ts";
import { EventSchema } from "../../wire/gen/mesos/v1/scheduler/scheduler_pb.ts";
import { type Encoding, MEDIA_TYPE } from "../../wire/media.ts";
import { offersEvent } from "../../wire/offersevent.ts";

export type EventInit = MessageInitShape<typeof EventSchema>;

/** The answer to a scheduler's SUBSCRIBE: events as records, in the encoding that was asked for. */
export class EventStream extends RecordStream {
  /** Mesos-Stream-Id. */
  readonly id: string;
  readonly #encoding: Encoding;

  /** Writes the head at once. `mostBuffered` is in bytes. */
  constructor(response: ServerResponse, encoding: Encoding, mostBuffered: number) {
    const id = randomUUID();
    super(response, { "Content-Type": MEDIA_TYPE[encoding], "Mesos-Stream-Id": id }, mostBuffered);
    this.id = id;
    this.#encoding = encoding;
  }

  /** The form in which `sendOffers` wants it. */
  encodeOffer(offer: Offer): Uint8Array {
    return encode(this.#encoding, OfferSchema, offer);
  }

  /** OFFERS. False: there is nobody any more to tell. */
  sendOffers(offers: readonly Uint8Array[]): boolean {
    return this.open && this.write(offersEvent(this.#encoding, offers));
  }

  /** False: there is nobody any more to tell. */
  send(event: EventInit): boolean {
    return this.open && this.write(encode(this.#encoding, EventSchema, create(EventSchema, event)));
  }
}
