import { describe, expect, it } from "vitest";
import { allocate } from "../allocate.ts";
import { sharesOf } from "../shares.ts";
import { atOnce } from "../stepwise.ts";
import { agent, agents, framework, held, options, quota, world } from "../world.fixture.ts";
import type { AllocationWorld } from "../world.ts";
import { revocableOffers } from "./revocable.ts";

const marked = (start: AllocationWorld, reclaimable: (id: string) => boolean = () => true) => {
  const { offers } = allocate(start, options());
  const marks = atOnce(revocableOffers({ ...start, total: sharesOf(start).total }, offers, reclaimable));
  return offers.map((offer) => `${offer.framework} ${offer.agent}${marks.has(offer) ? " revocable" : ""}`);
};

describe("offers that may be taken back", () => {
  it("are those beyond the role's part by weight, whether or not others want something now", () => {
    const silent = framework("B", "b", { suppressedRoles: new Set(["b"]) });
    const start = world({ agents: agents(4, "cpus:1"), frameworks: [framework("A", "a"), silent] });
    expect(marked(start)).toEqual(["A agent-0", "A agent-1", "A agent-2 revocable", "A agent-3 revocable"]);
    const heavy = { ...start, roles: [{ path: "a", weight: 3 }] };
    expect(marked(heavy).filter((line) => line.endsWith("revocable"))).toHaveLength(1);
  });

  it("are none of a framework that has not said so, and none where nobody else is", () => {
    const both = world({
      agents: agents(2, "cpus:1"),
      frameworks: [framework("A", "a"), framework("B", "b", { suppressedRoles: new Set(["b"]) })],
    });
    expect(marked(both, () => false)).toEqual(["A agent-0", "A agent-1"]);
    expect(marked(world({ agents: agents(2, "cpus:1"), frameworks: [framework("A", "a")] }))).toEqual([
      "A agent-0",
      "A agent-1",
    ]);
  });

  it("count what the role holds already, and what is guaranteed", () => {
    const frameworks = [
      framework("A", "a"),
      framework("B", "b", { active: false }),
      framework("C", "c", { suppressedRoles: new Set(["c"]) }),
    ];
    const start = world({
      agents: [agent("a1", "cpus:4", { allocations: [held("A", "a", "cpus:2")] })],
      frameworks,
    });
    expect(marked(start)).toEqual(["A a1 revocable"]);
    expect(marked({ ...start, quotas: [quota("a", { guarantees: { cpus: 4 } })] })).toEqual(["A a1"]);
  });

  it("are those of a branch that has its part, though the role in it has not", () => {
    const start = world({
      agents: [agent("a1", "cpus:3", { allocations: [held("X", "a/x", "cpus:2")] }), agent("a2", "cpus:1")],
      frameworks: [framework("Y", "a/y"), framework("B", "b", { suppressedRoles: new Set(["b"]) })],
    });
    expect(marked(start)).toEqual(["Y a1 revocable", "Y a2 revocable"]);
  });
});
