import { describe, expect, it } from "vitest";
import { parseResources } from "../../resources/index.ts";
import { OfferFilters } from "../reference/filters.fixture.ts";
import { seeded } from "../world.fixture.ts";
import { Declined } from "./declined.ts";

const cpus = (n: number) => parseResources(`cpus:${n}`);
const WORDS = 8;
const DAY = 24 * 3_600_000;

describe("what was declined", () => {
  it.each([1, 2, 3, 4])("holds back exactly what OfferFilters hold back (%d)", (seed) => {
    const random = seeded(seed);
    const below = (n: number) => Math.floor(random() * n);
    const compact = new Declined();
    const truth = new OfferFilters();
    let now = 0;
    for (let step = 0; step < 250; step++) {
      now += below(3000);
      const [agent, client] = [below(4), below(200)];
      const refused = cpus(1 + below(4));
      const time = [1000, 5000, 61_000, 600_000, DAY][below(5)] ?? 0;
      const what = random();
      if (what < 0.85) {
        compact.add(agent, client, refused, now, time, WORDS);
        truth.add(`${client}`, "r", `${agent}`, refused, now, time);
      } else if (what < 0.9) {
        compact.removeClients([client, client + 1], () => {});
        truth.removeFramework(`${client}`);
        truth.removeFramework(`${client + 1}`);
      } else if (what < 0.92) {
        compact.removeAgent(agent);
        truth.removeAgent(`${agent}`);
      }
      while (!compact.expire(now, () => {}, 1 + below(4)));
      const offered = cpus(1 + below(4));
      const bits = new Uint32Array(WORDS).fill(0xff_ff_ff_ff);
      compact.clearRefusers(agent, offered, bits);
      const all = Array.from({ length: 202 }, (_, c) => c);
      const held = all.filter((c) => truth.refuses(`${c}`, "r", `${agent}`, offered, now));
      expect(all.filter((c) => compact.refuses(agent, c, offered))).toEqual(held);
      expect(all.filter((c) => ((bits[c >>> 5] ?? 0) & (1 << (c & 31))) === 0)).toEqual(held);
    }
  });

  it("frees an agent when a filter ends, a client revives, and not otherwise", () => {
    const declined = new Declined();
    declined.add(3, 1, cpus(2), 0, 5000, WORDS);
    declined.add(4, 1, cpus(2), 0, 6000, WORDS);
    declined.add(4, 2, cpus(2), 0, 9000, WORDS);
    const freed: number[] = [];
    const note = (agent: number) => freed.push(agent);
    expect(declined.nextEnd()).toBe(5000);
    declined.expire(4999, note);
    expect(freed).toEqual([]);
    declined.expire(5000, note);
    expect(freed).toEqual([3]);
    expect(declined.nextEnd()).toBe(6000);
    declined.removeClients([7], note);
    declined.removeClients([1], note);
    expect(freed).toEqual([3, 4]);
    expect(declined.size).toBe(1);
  });

  it("keeps one filter where a wider one that lasts as long covers it", () => {
    const declined = new Declined();
    for (let n = 1; n <= 50; n++) declined.add(0, 1, cpus(n), n, 5000, WORDS);
    expect(declined.size).toBe(1);
    declined.add(0, 1, cpus(1), 50, 9000, WORDS);
    expect(declined.size).toBe(2);
  });

  it("takes a bit for each of many that decline the same for about as long", () => {
    const declined = new Declined();
    const decline = (agent: number) => {
      for (let client = 0; client < 6000; client++)
        declined.add(agent, client, cpus(2), client, 365 * DAY, 188);
    };
    decline(0);
    const before = declined.bytes();
    decline(1);
    expect(declined.size).toBe(12_000);
    expect(declined.bytes() - before).toBeLessThan(6000 / 5);
  });
});
