import { describe, expect, it } from "vitest";
import { seeded } from "../world.fixture.ts";
import { Members } from "./members.ts";

describe("members", () => {
  it.each([1, 2, 3])("are a set, few or many (%d)", (seed) => {
    const random = seeded(seed);
    const members = new Members();
    const truth = new Set<number>();
    for (let i = 0; i < 3000; i++) {
      const member = Math.floor(random() * 700);
      // Grows first, so that it becomes bits, then shrinks.
      if (random() < (i < 1500 ? 0.8 : 0.2)) {
        expect(members.add(member, 22)).toBe(!truth.has(member));
        truth.add(member);
      } else expect(members.delete(member)).toBe(truth.delete(member));
      expect(members.size).toBe(truth.size);
    }
    for (let member = 0; member < 700; member++) expect(members.has(member)).toBe(truth.has(member));
    const bits = new Uint32Array(22).fill(0xff_ff_ff_ff);
    members.clearFrom(bits);
    for (let member = 0; member < 700; member++) {
      expect(((bits[member >>> 5] ?? 0) & (1 << (member & 31))) === 0).toBe(truth.has(member));
    }
  });

  it.each([10, 600])("take out many at once, of %d", (count) => {
    const members = new Members();
    for (let i = 0; i < count; i++) members.add(i, 22);
    const some = new Uint32Array(22);
    for (const member of [0, 3, 9, 40, 599, 700])
      some[member >>> 5] = (some[member >>> 5] ?? 0) | (1 << (member & 31));
    const gone = count === 10 ? 3 : 5;
    expect(members.deleteAll(some)).toBe(gone);
    expect(members.size).toBe(count - gone);
    expect([0, 1, 3, 8, 9].map((member) => members.has(member))).toEqual([false, true, false, true, false]);
    expect(members.add(3, 22)).toBe(true);
    expect(members.deleteAll(new Uint32Array(1))).toBe(0);
  });

  it("take a few words while they are few, and a bit each then", () => {
    const members = new Members();
    members.add(5000, 188);
    expect(members.bytes).toBe(8);
    for (let i = 0; i < 3000; i++) members.add(i, 188);
    expect(members.bytes).toBe(188 * 4);
  });

  it("may be more than there was room for", () => {
    const members = new Members();
    for (let i = 0; i < 100; i++) members.add(i, 2);
    members.add(10_000, 2);
    expect(members.has(10_000)).toBe(true);
    expect(members.has(99)).toBe(true);
    expect(members.has(9_999)).toBe(false);
  });
});
