import { describe, expect, it } from "vitest";
import { parseResources, Resources } from "../../resources/index.ts";
import { agent, agents, framework, held, lines, options } from "../world.fixture.ts";
import { AllocationEngine } from "./engine.ts";

function engineWith(states: ReturnType<typeof agents>, ...frameworks: ReturnType<typeof framework>[]) {
  const engine = new AllocationEngine();
  for (const state of frameworks) engine.upsertFramework(state);
  for (const state of states) engine.upsertAgent(state);
  return engine;
}

const at = (now: number) => options({ now });
const offered = (engine: AllocationEngine, now = 0) => lines(engine.allocate(at(now)).offers);

describe("an offer", () => {
  it("holds what it is of until the agent's state or a withdrawal says otherwise", () => {
    const engine = engineWith([agent("n1", "cpus:4")], framework("A", "a"));
    const [offer] = engine.allocate(at(0)).offers;
    expect(offered(engine)).toEqual([]);
    if (offer !== undefined) engine.withdraw(offer);
    expect(offered(engine)).toEqual(["A a n1 cpus:4"]);
    engine.upsertAgent(agent("n1", "cpus:4", { allocations: [held("A", "a", "cpus:1")] }));
    expect(offered(engine)).toEqual(["A a n1 cpus:3"]);
  });

  it("is not taken back twice", () => {
    const engine = engineWith([agent("n1", "cpus:4")], framework("A", "a"));
    const [offer] = engine.allocate(at(0)).offers;
    if (offer === undefined) throw new Error("nothing was offered");
    engine.withdraw(offer);
    engine.withdraw(offer);
    expect(engine.shares().roles.get("a")?.held.isEmpty).toBe(true);
    expect(offered(engine)).toEqual(["A a n1 cpus:4"]);
  });

  it("of an agent whose state is told again unchanged is gone: the state is the whole truth", () => {
    const state = agent("n1", "cpus:4");
    const engine = engineWith([state], framework("A", "a"));
    expect(offered(engine)).toHaveLength(1);
    engine.upsertAgent(state);
    expect(offered(engine)).toHaveLength(1);
  });
});

