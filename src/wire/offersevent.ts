/** An OFFERS event put together from offers that were encoded one by one: of thousands each is a small piece of work. */
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { Event_Type } from "./gen/mesos/v1/scheduler/scheduler_pb.ts";
import type { Encoding } from "./media.ts";

const HEAD = Buffer.from('{"type":"OFFERS","offers":{"offers":[');
const COMMA = Buffer.from(",");
const TAIL = Buffer.from("]}}");

/** What `encode` makes of the whole event, from what it made of each offer. */
export function offersEvent(encoding: Encoding, offers: readonly Uint8Array[]): Uint8Array {
  if (encoding === "json") {
    const parts = offers.flatMap((offer, i) => (i === 0 ? [offer] : [COMMA, offer]));
    return Buffer.concat([HEAD, ...parts, TAIL]);
  }
  const writer = new BinaryWriter();
  // Event.type, Event.offers, Offers.offers.
  writer.tag(1, WireType.Varint).int32(Event_Type.OFFERS);
  writer.tag(3, WireType.LengthDelimited).fork();
  for (const offer of offers) writer.tag(1, WireType.LengthDelimited).bytes(offer);
  return writer.join().finish();
}
