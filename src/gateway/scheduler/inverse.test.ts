import { describe, expect, it } from "vitest";
import type { OfferResponse } from "../../api/offer.ts";
import { offer } from "../../controllers/objects.fixture.ts";
import { InverseOffers } from "./inverse.ts";

const inverse = (name: string, response?: OfferResponse, state?: "Rescinded") => {
  const made = offer(name, { ...(response && { response }), ...(state && { status: { state } }) });
  return { ...made, spec: { ...made.spec, inverse: true } };
};

describe("inverse offers", () => {
  it("are told once, and taken back once", () => {
    const offers = new InverseOffers();
    expect(offers.observe(inverse("a"))).toBe("offered");
    expect(offers.observe(inverse("a"))).toBeUndefined();
    expect(offers.observe(inverse("a", undefined, "Rescinded"))).toBe("rescinded");
    expect(offers.observe(inverse("a", undefined, "Rescinded"), true)).toBeUndefined();
    expect(offers.observe(inverse("b"))).toBe("offered");
    expect(offers.observe(inverse("b"), true)).toBe("rescinded");
  });

  it("that are answered are not told again, nor taken back", () => {
    const offers = new InverseOffers();
    const asked = inverse("a");
    offers.observe(asked);
    expect(offers.answer("b")).toBeUndefined();
    expect(offers.answer("a")).toBe(asked);
    expect(offers.answer("a")).toBeUndefined();
    expect(offers.observe(inverse("a", { decline: {} }))).toBeUndefined();
    expect(offers.observe(inverse("a", { decline: {} }), true)).toBeUndefined();
  });
});