describe("a filter", () => {
  const refused = (time = 5000) => {
    const engine = engineWith([agent("n1", "cpus:4", { attributes: "rack:r1" })], framework("A", "a"));
    const [offer] = engine.allocate(at(0)).offers;
    if (offer === undefined) throw new Error("nothing was offered");
    engine.withdraw(offer);
    // Built anew, as what comes back from the API server is.
    engine.refuse({ ...offer, resources: Resources.of(offer.resources), now: 0, time });
    expect(offered(engine, 1)).toEqual([]);
    expect(engine.size().filters).toBe(1);
    return engine;
  };

  it("ends in its time, and the engine says when", () => {
    const engine = refused();
    expect(engine.nextExpiry()).toBe(5000);
    expect(offered(engine, 4999)).toEqual([]);
    expect(offered(engine, 5000)).toHaveLength(1);
    expect(engine.nextExpiry()).toBeUndefined();
  });

  it("is taken in by steps, with what is told meanwhile, in its order", () => {
    const agents = Array.from({ length: 50 }, (_, i) => agent(`n${i}`, "cpus:4"));
    const engine = engineWith(agents, framework("A", "a"));
    const offers = engine.allocate(at(0)).offers;
    for (const offer of offers) {
      engine.withdraw(offer);
      engine.refuse({ ...offer, now: 0, time: 5000 });
    }
    let steps = 0;
    for (const _ of engine.settling()) if (++steps === 3) engine.revive("A");
    expect(steps).toBeGreaterThan(10);
    expect(offered(engine, 1)).toHaveLength(50);
  });

  it.each<[string, (engine: AllocationEngine) => void]>([
    ["is cleared by revive", (engine) => engine.revive("A")],
    ["is cleared by revive of its role", (engine) => engine.revive("A", ["a"])],
    [
      "is cleared by other attributes",
      (engine) => {
        engine.upsertAgent(agent("n1", "cpus:4", { attributes: "rack:r2" }));
      },
    ],
    [
      "goes with its agent",
      (engine) => {
        engine.removeAgent("n1");
        engine.upsertAgent(agent("n1", "cpus:4"));
      },
    ],
    [
      "goes with its framework",
      (engine) => {
        engine.removeFramework("A");
        engine.upsertFramework(framework("A", "a"));
      },
    ],
    [
      "goes when the framework is away",
      (engine) => {
        engine.upsertFramework(framework("A", "a", { active: false }));
        engine.upsertFramework(framework("A", "a"));
      },
    ],
    [
      "goes when the framework leaves the role",
      (engine) => {
        engine.upsertFramework(framework("A", "b"));
        engine.upsertFramework(framework("A", "a"));
      },
    ],
    [
      "goes when its role is suppressed and then no longer",
      (engine) => {
        engine.upsertFramework(framework("A", "a", { suppressedRoles: new Set(["a"]) }));
        engine.upsertFramework(framework("A", "a"));
      },
    ],
    [
      "does not hold back more than was refused",
      (engine) => {
        engine.upsertAgent(agent("n1", "cpus:5", { attributes: "rack:r1" }));
      },
    ],
  ])("%s", (_, happen) => {
    const engine = refused();
    happen(engine);
    expect(offered(engine, 1)).toHaveLength(1);
  });

  it("of what was declined while the framework was away stays, whatever else is told of it", () => {
    const engine = engineWith([agent("n1", "cpus:4")], framework("A", "a"));
    const [offer] = engine.allocate(at(0)).offers;
    if (offer === undefined) throw new Error("nothing was offered");
    engine.upsertFramework(framework("A", "a", { active: false }));
    engine.withdraw(offer);
    engine.refuse({ ...offer, now: 0, time: 5000 });
    engine.upsertFramework(framework("A", "a", { active: false, maxOffers: 3 }));
    engine.upsertFramework(framework("A", "a"));
    expect(offered(engine, 4999)).toEqual([]);
    expect(offered(engine, 5000)).toHaveLength(1);
  });

  it.each<[string, (engine: AllocationEngine) => void]>([
    ["revive of another role", (engine) => engine.revive("A", ["b"])],
    ["revive of another framework", (engine) => engine.revive("B")],
    ["the same attributes", (engine) => engine.upsertAgent(agent("n1", "cpus:4", { attributes: "rack:r1" }))],
    [
      "less than was refused",
      (engine) => engine.upsertAgent(agent("n1", "cpus:3", { attributes: "rack:r1" })),
    ],
    [
      "suppress",
      (engine) => {
        engine.suppress("A");
      },
    ],
    [
      "a change of what else the framework is",
      (engine) => {
        engine.upsertFramework(framework("A", "a", { tolerated: new Set(["t"]) }));
      },
    ],
  ])("stays at %s", (_, happen) => {
    const engine = refused();
    happen(engine);
    expect(offered(engine, 1)).toEqual([]);
    expect(engine.size().filters).toBe(1);
  });
});

