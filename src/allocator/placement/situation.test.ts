import { expect, it } from "vitest";
import { parseAttributes } from "../../resources/index.ts";
import { peerAttribute, Situation } from "./situation.ts";

it("a branch counts what was there before, and what is added to it is its own", () => {
  const agents = ["n1", "n2", "n3"].map((name) => ({ name, attributes: parseAttributes("rack:r1") }));
  const before = new Situation({ agents, running: [{ agent: "n1", groups: ["g"] }], occupied: ["n3"] });
  const about = peerAttribute("g", "HOSTNAME");
  const peers = (situation: Situation) => [...situation.counts(about).byValue];
  // The one has counted already, the other when it is asked.
  for (const counted of [false, true]) {
    const branch = before.branch();
    if (counted) expect(peers(branch)).toEqual([["n1", 1]]);
    branch.add({ agent: "n1", groups: ["g"] });
    branch.add({ agent: "n2", groups: ["g"], exclusive: true });
    expect(peers(branch)).toEqual([
      ["n1", 2],
      ["n2", 1],
    ]);
    expect(branch.counts(about).all).toBe(3);
    expect(["n1", "n2", "n3"].map((name) => branch.isOccupied(name))).toEqual([true, true, true]);
    expect([branch.isClosed("n1"), branch.isClosed("n2")]).toEqual([false, true]);
    const next = branch.branch();
    expect([next.isClosed("n2"), next.counts(about).all]).toEqual([true, 3]);
  }
  expect(peers(before)).toEqual([["n1", 1]]);
  expect(before.isOccupied("n2")).toBe(false);
  expect(before.isClosed("n2")).toBe(false);
});
