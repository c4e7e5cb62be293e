import { describe, expect, it } from "vitest";
import { type AgentState, atOnce, type Stepwise } from "../../allocator/index.ts";
import { Limits, parseResources, type Quantities } from "../../resources/index.ts";
import { frameworkReadiness } from "../framework/readiness.ts";
import { agentState, framework, list, task } from "../objects.fixture.ts";
import { pendingGroups } from "../world/builtin.ts";
import { peersAmong } from "../world/peers.ts";
import { frameworkDemand, pendingDemand, type WaitingFramework, withinLimits } from "./demand.ts";

const amounts = (text: string): Quantities => parseResources(text).scalarQuantities();
const zone = (name: string) => ({ zone: name });
const agents = new Map<string, AgentState>([
  ["n1", agentState("n1", "cpus:4;mem:1024", zone("left"))],
  ["n2", agentState("n2", "cpus:4;mem:1024", { ...zone("right"), taints: ["only=x:NoSchedule"] })],
  ["n3", agentState("n3", "cpus:4;mem:1024;gpus:1", zone("right"))],
]);
const where = (admits: ((name: string) => boolean) | undefined) =>
  [...agents.keys()].filter((name) => admits?.(name) ?? true);

describe("demand of tasks without a framework", () => {
  const demandOf = (...tasks: ReturnType<typeof task>[]) =>
    atOnce(
      pendingDemand(
        pendingGroups(tasks, [{ key: "only", value: "x", effect: "NoSchedule" }]),
        agents,
        peersAmong(() => []),
      ),
    );

  it("is each one's own, by its uid, where its taints and constraints let it", () => {
    const attribute = "ZONE";
    const [plain, bold, right] = demandOf(
      task("a"),
      task("b", { tolerations: [{ key: "only", operator: "Exists" }] }),
      task("c", { constraints: [{ attribute, operator: "TextEquals", value: "right" }] }),
    );
    expect(plain).toMatchObject({ id: "uid-a", role: "eng" });
    expect(plain?.resources.toString()).toBe("cpus:1;mem:64");
    expect(where(plain?.admits)).toEqual(["n1"]);
    expect(where(bold?.admits)).toEqual(["n1", "n2"]);
    expect(where(right?.admits)).toEqual([]);
  });

  it("goes to GPUs only for GPUs", () => {
    const [gpus] = demandOf(task("a", { resources: list("cpus:1;mem:64;gpus:1") }));
    expect(where(gpus?.admits)).toEqual(["n1", "n3"]);
  });

  it("is none for what is reserved", () => {
    const reserved = list("cpus:1;mem:64").map((one) => ({
      ...one,
      reservations: [{ type: "DYNAMIC" as const, role: "eng" }],
    }));
    expect(demandOf(task("a", { resources: reserved }))).toEqual([]);
  });
});

describe("demand of frameworks", () => {
  const minima = [amounts("cpus:1"), amounts("mem:32")];
  const demandOf = (spec: object, more: Partial<WaitingFramework> = {}, connected = true) => {
    const made = framework("fw", { roles: ["a", "b"], ...spec });
    const readiness = frameworkReadiness(made, {
      roles: () => [],
      implicitRoles: true,
      connection: connected ? { connected } : { connected, reason: "Lapsed", message: "" },
    } as Parameters<typeof frameworkReadiness>[1]);
    const known = {
      framework: made,
      readiness,
      tolerated: new Set<string>(),
      hasOffer: () => false,
      declined: () => false,
    };
    return frameworkDemand({ ...known, ...more }, agents, minima).map(
      ({ id, resources, admits }) => `${id}: ${resources} on ${where(admits)}`,
    );
  };

  it("is the smallest offer of each of its roles: its own, or the operator's first", () => {
    const minAllocatable = [{ role: "b", resources: [{ name: "cpus", scalar: 2 }] }];
    expect(demandOf({ minAllocatable })).toEqual(["ns/fw a: cpus:1 on n1", "ns/fw b: cpus:2 on n1"]);
  });

  it("is none where it is away, suppressed, has an offer or has declined one", () => {
    expect(demandOf({}, {}, false)).toEqual([]);
    expect(demandOf({ connection: { type: "Gateway" } })).toEqual([]);
    const onlyA = ["ns/fw a: cpus:1 on n1"];
    expect(demandOf({ suppressedRoles: ["b"] })).toEqual(onlyA);
    expect(demandOf({}, { hasOffer: (role) => role === "b" })).toEqual(onlyA);
    expect(demandOf({}, { declined: (role) => role === "b" })).toEqual(onlyA);
  });

  it("is where it may be offered something: taints, GPUs, offer constraints", () => {
    const tolerated = new Set(["only=x:NoSchedule"]);
    const capabilities = ["GPU_RESOURCES"];
    expect(demandOf({ roles: ["a"], capabilities }, { tolerated })).toEqual(["ns/fw a: cpus:1 on n1,n2,n3"]);
    const constraints = [{ attribute: "ZONE", operator: "TextEquals", value: "right" }];
    const offerConstraints = [{ role: "a", groups: [{ constraints }] }];
    expect(demandOf({ roles: ["a"], capabilities, offerConstraints }, { tolerated })).toEqual([
      "ns/fw a: cpus:1 on n2,n3",
    ]);
  });
});

describe("withinLimits", () => {
  const demand = (id: string, role: string, text: string) => ({ id, role, resources: amounts(text) });
  const quota = (role: string, cpus: number) => ({
    role,
    guarantees: amounts(""),
    limits: Limits.fromRecord({ cpus }),
  });

  it("leaves out what would pass a limit of the role or of one above it, counting those before", () => {
    const wanted = [
      demand("1", "eng/a", "cpus:1"),
      demand("2", "eng/b", "cpus:2"),
      demand("3", "eng/a", "cpus:1"),
      demand("4", "ops", "cpus:9"),
    ];
    function* consumed(): Stepwise<Quantities> {
      yield;
      return amounts("cpus:1");
    }
    const kept = atOnce(withinLimits(wanted, [quota("eng", 3), quota("eng/a", 8)], consumed));
    expect(kept.map(({ id }) => id)).toEqual(["1", "3", "4"]);
    expect(atOnce(withinLimits(wanted, [], consumed))).toHaveLength(4);
  });
});
