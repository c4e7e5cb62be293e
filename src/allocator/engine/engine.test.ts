import { describe, expect, it } from "vitest";
import { allocate } from "../allocate.ts";
import { referenceAllocate } from "../reference/allocate.fixture.ts";
import { sharesOf } from "../shares.ts";
import { lines, options, seeded } from "../world.fixture.ts";
import { Story } from "./story.fixture.ts";

const OPTIONS = { maxOffersPerFramework: 4, region: "near" };

describe("told event by event, the engine", () => {
  it.each(Array.from({ length: 40 }, (_, seed) => [seed]))(
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
    const story = new Story(seeded(7));
    const now = story.now;
    story.carryOut(story.engine.allocate(options({ now })).offers);
    const second = story.engine.allocate(options({ now }));
    story.carryOut(second.offers);
    expect(story.engine.size().dirty).toBe(0);
    expect(story.engine.allocate(options({ now })).offers).toEqual([]);
  });
});
