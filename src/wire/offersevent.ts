/** An OFFERS event put together from offers that were encoded one by one: of thousands each is a small piece of work. */
import { toBinary } from "@bufbuild/protobuf";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { type Offer, OfferSchema } from "./gen/mesos/v1/mesos_pb.ts";
import { Event_Type } from "./gen/mesos/v1/scheduler/scheduler_pb.ts";
import type { Encoding } from "./media.ts";
import { toJsonText } from "./tojson.ts";

/** An offer as it stands in an event. */
export type EncodedOffer = string | Uint8Array;

export function encodeOffer(encoding: Encoding, offer: Offer): EncodedOffer {
  return encoding === "json" ? toJsonText(OfferSchema, offer) : toBinary(OfferSchema, offer);
}

/** What `encode` makes of the whole event. All offers are in the encoding. */
export function offersEvent(encoding: Encoding, offers: readonly EncodedOffer[]): Uint8Array {
  if (encoding === "json") return Buffer.from(`{"type":"OFFERS","offers":{"offers":[${offers.join(",")}]}}`);
  const writer = new BinaryWriter();
  // Event.type, Event.offers, Offers.offers.
  writer.tag(1, WireType.Varint).int32(Event_Type.OFFERS);
  writer.tag(3, WireType.LengthDelimited).fork();
  for (const offer of offers)
    if (typeof offer !== "string") writer.tag(1, WireType.LengthDelimited).bytes(offer);
  return writer.join().finish();
}
