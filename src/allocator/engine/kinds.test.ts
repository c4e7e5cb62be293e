import { describe, expect, it } from "vitest";
import { OfferConstraints } from "../constraints.ts";
import { agent, capabilities, framework, lines, options } from "../world.fixture.ts";
import { AllocationEngine } from "./engine.ts";

const only = (attribute: string, value: string) =>
  OfferConstraints.compile([
    { role: "a", groups: [{ constraints: [{ attribute, operator: "TextEquals", value }] }] },
  ]);

function engineOf(...frameworks: ReturnType<typeof framework>[]) {
  const engine = new AllocationEngine();
  for (const state of frameworks) engine.upsertFramework(state);
  return engine;
}

const offered = (engine: AllocationEngine) => lines(engine.allocate(options({ region: "here" })).offers);

describe("who may see agents of a kind", () => {
  it("is asked by attributes, and anew when the framework changes", () => {
    const engine = engineOf(framework("A", "a", { constraints: only("rack", "r1") }));
    for (const [name, rack] of [
      ["n1", "r1"],
      ["n2", "r2"],
      ["n3", "r2"],
    ] as const) {
      engine.upsertAgent(agent(name, "cpus:1", { attributes: `rack:${rack}` }));
    }
    expect(offered(engine)).toEqual(["A a n1 cpus:1"]);
    engine.upsertFramework(framework("A", "a", { constraints: only("rack", "r2") }));
    expect(offered(engine)).toEqual(["A a n2 cpus:1", "A a n3 cpus:1"]);
  });

  it("is asked of each agent where constraints look at the hostname", () => {
    const engine = engineOf(framework("A", "a", { constraints: only("HOSTNAME", "h2") }));
    engine.upsertAgent(agent("n1", "cpus:1", { hostname: "h1" }));
    engine.upsertAgent(agent("n2", "cpus:1", { hostname: "h2" }));
    expect(offered(engine)).toEqual(["A a n2 cpus:1"]);
  });

  it("is asked of each agent where an attribute is its hostname", () => {
    const engine = engineOf(framework("A", "a", { constraints: only("node", "h2") }));
    const add = (name: string, hostname: string, node: string) =>
      engine.upsertAgent(agent(name, "cpus:1", { hostname, attributes: `node:${node};rack:r1` }));
    // Until an agent is called so it is an attribute like any other.
    add("n0", "h0", "h2");
    engine.upsertAgent(agent("n9", "cpus:1", { hostname: "h9", attributes: "rack:r1" }));
    expect(offered(engine)).toEqual(["A a n0 cpus:1"]);
    add("n1", "h1", "h1");
    add("n2", "h2", "h2");
    add("n3", "h3", "h2");
    expect(offered(engine)).toEqual(["A a n2 cpus:1", "A a n3 cpus:1"]);
    engine.upsertFramework(framework("A", "a", { constraints: only("node", "h1") }));
    expect(offered(engine)).toEqual(["A a n1 cpus:1"]);
  });

  it("is another question in another role of the same framework", () => {
    const engine = engineOf(framework("A", "a b", { constraints: only("rack", "r1") }));
    engine.upsertAgent(agent("n1", "cpus:1", { attributes: "rack:r2" }));
    expect(offered(engine)).toEqual(["A b n1 cpus:1"]);
  });

  it("follows an agent from kind to kind", () => {
    const engine = engineOf(
      framework("A", "a", { tolerated: new Set(["t"]) }),
      framework("B", "b", { capabilities: capabilities("REGION_AWARE") }),
    );
    const state = agent("n1", "cpus:1");
    engine.upsertAgent({ ...state, taints: ["t"] });
    expect(offered(engine)).toEqual(["A a n1 cpus:1"]);
    engine.upsertAgent({ ...state, region: "there" });
    expect(offered(engine)).toEqual(["B b n1 cpus:1"]);
    engine.upsertAgent({ ...state, taints: ["t"], region: "there" });
    expect(offered(engine)).toEqual([]);
  });

  it("is right after more changes than are kept", () => {
    const engine = engineOf(framework("A", "a"));
    engine.upsertAgent(agent("n1", "cpus:1", { taints: ["t"] }));
    expect(offered(engine)).toEqual([]);
    for (let i = 0; i < 5000; i++) {
      engine.upsertFramework(framework("A", "a", { tolerated: new Set([`${i}`]) }));
    }
    expect(offered(engine)).toEqual([]);
    engine.upsertFramework(framework("A", "a", { tolerated: new Set(["t"]) }));
    expect(offered(engine)).toEqual(["A a n1 cpus:1"]);
  });
});