describe("a framework", () => {
  it("that has as many offers as it may have is offered more once one is answered", () => {
    const engine = engineWith(agents(3, "cpus:1"), framework("A", "a", { maxOffers: 2 }));
    expect(offered(engine)).toHaveLength(2);
    expect(offered(engine)).toEqual([]);
    engine.setOutstanding("A", 1);
    expect(offered(engine)).toEqual(["A a agent-2 cpus:1"]);
  });

  it("suppresses and revives", () => {
    const engine = engineWith(agents(1, "cpus:1"), framework("A", "a b"));
    engine.suppress("A", ["a"]);
    const [offer] = engine.allocate(at(0)).offers;
    expect(offer?.role).toBe("b");
    engine.suppress("A");
    if (offer !== undefined) engine.withdraw(offer);
    expect(offered(engine)).toEqual([]);
    engine.revive("A", ["a"]);
    expect(offered(engine)).toEqual(["A a agent-0 cpus:1"]);
  });

  it("that was suppressed by an event is offered again when its state does not say so", () => {
    const engine = engineWith(agents(1, "cpus:1"), framework("A", "a"));
    engine.suppress("A");
    expect(offered(engine)).toEqual([]);
    // Nothing else of it has changed.
    engine.upsertFramework(framework("A", "a"));
    expect(offered(engine)).toEqual(["A a agent-0 cpus:1"]);
  });

  it("comes later when its role was reserved something, though nothing else of the cluster changed", () => {
    const idle = agent("idle", "cpus:4", { withheld: "Cordoned" });
    const engine = engineWith([agent("n1", "cpus:1"), idle], framework("A", "a"), framework("B", "b"));
    const [offer] = engine.allocate(at(0)).offers;
    expect(offer?.framework).toBe("A");
    if (offer !== undefined) engine.withdraw(offer);
    engine.upsertAgent(agent("idle", "cpus(b):4", { withheld: "Cordoned" }));
    // A had an offer more, but B has the greater share now.
    expect(offered(engine)).toEqual(["A a n1 cpus:1"]);
  });

  it("that is removed leaves what it holds to its role until the agent says otherwise", () => {
    const state = agent("n1", "cpus:4", { allocations: [held("A", "a", "cpus:1")] });
    const engine = engineWith([state], framework("A", "a"));
    engine.removeFramework("A");
    expect(engine.shares().roles.get("a")?.dominantShare).toBe(1 / 4);
    engine.upsertAgent(agent("n1", "cpus:4"));
    expect(engine.shares().roles.has("a")).toBe(false);
    engine.upsertFramework(framework("B", "a"));
    expect(offered(engine)).toEqual(["B a n1 cpus:4"]);
  });
});

describe("a round", () => {
  /** A clock that goes on by a millisecond at each look. */
  const ticking = () => {
    let time = 0;
    return () => time++;
  };

  it("may be done bit by bit, and decides the same", () => {
    const make = () => engineWith(agents(100, "cpus:1"), framework("A", "a"), framework("B", "b"));
    const round = make().begin(at(0));
    let steps = 1;
    while (!round.step(3, ticking())) steps++;
    expect(steps).toBeGreaterThan(3);
    expect(lines(round.offers)).toEqual(offered(make()));
  });

  it("does not see what happens while it is under way; the next one does", () => {
    const engine = engineWith(agents(50, "cpus:1"), framework("A", "a"));
    const round = engine.begin(at(0));
    while (round.offers.length === 0) round.step(1, ticking());
    engine.removeFramework("A");
    engine.upsertFramework(framework("B", "b"));
    engine.upsertAgent(agent("late", "cpus:9"));
    while (!round.step(1, ticking()));
    expect(new Set(round.offers.map((offer) => offer.framework))).toEqual(new Set(["A"]));
    expect(round.offers).toHaveLength(50);
    expect(offered(engine)).toEqual(["B b late cpus:9"]);
  });

  it("is one at a time, and nothing is asked meanwhile", () => {
    const engine = engineWith(agents(50, "cpus:1"), framework("A", "a"));
    const round = engine.begin(at(0));
    round.step(0, ticking());
    expect(() => engine.begin(at(0))).toThrow(/under way/);
    expect(() => engine.shares()).toThrow(/under way/);
    expect(() =>
      engine.explain({ id: "t", framework: "A", role: "a", resources: parseResources("cpus:1") }, at(0)),
    ).toThrow(/under way/);
    while (!round.step(100, ticking()));
    expect(engine.shares().frameworks.get("A")).toBe(1);
  });

  it("looks at what changed only", () => {
    const engine = engineWith(agents(100, "cpus:1"), framework("A", "a", { maxOffers: 1000 }));
    const [offer] = engine.allocate(at(0)).offers;
    expect(engine.size().dirty).toBe(0);
    if (offer !== undefined) engine.withdraw(offer);
    expect(engine.size().dirty).toBe(1);
    engine.upsertAgent(agent("more", "cpus:1"));
    expect(engine.size().dirty).toBe(2);
  });

  it("takes other options than before into account", () => {
    const engine = engineWith(
      [agent("n1", "cpus:1", { region: "west" })],
      framework("A", "a", { minAllocatable: new Map() }),
    );
    expect(lines(engine.allocate(options({ region: "east" })).offers)).toEqual([]);
    expect(lines(engine.allocate(options()).offers)).toEqual(["A a n1 cpus:1"]);
  });
});
