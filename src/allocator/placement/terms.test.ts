import { describe, expect, it } from "vitest";
import { parseAttributes, parseResources } from "../../resources/index.ts";
import { ConstraintError } from "../constraints.ts";
import { place } from "./place.ts";
import { type PlacementPolicyName, placementPolicy } from "./policy.ts";
import type { Candidate, TaskRequest } from "./request.ts";
import { misfitSentence } from "./sentence.ts";
import { Situation } from "./situation.ts";
import { compileTerms, type PlacementConstraint } from "./terms.ts";

const host = (
  name: string,
  attributes: string,
  free = "cpus:8;mem:80",
  total = "cpus:8;mem:80",
): Candidate => ({
  agent: { name, attributes: parseAttributes(attributes) },
  role: "a",
  available: parseResources(free),
  total: parseResources(total),
});
/** Two racks: r1 has n1 and n2, r2 has n3; n4 has none. */
const hosts = [host("n1", "rack:r1"), host("n2", "rack:r1"), host("n3", "rack:r2"), host("n4", "")];

const tasks = (count: number, constraints: PlacementConstraint[], more: Partial<TaskRequest> = {}) =>
  Array.from({ length: count }, (_, i): TaskRequest => {
    return {
      id: `t${i}`,
      resources: parseResources("cpus:1;mem:10"),
      terms: compileTerms(constraints),
      groups: ["g"],
      ...more,
    };
  });
const rack = (operator: PlacementConstraint["operator"], more: Partial<PlacementConstraint> = {}) => ({
  attribute: "rack",
  operator,
  peers: "g",
  ...more,
});
const by =
  (policy: PlacementPolicyName = "first-fit", situation?: Situation) =>
  (requests: TaskRequest[]) =>
    place(requests, hosts, placementPolicy(policy), situation);
const where = ({ placed }: ReturnType<typeof place>) => placed.map((one) => one.candidate.agent.name);
const running = (...agents: string[]) =>
  new Situation({
    agents: hosts.map(({ agent }) => agent),
    running: agents.map((agent) => ({ agent, groups: ["g"] })),
  });

