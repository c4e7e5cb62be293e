import { describe, expect, it } from "vitest";
import { fromSpec, parseResources, Quantities, Resources } from "../resources/index.ts";
import { allocate } from "./allocate.ts";
import { OfferConstraints } from "./constraints.ts";
import { parseMinAllocatable } from "./minimum.ts";
import { OfferFilters } from "./reference/filters.fixture.ts";
import { agent, agents, capabilities, framework, held, lines, options, world } from "./world.fixture.ts";
import type { Capability, FrameworkState, Withheld } from "./world.ts";

const offersTo = (frameworks: FrameworkState[], list: ReturnType<typeof agent>[], more = {}) =>
  lines(allocate(world({ agents: list, frameworks }), options(more)).offers);

describe("agents that are not offered", () => {
  it.each<Withheld>(["Cordoned", "Draining", "Disconnected", "Maintenance"])("%s", (withheld) => {
    expect(
      offersTo([framework("A", "a")], [agent("a1", "cpus:1", { withheld }), agent("a2", "cpus:1")]),
    ).toEqual(["A a a2 cpus:1"]);
  });

  it("for a taint, but to frameworks that tolerate all of its taints", () => {
    const tainted = agent("a1", "cpus:1", { taints: ["t=1:NoSchedule", "u:NoExecute"] });
    const half = framework("A", "a", { tolerated: new Set(["t=1:NoSchedule"]) });
    const all = framework("B", "b", { tolerated: new Set(["t=1:NoSchedule", "u:NoExecute"]) });
    expect(offersTo([framework("C", "c"), half, all], [tainted])).toEqual(["B b a1 cpus:1"]);
  });

  it("for offer constraints of the role", () => {
    const constraints = OfferConstraints.compile([
      { role: "a", groups: [{ constraints: [{ attribute: "rack", operator: "TextEquals", value: "r2" }] }] },
    ]);
    const racks = [
      agent("a1", "cpus:1", { attributes: "rack:r1" }),
      agent("a2", "cpus:1", { attributes: "rack:r2" }),
    ];
    expect(offersTo([framework("A", "a", { constraints })], racks)).toEqual(["A a a2 cpus:1"]);
    expect(offersTo([framework("B", "b", { constraints })], racks)).toHaveLength(2);
  });
});

describe("capabilities", () => {
  const total = Resources.sum([
    parseResources("cpus:1;cpus(a):2"),
    fromSpec([
      { name: "cpus", scalar: 4, revocable: true },
      {
        name: "cpus",
        scalar: 8,
        reservations: [
          { type: "STATIC", role: "a" },
          { type: "DYNAMIC", role: "a/x" },
        ],
      },
    ]),
  ]);
  it.each<[string, Capability[], number]>([
    ["none", [], 3],
    ["REVOCABLE_RESOURCES", ["REVOCABLE_RESOURCES"], 7],
    ["RESERVATION_REFINEMENT", ["RESERVATION_REFINEMENT"], 11],
    ["both", ["REVOCABLE_RESOURCES", "RESERVATION_REFINEMENT"], 15],
  ])("%s", (_, names, cpus) => {
    const { offers } = allocate(
      world({
        agents: [agent("a1", total)],
        frameworks: [framework("A", "a/x", { capabilities: capabilities(...names) })],
      }),
      options(),
    );
    expect(offers[0]?.resources.scalarQuantities().get("cpus")).toBe(cpus * 1000);
  });

  it("GPU_RESOURCES is needed for any part of an agent with gpus", () => {
    const gpu = agent("a1", "cpus:1;gpus:1");
    expect(offersTo([framework("A", "a")], [gpu])).toEqual([]);
    expect(
      offersTo([framework("A", "a", { capabilities: capabilities("GPU_RESOURCES") })], [gpu]),
    ).toHaveLength(1);
  });

  it("REGION_AWARE is needed for agents of another region", () => {
    const list = [
      agent("a1", "cpus:1", { region: "west" }),
      agent("a2", "cpus:1", { region: "east" }),
      agent("a3", "cpus:1"),
    ];
    const aware = framework("A", "a", { capabilities: capabilities("REGION_AWARE") });
    expect(offersTo([framework("A", "a")], list, { region: "east" })).toEqual([
      "A a a2 cpus:1",
      "A a a3 cpus:1",
    ]);
    expect(offersTo([aware], list, { region: "east" })).toHaveLength(3);
    expect(offersTo([framework("A", "a")], list)).toHaveLength(3);
  });

  it("SHARED_RESOURCES brings shared volumes, in use or not, in one offer of an allocation", () => {
    const volume = fromSpec([
      {
        name: "disk",
        scalar: 9,
        shared: true,
        reservations: [{ type: "STATIC", role: "a" }],
        disk: { persistence: { id: "v" }, volume: { containerPath: "v", mode: "RW" } },
      },
    ]);
    const shared = capabilities("SHARED_RESOURCES");
    const list = [
      agent("a1", parseResources("cpus:2;cpus(a):1").add(volume), {
        allocations: [{ framework: "A", role: "a", resources: volume }],
      }),
    ];
    expect(offersTo([framework("A", "a", { capabilities: shared })], list)).toEqual([
      "A a a1 cpus:2;cpus:1;disk:9",
    ]);
    expect(offersTo([framework("A", "a")], list)).toEqual(["A a a1 cpus:2;cpus:1"]);
    expect(offersTo([framework("A", "a"), framework("B", "a", { capabilities: shared })], list)).toEqual([
      "B a a1 cpus:2;cpus:1;disk:9",
    ]);
  });
});

