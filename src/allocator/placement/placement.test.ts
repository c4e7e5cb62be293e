import { describe, expect, it } from "vitest";
import { formatResources, fromSpec, parseAttributes, parseResources } from "../../resources/index.ts";
import { compileConstraint } from "../constraints.ts";
import { match, pickPorts } from "./match.ts";
import { place } from "./place.ts";
import { placementPolicy } from "./policy.ts";
import type { Candidate, TaskRequest } from "./request.ts";

const candidate = (
  name: string,
  total: string,
  more: Partial<Candidate> & { available?: never; free?: string } = {},
) => {
  const { free, ...rest } = more;
  const all = parseResources(total);
  const agent = { name, attributes: [] };
  return {
    agent,
    role: "a",
    total: all,
    ...rest,
    available: free === undefined ? all : parseResources(free),
  };
};
const task = (id: string, resources: string, more: Partial<TaskRequest> = {}): TaskRequest => ({
  id,
  resources: parseResources(resources),
  ...more,
});
const where = (
  requests: TaskRequest[],
  candidates: Candidate[],
  policy: "first-fit" | "bin-pack" | "spread",
) =>
  place(requests, candidates, placementPolicy(policy)).placed.map(
    (p) => `${p.request.id}:${p.candidate.agent.name}`,
  );

describe("what a task takes", () => {
  it.each<[string, string, Partial<TaskRequest>, string]>([
    ["the role's own reservations first", "cpus:2", {}, "cpus:1;cpus(a):1"],
    ["an exact port", "ports:[21-21]", {}, "ports:[21-21]"],
    ["the lowest free ports", "cpus:1", { portCount: 3 }, "cpus(a):1;ports:[20-22]"],
    ["an exact port and others", "ports:[20-21]", { portCount: 2 }, "ports:[20-22, 30-30]"],
    ["items of a set", "x:{b}", {}, "x:{b}"],
    ["what is reserved as it is asked", "cpus(a):1", {}, "cpus(a):1"],
  ])("%s", (_, wanted, more, taken) => {
    const offered = candidate("n1", "cpus(a):1;cpus:3;ports:[20-22, 30-39];x:{a,b}");
    const found = match(offered, task("t", wanted, more));
    expect(found.fits && formatResources(found.resources)).toBe(taken);
  });

  it.each<[string, string, Partial<TaskRequest>, string[]]>([
    ["too much", "cpus:5;mem:1", {}, ["cpus", "mem"]],
    ["a taken port", "ports:[23-23]", {}, ["ports"]],
    ["too many ports", "cpus:1", { portCount: 14 }, ["ports"]],
    ["a reservation that is not there", "cpus(b):1", {}, ["cpus"]],
    ["more than is reserved", "cpus(a):2", {}, ["cpus"]],
  ])("%s does not fit", (_, wanted, more, short) => {
    const offered = candidate("n1", "cpus(a):1;cpus:3;ports:[20-22, 30-39]");
    expect(match(offered, task("t", wanted, more))).toEqual({ fits: false, reason: "Short", short });
  });

  it("a persistent volume is the one that is named", () => {
    const volume = (id: string) =>
      fromSpec([
        {
          name: "disk",
          scalar: 8,
          reservations: [{ type: "DYNAMIC", role: "a" }],
          disk: { persistence: { id }, volume: { containerPath: "d", mode: "RW" } },
        },
      ]);
    const offered: Candidate = { ...candidate("n1", "cpus:1"), available: volume("v1") };
    expect(match(offered, { id: "t", resources: volume("v1") }).fits).toBe(true);
    expect(match(offered, { id: "t", resources: volume("v2") }).fits).toBe(false);
    expect(match(offered, task("t", "disk:1")).fits).toBe(false);
  });

  it("picks no ports where none are asked, and none that are revocable", () => {
    expect(pickPorts(parseResources(""), "a", 0)?.isEmpty).toBe(true);
    const revocable = fromSpec([{ name: "ports", ranges: [{ begin: 1, end: 9 }], revocable: true }]);
    expect(pickPorts(revocable, "a", 1)).toBeUndefined();
  });
});

