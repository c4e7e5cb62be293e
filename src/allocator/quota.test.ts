import { describe, expect, it } from "vitest";
import { fromSpec, parseResources } from "../resources/index.ts";
import { allocate } from "./allocate.ts";
import { agent, agents, framework, held, lines, options, quota, sumOf, world } from "./world.fixture.ts";

const roleIs = (role: string) => (offer: { role: string }) => offer.role === role;

describe("limits", () => {
  it("cut offers to what the role may still consume", () => {
    const start = world({
      agents: agents(3, "cpus:10;mem:100"),
      quotas: [quota("a", { limits: { cpus: 15 } })],
      frameworks: [framework("A", "a")],
    });
    expect(lines(allocate(start, options()).offers)).toEqual([
      "A a agent-0 cpus:10;mem:100",
      "A a agent-1 cpus:5;mem:100",
      "A a agent-2 mem:100",
    ]);
  });

  it("count reservations, allocated or not, and what descendants hold", () => {
    const start = world({
      agents: [
        agent("a1", "cpus(a):2;cpus(a/x):3;cpus:20", {
          allocations: [held("X", "a/x", "cpus:1"), held("A", "a", "cpus(a):2")],
        }),
      ],
      quotas: [quota("a", { limits: { cpus: 10 } })],
      frameworks: [framework("A", "a")],
    });
    expect(sumOf(allocate(start, options()).offers)).toBe("cpus:4");
  });

  it("of an ancestor bind all below it, those of a nested role bind itself", () => {
    const start = world({
      agents: agents(1, "cpus:10"),
      quotas: [quota("a", { limits: { cpus: 5 } }), quota("a/x", { limits: { cpus: 2 } })],
      frameworks: [framework("X", "a/x"), framework("Y", "a/y")],
    });
    expect(lines(allocate(start, options()).offers)).toEqual([
      "X a/x agent-0 cpus:2",
      "Y a/y agent-0 cpus:3",
    ]);
  });

  it("of zero keep a name out of offers, and of ports count ports", () => {
    const start = world({
      agents: [agent("a1", "cpus:4;gpus:1;ports:[1-10]")],
      quotas: [quota("a", { limits: { gpus: 0, ports: 3 } })],
      frameworks: [framework("A", "a", { capabilities: new Set(["GPU_RESOURCES"]) })],
    });
    const [offer] = allocate(start, options()).offers;
    expect(offer?.resources.equals(parseResources("cpus:4;ports:[1-3]"))).toBe(true);
  });

  it("do not hold back the role's own reservations nor what is revocable", () => {
    const total = parseResources("cpus(a):4;cpus:4").add(
      fromSpec([{ name: "cpus", scalar: 2, revocable: true }]),
    );
    const start = world({
      agents: [agent("a1", total)],
      quotas: [quota("a", { limits: { cpus: 1 } })],
      frameworks: [framework("A", "a", { capabilities: new Set(["REVOCABLE_RESOURCES"]) })],
    });
    expect(sumOf(allocate(start, options()).offers)).toBe("cpus:6");
  });
});

