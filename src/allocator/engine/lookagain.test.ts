/** Agents of which nothing has changed and that a round must look at all the same. */
import { describe, expect, it } from "vitest";
import { fromSpec, parseResources } from "../../resources/index.ts";
import { agent, capabilities, framework, held, lines, options, quota } from "../world.fixture.ts";
import { AllocationEngine } from "./engine.ts";

const offered = (engine: AllocationEngine) => lines(engine.allocate(options()).offers);

const mountDisk = (mib: number, id: string) =>
  fromSpec([{ name: "disk", scalar: mib, disk: { source: { type: "MOUNT", id, root: `/${id}` } } }]);

describe("an agent is looked at again", () => {
  it("as long as it has a shared volume: that may be offered to several", () => {
    const volume = fromSpec([
      {
        name: "disk",
        scalar: 9,
        shared: true,
        reservations: [{ type: "STATIC", role: "a" }],
        disk: { persistence: { id: "v" }, volume: { containerPath: "v", mode: "RW" } },
      },
    ]);
    const engine = new AllocationEngine();
    for (const id of ["A", "B"]) {
      engine.upsertFramework(framework(id, "a", { capabilities: capabilities("SHARED_RESOURCES") }));
    }
    engine.upsertAgent(agent("n1", parseResources("cpus:1").add(volume)));
    expect(offered(engine)).toEqual(["A a n1 cpus:1;disk:9"]);
    expect(offered(engine)).toEqual(["B a n1 disk:9"]);
    expect([...engine.shares().frameworks]).toEqual([
      ["A", 1],
      ["B", 1],
    ]);
  });

  it("when a limit that held it back gives way elsewhere", () => {
    const engine = new AllocationEngine();
    engine.setQuotas([quota("a", { limits: { cpus: 3 } })]);
    engine.upsertFramework(framework("A", "a"));
    engine.upsertAgent(agent("n1", "cpus:2", { allocations: [held("A", "a", "cpus:2")] }));
    engine.upsertAgent(agent("n2", "cpus:4"));
    expect(offered(engine)).toEqual(["A a n2 cpus:1"]);
    engine.upsertAgent(agent("n1", "cpus:2", { withheld: "Cordoned" }));
    expect(offered(engine)).toEqual(["A a n2 cpus:2"]);
  });

  it("when a guarantee that it was kept for is met elsewhere", () => {
    const engine = new AllocationEngine();
    engine.setQuotas([quota("later", { guarantees: { cpus: 4 } })]);
    engine.upsertFramework(framework("B", "b"));
    engine.upsertAgent(agent("n1", "cpus:4"));
    expect(offered(engine)).toEqual([]);
    engine.upsertAgent(agent("n2", "cpus(later):3"));
    expect(offered(engine)).toEqual(["B b n1 cpus:3"]);
  });

  it("when less room lets it give another whole part", () => {
    const engine = new AllocationEngine();
    engine.setQuotas([quota("a", { limits: { disk: 10 } })]);
    engine.upsertFramework(framework("A", "a"));
    // The parts are taken in the order of their names: 8, of which is refused, or 5 if 8 has no room.
    engine.upsertAgent(agent("n1", mountDisk(8, "d1").add(mountDisk(5, "d2"))));
    const [offer] = engine.allocate(options()).offers;
    expect(offer?.resources.equals(mountDisk(8, "d1"))).toBe(true);
    if (offer !== undefined) {
      engine.withdraw(offer);
      engine.refuse({ ...offer, now: 0, time: 5000 });
    }
    expect(offered(engine)).toEqual([]);
    engine.upsertAgent(agent("n2", "disk:3", { allocations: [held("A", "a", "disk:3")] }));
    expect(offered(engine)).toEqual(["A a n1 disk:5"]);
  });

  it("when a framework that would take it may have another offer", () => {
    const engine = new AllocationEngine();
    engine.upsertFramework(framework("A", "a", { maxOffers: 1 }));
    engine.upsertFramework(framework("B", "b", { maxOffers: 1, active: false }));
    engine.upsertAgent(agent("n1", "cpus:1"));
    engine.upsertAgent(agent("n2", "cpus:1"));
    expect(offered(engine)).toEqual(["A a n1 cpus:1"]);
    engine.upsertFramework(framework("A", "a", { maxOffers: 2, offersOutstanding: 1 }));
    expect(offered(engine)).toEqual(["A a n2 cpus:1"]);
  });
});