describe("placement", () => {
  const three = [
    candidate("n1", "cpus:8;mem:80", { free: "cpus:4;mem:40" }),
    candidate("n2", "cpus:8;mem:80", { free: "cpus:2;mem:20" }),
    candidate("n3", "cpus:8;mem:80"),
  ];
  const tasks = [1, 2, 3, 4].map((i) => task(`t${i}`, "cpus:1;mem:10"));

  it.each([
    ["first-fit", ["t1:n1", "t2:n1", "t3:n1", "t4:n1"]],
    ["bin-pack", ["t1:n2", "t2:n2", "t3:n1", "t4:n1"]],
    ["spread", ["t1:n3", "t2:n3", "t3:n3", "t4:n3"]],
  ] as const)("%s", (policy, expected) => {
    expect(where(tasks, three, policy)).toEqual(expected);
  });

  it("spread goes from agent to agent where they are alike", () => {
    const alike = [candidate("n1", "cpus:8;mem:80"), candidate("n2", "cpus:8;mem:80")];
    expect(where(tasks, alike, "spread")).toEqual(["t1:n1", "t2:n2", "t3:n1", "t4:n2"]);
  });

  it("gives nothing twice and says what the rest is short of", () => {
    const small = [candidate("n1", "cpus:2;ports:[5-6]"), candidate("n2", "cpus:1;ports:[5-5]")];
    const ported = [1, 2, 3, 4].map((i) => task(`t${i}`, "cpus:1", { portCount: 1 }));
    const { placed, unplaced } = place(ported, small, placementPolicy("first-fit"));
    expect(placed.map((p) => `${p.candidate.agent.name} ${formatResources(p.resources)}`)).toEqual([
      "n1 cpus:1;ports:[5-5]",
      "n1 cpus:1;ports:[6-6]",
      "n2 cpus:1;ports:[5-5]",
    ]);
    expect(unplaced.map(({ request, misfits }) => [request.id, misfits])).toEqual([
      [
        "t4",
        [
          { reason: "Short", resource: "cpus", agents: 2 },
          { reason: "Short", resource: "ports", agents: 2 },
        ],
      ],
    ]);
  });

  it("looks at one of those that are alike and find no place, and at each of the others", () => {
    const looks: string[] = [];
    const watched = candidate("n1", "cpus:2");
    const agent = {
      ...watched.agent,
      get taints() {
        looks.push("look");
        return ["key"];
      },
    };
    const tasks = [1, 2, 3, 4].map((i) => task(`t${i}`, "cpus:1"));
    const one = place(tasks.slice(0, 1), [{ ...watched, agent }], placementPolicy("first-fit"));
    const each = looks.splice(0).length;
    const all = place(tasks, [{ ...watched, agent }], placementPolicy("first-fit"));
    expect(looks).toHaveLength(each);
    expect(all.unplaced.map(({ misfits }) => misfits)).toEqual(
      tasks.flatMap(() => one.unplaced[0]?.misfits && [one.unplaced[0].misfits]),
    );
    const tolerant = task("t5", "cpus:1", { tolerated: new Set(["key"]) });
    expect(where([...tasks, tolerant, task("t6", "cpus:0.5")], [{ ...watched, agent }], "first-fit")).toEqual(
      ["t5:n1"],
    );
  });

  it("keeps to constraints and taints", () => {
    const racks = [
      {
        ...candidate("n1", "cpus:1"),
        agent: { name: "n1", attributes: parseAttributes("rack:r1"), taints: ["t"] },
      },
      { ...candidate("n2", "cpus:1"), agent: { name: "n2", attributes: parseAttributes("rack:r2") } },
    ];
    const r1 = compileConstraint({ attribute: "rack", operator: "TextEquals", value: "r1" });
    expect(where([task("t", "cpus:1")], racks, "first-fit")).toEqual(["t:n2"]);
    expect(
      where([task("t", "cpus:1", { accepts: r1, tolerated: new Set(["t"]) })], racks, "first-fit"),
    ).toEqual(["t:n1"]);
    const { unplaced } = place([task("t", "cpus:1", { accepts: r1 })], racks, placementPolicy("spread"));
    expect(unplaced[0]?.misfits).toEqual([
      { reason: "Taint", agents: 1 },
      { reason: "Constraint", agents: 1 },
    ]);
  });
});