describe("hard constraints", () => {
  it.each<[string, PlacementConstraint[], string[]]>([
    ["Unique by host", [{ attribute: "HOSTNAME", operator: "Unique", peers: "g" }], ["n1", "n2", "n3", "n4"]],
    ["Unique by rack: an agent without one does not do", [rack("Unique")], ["n1", "n3"]],
    ["MaxPer rack", [rack("MaxPer", { value: "2" })], ["n1", "n1", "n3", "n3"]],
    ["Balanced over racks", [rack("Balanced")], ["n1", "n3", "n1", "n3", "n1"]],
    ["Balanced with more racks expected than there are", [rack("Balanced", { value: "3" })], ["n1", "n3"]],
    ["Cluster in one rack", [rack("Cluster")], ["n1", "n1", "n1", "n1", "n1"]],
    [
      "of the agent alone",
      [{ attribute: "rack", operator: "TextEquals", value: "r2" }],
      ["n3", "n3", "n3", "n3", "n3"],
    ],
    ["Exclusive", [{ attribute: "HOSTNAME", operator: "Exclusive" }], ["n1", "n2", "n3", "n4"]],
    [
      "several at once",
      [rack("Balanced"), { attribute: "HOSTNAME", operator: "Unique", peers: "g" }],
      ["n1", "n3", "n2"],
    ],
    [
      "Balanced over the racks that other constraints leave",
      [rack("Balanced"), { attribute: "rack", operator: "TextEquals", value: "r1" }],
      ["n1", "n1", "n1", "n1", "n1"],
    ],
  ])("%s", (_, constraints, expected) => {
    expect(where(by()(tasks(5, constraints)))).toEqual(expected);
  });

  it("count tasks that run already, of the same group only", () => {
    const unique = [rack("Unique")];
    expect(where(by("first-fit", running("n2"))(tasks(2, unique)))).toEqual(["n3"]);
    expect(where(by("first-fit", running("n2"))(tasks(2, [rack("Unique", { peers: "h" })])))).toEqual([
      "n1",
      "n1",
    ]);
    expect(where(by("first-fit", running("n2"))(tasks(2, [rack("Cluster")])))).toEqual(["n1", "n1"]);
    expect(where(by("first-fit", running("n1", "n1"))(tasks(3, [rack("Balanced")])))).toEqual([
      "n3",
      "n3",
      "n1",
    ]);
  });

  it("Exclusive takes an agent where nothing runs, and keeps it", () => {
    const alone = compileTerms([{ attribute: "HOSTNAME", operator: "Exclusive" }]);
    const [first, ...others] = tasks(4, []);
    const requests = [{ ...first, terms: alone } as TaskRequest, ...others];
    expect(where(by("first-fit", running("n1"))(requests))).toEqual(["n2", "n1", "n1", "n1"]);
  });

  it("Balanced looks at racks that are full now, but not at those that no taint lets it on", () => {
    const full = [host("n1", "rack:r1"), host("n3", "rack:r2", "cpus:0")];
    const situation = new Situation({ agents: full.map(({ agent }) => agent) });
    expect(where(place(tasks(3, [rack("Balanced")]), full, placementPolicy("first-fit"), situation))).toEqual(
      ["n1"],
    );
    const tainted = full.map((one) => ({
      ...one,
      agent: { ...one.agent, ...(one.agent.name === "n3" && { taints: ["t"] }) },
    }));
    const other = new Situation({ agents: tainted.map(({ agent }) => agent) });
    expect(where(place(tasks(3, [rack("Balanced")]), tainted, placementPolicy("first-fit"), other))).toEqual([
      "n1",
      "n1",
      "n1",
    ]);
  });

  it("change nothing in the situation they were asked in", () => {
    const situation = running();
    expect(where(by("first-fit", situation)(tasks(2, [rack("Unique")])))).toEqual(["n1", "n3"]);
    expect(where(by("first-fit", situation)(tasks(2, [rack("Unique")])))).toEqual(["n1", "n3"]);
  });
});

describe("soft constraints", () => {
  it.each<[string, PlacementConstraint[], string[]]>([
    [
      "Unique: elsewhere while there is elsewhere",
      [rack("Unique", { soft: true })],
      ["n1", "n3", "n1", "n3"],
    ],
    ["Balanced", [rack("Balanced", { soft: true })], ["n1", "n3", "n1", "n3"]],
    [
      "Cluster",
      [{ attribute: "HOSTNAME", operator: "Cluster", peers: "g", soft: true }],
      ["n1", "n1", "n1", "n1"],
    ],
    [
      "of the agent alone",
      [{ attribute: "rack", operator: "TextEquals", value: "r2", soft: true }],
      ["n3", "n3", "n3", "n3"],
    ],
    [
      "that no agent meets",
      [{ attribute: "rack", operator: "TextEquals", value: "r9", soft: true }],
      ["n1", "n1", "n1", "n1"],
    ],
    ["Exclusive", [{ attribute: "HOSTNAME", operator: "Exclusive", soft: true }], ["n1", "n2", "n3", "n4"]],
  ])("%s", (_, constraints, expected) => {
    expect(where(by()(tasks(4, constraints)))).toEqual(expected);
  });

  it("come before the policy, and give way to what does not fit", () => {
    const prefers = [{ attribute: "rack", operator: "TextEquals", value: "r2", soft: true } as const];
    expect(where(by("spread")(tasks(2, prefers)))).toEqual(["n3", "n3"]);
    const large = tasks(2, prefers, { resources: parseResources("cpus:5;mem:10") });
    expect(where(by("first-fit")(large))).toEqual(["n3", "n1"]);
  });

  it("are weighed together: who meets more of them comes first", () => {
    const two = [
      { attribute: "rack", operator: "TextEquals", value: "r1", soft: true },
      { attribute: "HOSTNAME", operator: "TextEquals", value: "n2", soft: true },
    ] as const;
    expect(where(by()(tasks(1, [...two])))).toEqual(["n2"]);
  });
});

