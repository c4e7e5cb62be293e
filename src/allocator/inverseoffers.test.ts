import { describe, expect, it } from "vitest";
import { InverseOffers } from "./inverseoffers.ts";
import { agent, framework, held } from "./world.fixture.ts";

const window = { start: 1000, duration: 500 };
const states = (unavailability: { start: number; duration?: number } | undefined = window) => [
  agent("n1", "cpus:4", {
    allocations: [held("A", "a", "cpus:1"), held("A", "b", "cpus:1"), held("B", "a", "cpus:1")],
    ...(unavailability && { unavailability }),
  }),
  agent("n2", "cpus:4", { allocations: [held("C", "a", "cpus:1")] }),
];
const frameworks = new Map(
  [framework("A", "a b"), framework("B", "a", { active: false }), framework("C", "a")].map((f) => [f.id, f]),
);
const asked = (offers: InverseOffers, now: number, list = states()) =>
  offers.decide(list, frameworks, now).map((offer) => `${offer.framework} ${offer.agent}`);

describe("an inverse offer", () => {
  it("goes once to each active framework that has something of an agent with maintenance", () => {
    const offers = new InverseOffers();
    expect(offers.decide(states(), frameworks, 0)).toEqual([
      { framework: "A", agent: "n1", unavailability: window },
    ]);
    expect(asked(offers, 1)).toEqual([]);
  });

  it("is made again after an answer, once the filter is over", () => {
    const offers = new InverseOffers();
    asked(offers, 0);
    offers.answer("A", "n1", "declined", 0, 5000);
    expect(asked(offers, 4999)).toEqual([]);
    expect(asked(offers, 5000)).toEqual(["A n1"]);
    offers.answer("A", "n1", "accepted", 5000);
    expect([...offers.answers("n1")]).toEqual([["A", "accepted"]]);
    expect(asked(offers, 5001)).toEqual(["A n1"]);
  });

  it("that timed out is no answer", () => {
    const offers = new InverseOffers();
    asked(offers, 0);
    offers.answer("A", "n1", undefined, 0);
    expect(offers.answers("n1").size).toBe(0);
    expect(asked(offers, 1)).toEqual(["A n1"]);
  });

  it("is made anew for another window; none is left when the plan goes", () => {
    const offers = new InverseOffers();
    asked(offers, 0);
    offers.answer("A", "n1", "accepted", 0, 100_000);
    expect(asked(offers, 1, states({ start: 2000 }))).toEqual(["A n1"]);
    expect(offers.answers("n1").size).toBe(0);
    expect(
      asked(
        offers,
        2,
        states(undefined).map(({ unavailability: _, ...state }) => state),
      ),
    ).toEqual([]);
    expect(asked(offers, 3)).toEqual(["A n1"]);
  });

  it("comes again after revive, and an old answer counts for nothing", () => {
    const offers = new InverseOffers();
    asked(offers, 0);
    offers.answer("A", "n1", "declined", 0, 100_000);
    offers.answer("A", "n1", "accepted", 1);
    expect([...offers.answers("n1")]).toEqual([["A", "declined"]]);
    offers.revive("A");
    expect(asked(offers, 2)).toEqual(["A n1"]);
    offers.removeFramework("A");
    expect(offers.answers("n1").size).toBe(0);
    expect(asked(offers, 3)).toEqual(["A n1"]);
  });
});
