import { create } from "@bufbuild/protobuf";
import { expect, it } from "vitest";
import { encode } from "./codec.ts";
import { OfferSchema } from "./gen/mesos/v1/mesos_pb.ts";
import { Event_Type, EventSchema } from "./gen/mesos/v1/scheduler/scheduler_pb.ts";
import { offersEvent } from "./offersevent.ts";

const offer = (name: string) =>
  create(OfferSchema, {
    id: { value: name },
    frameworkId: { value: "fw" },
    agentId: { value: `agent of ${name}` },
    hostname: `"${name}"`,
  });

it.each(["json", "protobuf"] as const)(
  "offers encoded one by one make the event that they make together: %s",
  (encoding) => {
    for (const names of [["a"], ["a", "b", "ü"]]) {
      const offers = names.map(offer);
      const event = create(EventSchema, { type: Event_Type.OFFERS, offers: { offers } });
      const parts = offers.map((one) => encode(encoding, OfferSchema, one));
      expect(Buffer.from(offersEvent(encoding, parts))).toEqual(
        Buffer.from(encode(encoding, EventSchema, event)),
      );
    }
  },
);