describe("policies", () => {
  const uneven = [
    host("n1", "", "cpus:4;mem:70"),
    host("n2", "", "cpus:6;mem:20"),
    host("n3", "", "cpus:8;mem:80"),
    host("n4", "gpu:yes", "cpus:1;mem:80"),
  ];
  it.each<[PlacementPolicyName, string]>([
    ["first-fit", "n1"],
    ["bin-pack", "n2"],
    ["bin-pack-cpu", "n4"],
    ["bin-pack-mem", "n2"],
    ["spread", "n3"],
    ["spread-cpu", "n3"],
    ["spread-mem", "n3"],
  ])("%s", (policy, expected) => {
    expect(where(place(tasks(1, []), uneven, placementPolicy(policy)))).toEqual([expected]);
  });

  it("by cpu and by memory differ where an agent is full of one", () => {
    const two = [host("n1", "", "cpus:2;mem:80"), host("n2", "", "cpus:8;mem:20")];
    const take = (policy: PlacementPolicyName) => where(place(tasks(1, []), two, placementPolicy(policy)));
    expect(
      ["spread-cpu", "spread-mem", "bin-pack-cpu", "bin-pack-mem"].map((p) => take(p as PlacementPolicyName)),
    ).toEqual([["n2"], ["n1"], ["n1"], ["n2"]]);
  });
});

describe("why a task was not placed", () => {
  it("is told per constraint and per resource, with counts of agents", () => {
    const small = [...hosts, host("n5", "rack:r3", "cpus:0.5;mem:1"), host("n6", "rack:r2", "mem:80")];
    const [task] = tasks(1, [rack("Unique"), { attribute: "rack", operator: "TextNotEquals", value: "r1" }]);
    const situation = new Situation({
      agents: small.map(({ agent }) => agent),
      running: [{ agent: "n1", groups: ["g"] }],
    });
    const other = { ...task, resources: parseResources("cpus:9;mem:10") } as TaskRequest;
    const { unplaced } = place([other], small, placementPolicy("first-fit"), situation);
    expect(unplaced[0]?.misfits).toEqual([
      { reason: "Constraint", constraint: "rack Unique", agents: 3 },
      { reason: "Constraint", constraint: "rack TextNotEquals r1", agents: 2 },
      { reason: "Short", resource: "cpus", agents: 3 },
      { reason: "Short", resource: "mem", agents: 1 },
    ]);
    expect(misfitSentence(unplaced[0]?.misfits ?? [], small.length)).toBe(
      "none of 6 agents will do: 3 outside rack Unique, 3 short of cpus, 2 outside rack TextNotEquals r1, 1 short of mem",
    );
    expect(misfitSentence([], 0)).toBe("there is no agent");
  });

  it("names an agent that another task has for itself", () => {
    const alone = compileTerms([{ attribute: "HOSTNAME", operator: "Exclusive" }]);
    const requests = tasks(6, []).map((task, i) => (i < 4 ? { ...task, terms: alone } : task));
    const { unplaced } = by()(requests);
    expect(unplaced.map(({ request, misfits }) => [request.id, misfits])).toEqual([
      ["t4", [{ reason: "Constraint", constraint: "Exclusive of another task", agents: 4 }]],
      ["t5", [{ reason: "Constraint", constraint: "Exclusive of another task", agents: 4 }]],
    ]);
  });
});

describe("a constraint that is none", () => {
  it.each<[string, PlacementConstraint, string]>([
    ["a number that is none", rack("MaxPer", { value: "x" }), "constraints[0].value"],
    ["no number", rack("MaxPer"), "constraints[0].value"],
    ["0", rack("Balanced", { value: "0" }), "constraints[0].value"],
    ["an open group", { attribute: "rack", operator: "TextMatches", value: "(" }, "constraints[0].value"],
  ])("%s is refused with its field", (_, constraint, field) => {
    expect(() => compileTerms([constraint])).toThrow(ConstraintError);
    expect(() => compileTerms([constraint])).toThrow(expect.objectContaining({ field }));
  });
});