describe("guarantees", () => {
  it("come first, though the role has the greater share", () => {
    const start = world({
      agents: [agent("a1", "cpus:5", { allocations: [held("A", "a", "cpus:4")] }), agent("a2", "cpus:1")],
      quotas: [quota("a", { guarantees: { cpus: 5 } })],
      frameworks: [framework("A", "a"), framework("B", "b")],
    });
    expect(lines(allocate(start, options()).offers)).toEqual(["A a a1 cpus:1", "B b a2 cpus:1"]);
  });

  it("keep headroom for a role that has no framework yet", () => {
    const start = world({
      agents: agents(4, "cpus:2;mem:10"),
      quotas: [quota("later", { guarantees: { cpus: 5 } })],
      frameworks: [framework("B", "b")],
    });
    expect(sumOf(allocate(start, options()).offers)).toBe("cpus:3;mem:40");
  });

  it("keep headroom for a role that has refused what there is", () => {
    const start = world({
      agents: agents(2, "cpus:2"),
      quotas: [quota("a", { guarantees: { cpus: 3 } })],
      frameworks: [framework("A", "a"), framework("B", "b")],
    });
    const refusals = { refuses: (id: string) => id === "A" };
    expect(sumOf(allocate({ ...start, refusals }, options()).offers)).toBe("cpus:1");
  });

  it("are met by reservations, so that nothing more is kept", () => {
    const start = world({
      agents: [agent("a1", "cpus(a):3;cpus:2")],
      quotas: [quota("a", { guarantees: { cpus: 3 } })],
      frameworks: [framework("B", "b")],
    });
    expect(sumOf(allocate(start, options()).offers)).toBe("cpus:2");
  });

  it("bring along what they do not name, and the rest of the agent within the limit", () => {
    const start = world({
      agents: [agent("a1", "cpus:8;mem:100;ports:[1-9]")],
      quotas: [quota("a", { guarantees: { cpus: 1 }, limits: { cpus: 3 } })],
      frameworks: [framework("A", "a"), framework("B", "b")],
    });
    expect(lines(allocate(start, options()).offers)).toEqual([
      "A a a1 cpus:3;mem:100;ports",
      "B b a1 cpus:5",
    ]);
  });

  it("of others are not eaten by the rest of the agent", () => {
    const start = world({
      agents: agents(1, "cpus:8"),
      quotas: [quota("a", { guarantees: { cpus: 2 } }), quota("z", { guarantees: { cpus: 4 } })],
      frameworks: [framework("A", "a")],
    });
    expect(sumOf(allocate(start, options()).offers)).toBe("cpus:4");
  });

  it("are given even when all guarantees together are more than there is", () => {
    const start = world({
      agents: agents(2, "cpus:3"),
      quotas: [quota("a", { guarantees: { cpus: 4 } }), quota("b", { guarantees: { cpus: 4 } })],
      frameworks: [framework("A", "a"), framework("B", "b"), framework("C", "c")],
    });
    const offers = allocate(start, options()).offers;
    expect(sumOf(offers, roleIs("a"))).toBe("cpus:3");
    expect(sumOf(offers, roleIs("b"))).toBe("cpus:3");
  });

  it("do not count agents that are withheld as headroom", () => {
    const start = world({
      agents: [agent("a1", "cpus:4"), agent("a2", "cpus:4", { withheld: "Draining" })],
      quotas: [quota("a", { guarantees: { cpus: 4 } })],
      frameworks: [framework("B", "b")],
    });
    expect(allocate(start, options()).offers).toEqual([]);
  });
});

describe("guarantees in the role tree", () => {
  const nested = [quota("eng", { guarantees: { cpus: 10 } }), quota("eng/a", { guarantees: { cpus: 6 } })];

  it("of a parent may be claimed below it, less what its other children are guaranteed", () => {
    const start = world({
      agents: agents(1, "cpus:10"),
      quotas: nested,
      frameworks: [framework("B", "eng/b")],
    });
    expect(sumOf(allocate(start, options()).offers)).toBe("cpus:4");
  });

  it("may be claimed whole by the child that the guarantee is for", () => {
    const start = world({
      agents: agents(1, "cpus:10"),
      quotas: nested,
      frameworks: [framework("A", "eng/a")],
    });
    expect(sumOf(allocate(start, options()).offers)).toBe("cpus:10");
  });

  it("hold for a child whose parent has none, against everyone", () => {
    const start = world({
      agents: agents(1, "cpus:10"),
      quotas: [quota("eng/a/deep", { guarantees: { cpus: 6 } })],
      frameworks: [framework("B", "eng/b"), framework("C", "sales")],
    });
    expect(sumOf(allocate(start, options()).offers)).toBe("cpus:4");
  });

  it("of children together may be more than the parent's", () => {
    const start = world({
      agents: agents(1, "cpus:20"),
      quotas: [...nested, quota("eng/c", { guarantees: { cpus: 7 } })],
      frameworks: [framework("S", "sales")],
    });
    expect(sumOf(allocate(start, options()).offers)).toBe("cpus:7");
  });
});
