import { describe, expect, it } from "vitest";
import { allocate } from "../allocate.ts";
import { referenceAllocate } from "../reference/allocate.fixture.ts";
import { sharesOf } from "../shares.ts";
import { agents, framework, lines, options, quota, seeded } from "../world.fixture.ts";
import { AllocationEngine } from "./engine.ts";
import { Story } from "./story.fixture.ts";

const OPTIONS = { maxOffersPerFramework: 4, region: "near" };

describe("told event by event, the engine", () => {
  it.each(Array.from({ length: 80 }, (_, seed) => [seed]))(
    "decides as from the whole world, story %d",
    (seed) => {
      const story = new Story(seeded(seed));
      for (let round = 0; round < 12; round++) {
        const now = story.now;
        const world = story.world();
        const full = lines(allocate(world, options({ ...OPTIONS, now })).offers);
        expect(lines(referenceAllocate(world, options({ ...OPTIONS, now })).offers)).toEqual(full);
        const { offers } = story.engine.allocate(options({ ...OPTIONS, now }));
        expect(lines(offers)).toEqual(full);
        story.carryOut(offers);
        const shares = sharesOf(story.world());
        const own = story.engine.shares();
        expect(own.total.equals(shares.total)).toBe(true);
        for (const [role, { dominantShare, held, consumed }] of shares.roles) {
          expect([role, own.roles.get(role)?.dominantShare]).toEqual([role, dominantShare]);
          expect(own.roles.get(role)?.held.equals(held)).toBe(true);
          expect(own.roles.get(role)?.consumed.equals(consumed)).toBe(true);
        }
        story.happen();
      }
    },
  );
});

describe("a world in which nothing happens", () => {
  it("allocates nothing, and is not looked at", () => {
    const engine = new AllocationEngine();
    engine.setQuotas([quota("b", { guarantees: { cpus: 3 }, limits: { cpus: 5 } })]);
    for (const state of agents(5, "cpus:2;mem:10;cpus(a):1")) engine.upsertAgent(state);
    engine.upsertFramework(framework("A", "a", { maxOffers: 2 }));
    engine.upsertFramework(framework("B", "b"));
    expect(engine.allocate(options()).offers.length).toBeGreaterThan(3);
    expect(engine.size().dirty).toBe(0);
    expect(engine.allocate(options()).offers).toEqual([]);
    // Telling the same again is nothing new.
    engine.upsertFramework(framework("B", "b", { offersOutstanding: 3 }));
    expect(engine.size().dirty).toBe(0);
  });
});
