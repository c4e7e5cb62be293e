import { describe, expect, it } from "vitest";
import type { Offer, OfferResponse } from "../../api/offer.ts";
import type { Live } from "../../cluster/object.ts";
import { framework, list, offer } from "../objects.fixture.ts";
import { Declines } from "./declines.ts";

const PATIENCE = 30_000;
const start = Date.parse("2026-01-01T00:00:00Z");
const at = (ms: number) => new Date(start + ms).toISOString();

type State = NonNullable<NonNullable<Offer["status"]>["state"]>;
const closed = (state: State, ms: number, response?: OfferResponse): Live<Offer> =>
  offer("o", { status: { state, closedAt: at(ms) }, ...(response && { response }) });
const launched: OfferResponse = {
  accept: {
    operations: [
      {
        type: "LAUNCH",
        launch: { tasks: [{ resources: list("cpus:1;mem:64"), command: { shell: true, value: "true" } }] },
      },
    ],
  },
};

const fw = framework();
const left = (declines: Declines, ms: number, who = fw) => {
  const until = declines.until(who, "eng", start + ms);
  return until === undefined ? undefined : until - start - ms;
};

describe("Declines", () => {
  it("knows who has declined, or let an offer expire, for patience at least and for as long as its filter", () => {
    const declines = new Declines(PATIENCE);
    expect(left(declines, 0)).toBeUndefined();
    declines.observe(closed("Declined", 0), 5_000);
    expect(left(declines, 10_000)).toBe(20_000);
    expect(declines.until(fw, "other", start + 10_000)).toBeUndefined();
    expect(left(declines, PATIENCE)).toBeUndefined();
    const long = new Declines(PATIENCE);
    long.observe(closed("Expired", 0), 3_600_000);
    expect(left(long, PATIENCE)).toBe(3_570_000);
  });

  it("takes no notice of what was rescinded or used up, nor of inverse offers", () => {
    const declines = new Declines(PATIENCE);
    declines.observe(closed("Rescinded", 0), 5_000);
    const declined = closed("Declined", 0);
    declines.observe({ ...declined, spec: { ...declined.spec, inverse: true } }, 5_000);
    expect(left(declines, 1)).toBeUndefined();
    declines.observe(closed("Declined", 0), 5_000);
    const all: OfferResponse = {
      accept: {
        operations: [
          {
            type: "LAUNCH",
            launch: {
              tasks: [{ resources: list("cpus:4;mem:1024"), command: { shell: true, value: "true" } }],
            },
          },
        ],
      },
    };
    const used = closed("Accepted", 1, all);
    const operations = [{ index: 0, type: "LAUNCH", status: "FINISHED" as const }];
    declines.observe({ ...used, status: { ...used.status, operations } }, 5_000);
    expect(left(declines, 2)).toBeUndefined();
  });

  it("waits longer each time that nothing was used again, not for several offers at a time", () => {
    const declines = new Declines(PATIENCE);
    declines.observe(closed("Declined", 0), 0);
    declines.observe(closed("Declined", 1), 0);
    expect(left(declines, 1)).toBe(PATIENCE);
    declines.observe(closed("Declined", 60_000), 0);
    expect(left(declines, 60_000)).toBe(2 * PATIENCE);
    declines.observe(closed("Declined", 200_000), 0);
    expect(left(declines, 200_000)).toBe(4 * PATIENCE);
    declines.observe(closed("Accepted", 400_000, launched), 0);
    expect(left(declines, 400_000)).toBe(PATIENCE);
    declines.observe(closed("Declined", 500_000), 0);
    expect(left(declines, 500_000)).toBe(PATIENCE);
  });

  it("forgets with a revive that came later, and with the framework", () => {
    const declines = new Declines(PATIENCE);
    const revived = (ms: number) => framework("fw", {}, { revivedAt: at(ms) });
    declines.observe(closed("Declined", 1_000), 0);
    expect(left(declines, 2_000, revived(500))).toBe(29_000);
    expect(left(declines, 2_000, revived(1_500))).toBeUndefined();
    declines.observe(closed("Declined", 3_000), 0);
    declines.forget("ns/fw");
    expect(left(declines, 3_001)).toBeUndefined();
  });
});