describe("reservations", () => {
  it("go to their role and those below it; the unreserved rest to whoever is first", () => {
    const list = [agent("a1", "cpus(eng):1;cpus(eng/ads):2;cpus(sales):4;cpus:8")];
    const all = [
      framework("D", "dev"),
      framework("E", "eng"),
      framework("F", "eng/ads"),
      framework("S", "sales"),
    ];
    expect(offersTo(all, list)).toEqual([
      "D dev a1 cpus:8",
      "E eng a1 cpus:1",
      "F eng/ads a1 cpus:2",
      "S sales a1 cpus:4",
    ]);
    expect(offersTo(all.slice(2), list)).toEqual(["F eng/ads a1 cpus:8;cpus:1;cpus:2", "S sales a1 cpus:4"]);
  });

  it("that are in use are not offered", () => {
    const list = [agent("a1", "cpus(a):3;cpus:1", { allocations: [held("A", "a", "cpus(a):2;cpus:1")] })];
    expect(offersTo([framework("A", "a")], list)).toEqual(["A a a1 cpus:1"]);
  });
});

describe("frameworks that are passed over", () => {
  it("inactive, or with the role suppressed", () => {
    const list = [agent("a1", "cpus:1"), agent("a2", "cpus:1")];
    expect(offersTo([framework("A", "a", { active: false }), framework("B", "b")], list)).toHaveLength(2);
    const half = framework("C", "a b", { suppressedRoles: new Set(["a"]) });
    expect(offersTo([half], list)).toEqual(["C b a1 cpus:1", "C b a2 cpus:1"]);
  });

  it("with as many offers outstanding as they may have", () => {
    const list = agents(5, "cpus:1");
    expect(offersTo([framework("A", "a")], list, { maxOffersPerFramework: 3 })).toHaveLength(3);
    expect(
      offersTo([framework("A", "a", { offersOutstanding: 2 })], list, { maxOffersPerFramework: 3 }),
    ).toHaveLength(1);
    expect(
      offersTo([framework("A", "a", { maxOffers: 4 })], list, { maxOffersPerFramework: 3 }),
    ).toHaveLength(4);
  });

  it("when the offer is below the minimum, the framework's own if it has one", () => {
    const list = [agent("a1", "cpus:0.005;mem:31"), agent("a2", "cpus:0.01"), agent("a3", "mem:32")];
    const minAllocatable = parseMinAllocatable("cpus:0.01|mem:32");
    expect(offersTo([framework("A", "a")], list, { minAllocatable })).toEqual([
      "A a a2 cpus:0.01",
      "A a a3 mem:32",
    ]);
    const own = new Map([["a", [Quantities.fromRecord({ mem: 32 })]]]);
    expect(offersTo([framework("A", "a", { minAllocatable: own })], list, { minAllocatable })).toEqual([
      "A a a3 mem:32",
    ]);
    const any = new Map([["a", []]]);
    expect(offersTo([framework("A", "a", { minAllocatable: any })], list, { minAllocatable })).toHaveLength(
      3,
    );
  });

  it("when they have refused as much; more than that is offered", () => {
    const refusals = new OfferFilters();
    refusals.add("A", "a", "a1", parseResources("cpus:1;mem:10"), 0, 5000);
    const now = (total: string, at: number) =>
      lines(
        allocate(
          world({ agents: [agent("a1", total)], frameworks: [framework("A", "a")], refusals }),
          options({ now: at }),
        ).offers,
      );
    expect(now("cpus:1;mem:10", 4999)).toEqual([]);
    expect(now("cpus:1", 4999)).toEqual([]);
    expect(now("cpus:1;mem:11", 4999)).toHaveLength(1);
    expect(now("cpus:1;mem:10", 5000)).toHaveLength(1);
  });

  it("go on to the next framework of the role", () => {
    const refusals = new OfferFilters();
    refusals.add("A", "a", "a1", parseResources("cpus:9"), 0, 5000);
    const start = world({
      agents: [agent("a1", "cpus:9")],
      frameworks: [framework("A", "a"), framework("B", "a")],
      refusals,
    });
    expect(lines(allocate(start, options()).offers)).toEqual(["B a a1 cpus:9"]);
  });
});
