import { describe, expect, it } from "vitest";
import type { AllocationOptions, AllocationWorld } from "../../allocator/index.ts";
import { OfferFilters } from "../../allocator/reference/filters.fixture.ts";
import type { TaskSpec } from "../../api/task.ts";
import { parseAttributes } from "../../resources/index.ts";
import { agentState, list, task } from "../objects.fixture.ts";
import { pendingGroups } from "../world/builtin.ts";
import { isExclusive, peersAmong } from "../world/peers.ts";
import { builtInId } from "../world/world.ts";
import { planOf } from "./plan.fixture.ts";

type Constraints = NonNullable<TaskSpec["constraints"]>;

const options: AllocationOptions = {
  now: 0,
  random: () => 0.999_999,
  sorter: "drf",
  minAllocatable: [],
  maxOffersPerFramework: 100,
};
/** n0 and n1 in rack r0, n2 and n3 in r1. */
const racks = [0, 1, 2, 3].map((i) =>
  agentState(`n${i}`, "cpus:8;mem:80", { attributes: parseAttributes(`rack:r${Math.floor(i / 2)}`) }),
);
const world = (more: Partial<AllocationWorld> = {}): AllocationWorld => ({
  agents: racks,
  roles: [],
  quotas: [],
  frameworks: [
    { id: builtInId("ns"), roles: ["eng"], capabilities: new Set(), active: true, maxOffers: 1000 },
    { id: "ns/fw", roles: ["eng"], capabilities: new Set(), active: true, offersMade: new Map([["eng", 9]]) },
  ],
  refusals: new OfferFilters(),
  ...more,
});
const web = (name: string, constraints: Constraints, spec: Partial<TaskSpec> = {}) =>
  task(name, { resources: list("cpus:1;mem:10"), labels: { app: "web" }, constraints, ...spec });
const waiting = (count: number, constraints: Constraints, spec: Partial<TaskSpec> = {}) =>
  Array.from({ length: count }, (_, i) => web(`t${i}`, constraints, spec));
const planned = (
  tasks: ReturnType<typeof waiting>,
  running: ReturnType<typeof waiting> = [],
  start = world(),
) =>
  planOf(
    start,
    pendingGroups(tasks, []),
    options,
    peersAmong(() => [running]),
  );
const where = ({ bindings }: Awaited<ReturnType<typeof planned>>) => bindings.map(({ agent }) => agent);

describe("tasks whose constraints are about their peers", () => {
  it("are placed apart, of tasks that run and of each other", async () => {
    const unique: Constraints = [{ attribute: "HOSTNAME", operator: "Unique", peers: "app" }];
    const running = [web("old", [], { agent: "n1" })];
    const plan = await planned(waiting(5, unique), running);
    expect(where(plan)).toEqual(["n0", "n2", "n3"]);
    expect(plan.unplaced.flatMap(({ tasks }) => tasks)).toHaveLength(2);
  });

  it("do not mind others' tasks: another label, role or namespace, a framework's, one that has ended", async () => {
    const unique: Constraints = [{ attribute: "HOSTNAME", operator: "Unique", peers: "app" }];
    const others = [
      web("a", [], { agent: "n0", labels: { app: "db" } }),
      web("b", [], { agent: "n1", role: "ops" }),
      task("c", { agent: "n2", labels: { app: "web" } }, undefined, { namespace: "other" }),
      web("d", [], { agent: "n3", framework: "fw" }),
      task("e", { agent: "n3", labels: { app: "web" } }, { state: "TASK_FINISHED" }),
    ];
    expect(where(await planned(waiting(4, unique), others)).sort()).toEqual(["n0", "n1", "n2", "n3"]);
  });

  it("without a label mean all tasks of the namespace and role", async () => {
    const most: Constraints = [{ attribute: "rack", operator: "MaxPer", value: "1" }];
    expect(where(await planned(waiting(3, most), [web("old", [], { agent: "n0", labels: {} })]))).toEqual([
      "n2",
    ]);
  });

  it("soft ones only prefer", async () => {
    const apart: Constraints = [{ attribute: "rack", operator: "Balanced", peers: "app", soft: true }];
    expect(where(await planned(waiting(3, apart), [web("old", [], { agent: "n0" })]))).toEqual([
      "n2",
      "n0",
      "n2",
    ]);
  });

  it("count tasks on agents that are not offered now", async () => {
    const unique: Constraints = [{ attribute: "rack", operator: "Unique", peers: "app" }];
    const cordoned = world({
      agents: racks.map((state) =>
        state.name === "n0" ? { ...state, withheld: "Cordoned" as const } : state,
      ),
    });
    const placed = where(await planned(waiting(2, unique), [web("old", [], { agent: "n0" })], cordoned));
    expect(placed).toEqual([expect.stringMatching(/^n[23]$/)]);
  });
});

describe("an Exclusive task", () => {
  const alone: Constraints = [{ attribute: "HOSTNAME", operator: "Exclusive" }];

  it("takes an agent where nothing is held or offered, and nobody is offered the rest", async () => {
    const busy = world({
      agents: racks.map((state, i) =>
        i > 1
          ? state
          : { ...state, allocations: [{ framework: "ns/fw", role: "eng", resources: state.total }] },
      ),
    });
    const plan = await planned(waiting(1, alone), [], busy);
    expect(where(plan)).toEqual(["n2"]);
    expect(plan.offers.map(({ agent }) => agent)).toEqual(["n3"]);
    expect([...plan.allocator.agents()].find(({ name }) => name === "n2")?.withheld).toBe("Exclusive");
  });

  it("keeps later tasks of any role off its agent in the same plan", async () => {
    const tasks = [web("alone", alone), ...waiting(2, [])];
    const [first, ...others] = where(await planned(tasks));
    expect([first, others.length]).toEqual(["n0", 2]);
    expect(others).not.toContain("n0");
  });

  it("is one that says so, hard, and is of no framework", async () => {
    expect(isExclusive(web("a", alone).spec)).toBe(true);
    expect(isExclusive(web("b", [{ attribute: "HOSTNAME", operator: "Exclusive", soft: true }]).spec)).toBe(
      false,
    );
    expect(isExclusive(web("c", alone, { framework: "fw" }).spec)).toBe(false);
    expect(isExclusive(web("d", []).spec)).toBe(false);
  });
});

it("a task that waits is told which constraint fails on how many agents", async () => {
  const constraints: Constraints = [
    { attribute: "rack", operator: "Unique", peers: "app" },
    { attribute: "rack", operator: "TextNotEquals", value: "r1" },
  ];
  const plan = await planned(waiting(1, constraints), [web("old", [], { agent: "n0" })]);
  const [group] = plan.unplaced;
  const request = group?.tasks[0]?.request;
  if (request === undefined) throw new Error("it was placed");
  const answer = plan.allocator.explain({ ...request, framework: builtInId("ns"), role: "eng" }, options);
  expect(answer.reasons).toEqual([
    { reason: "Constraint", constraint: "rack TextNotEquals r1", agents: 2 },
    { reason: "Constraint", constraint: "rack Unique", agents: 2 },
  ]);
  expect(answer.message).toBe(
    "0 of 4 agents would do: 2 outside rack TextNotEquals r1, 2 outside rack Unique",
  );
});
