import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decideReclaim, decideStepwise, NO_RECLAIM, type ReclaimState } from "./decide.ts";
import { planReclaim } from "./plan.ts";
import { amounts, cluster, task, wants } from "./snapshot.fixture.ts";
import type { Demand, HeldTask, ReclaimSnapshot } from "./snapshot.ts";

const ROLES = ["a", "b", "c", "d/x", "d/y"];
const role = fc.constantFrom(...ROLES);
const someTask = fc.record({
  role: fc.constantFrom("a", "a", "a", "a", "a", "d/x", "d/x", ...ROLES),
  agent: fc.integer({ min: 1, max: 2 }),
  cpus: fc.integer({ min: 1, max: 4 }),
  mem: fc.integer({ min: 1, max: 4 }),
  priority: fc.integer({ min: 0, max: 2 }),
  startedAt: fc.nat({ max: 50 }),
  gang: fc.constantFrom(undefined, undefined, "g1", "g2"),
  revocable: fc.constantFrom(true, true, true, false),
  ending: fc.constantFrom(false, false, false, false, true),
});
const someDemand = fc.record({
  role,
  cpus: fc.integer({ min: 1, max: 5 }),
  mem: fc.integer({ min: 1, max: 5 }),
  gang: fc.constantFrom(undefined, undefined, undefined, "w"),
});

const EACH = "cpus:8;mem:8";

/** Two agents; tasks that no longer fit are left out. */
const snapshots: fc.Arbitrary<ReclaimSnapshot> = fc
  .record({
    tasks: fc.array(someTask, { minLength: 6, maxLength: 24, size: "max" }),
    demand: fc.array(someDemand, { minLength: 1, maxLength: 6 }),
    weights: fc.array(fc.constantFrom(1, 1, 2, 3), { minLength: ROLES.length, maxLength: ROLES.length }),
    guaranteed: fc.option(fc.record({ role, cpus: fc.integer({ min: 1, max: 12 }) })),
  })
  .map(({ tasks, demand, weights, guaranteed }) => {
    const held = tasks.map(
      ({ role: of, agent, cpus, mem, gang, ...more }, i): HeldTask =>
        // A gang is of one role.
        task(`t${i}`, of, `a${agent}`, `cpus:${cpus};mem:${mem}`, {
          ...more,
          ...(gang && { gang: `${of} ${gang}` }),
        }),
    );
    const fitting: HeldTask[] = [];
    for (const one of held) {
      const there = fitting.filter(({ agent }) => agent === one.agent);
      const used = there.reduce((sum, { resources }) => sum.add(resources), one.resources);
      if (amounts(EACH).contains(used)) fitting.push(one);
    }
    const waiting = demand.map(
      ({ role: of, cpus, mem, gang }, i): Demand =>
        wants(`d${i}`, of, `cpus:${cpus};mem:${mem}`, gang ? { gang: `${of} w` } : {}),
    );
    return cluster(2, EACH, fitting, waiting, {
      roles: ROLES.map((path, i) => ({ path, weight: weights[i] ?? 1 })),
      guarantees:
        guaranteed === null
          ? []
          : [{ role: guaranteed.role, guarantees: amounts(`cpus:${guaranteed.cpus}`) }],
    });
  });

/** The dominant share that some tasks and demands hold of the cluster. */
function shareOf(
  { total }: ReclaimSnapshot,
  list: readonly { readonly resources: HeldTask["resources"] }[],
): number {
  const sum = list.reduce((all, { resources }) => all.add(resources), amounts(""));
  return Math.max(0, ...total.names().map((name) => sum.get(name) / total.get(name)));
}

const inBranch = (branch: string) => (one: { readonly role: string }) =>
  one.role === branch || one.role.startsWith(`${branch}/`);

/** Top-level roles' fair shares by bisection, worked out apart from the code: max-min of wants, guarantees first. */
function fairShares(snapshot: ReclaimSnapshot): Map<string, number> {
  const { tasks, demand, roles, guarantees } = snapshot;
  const alive = tasks.filter(({ ending }) => !ending);
  const tops = ["a", "b", "c", "d"].map((path) => {
    const want = shareOf(snapshot, [...alive, ...demand].filter(inBranch(path)));
    const kept = guarantees.filter(inBranch(path)).map((one) => {
      const wanted = [...alive, ...demand].filter(inBranch(one.role));
      const sum = wanted.reduce((all, { resources }) => all.add(resources), amounts(""));
      return { resources: one.guarantees.min(sum) };
    });
    const weight = roles.find((one) => one.path === path)?.weight ?? 1;
    return { path, want, weight, floor: Math.min(want, shareOf(snapshot, kept)) };
  });
  const at = (level: number) =>
    tops.map(({ want, weight, floor }) => Math.min(want, Math.max(floor, level * weight)));
  let [low, high] = [0, 10];
  for (let i = 0; i < 200; i++) {
    const middle = (low + high) / 2;
    if (at(middle).reduce((sum, part) => sum + part, 0) <= 1) low = middle;
    else high = middle;
  }
  return new Map(tops.map(({ path }, i) => [path, at(low)[i] ?? 0]));
}

/** What is taken, with what was held just before it. */
function losses(snapshot: ReclaimSnapshot) {
  let held: readonly HeldTask[] = snapshot.tasks.filter(({ ending }) => !ending);
  return planReclaim(snapshot).steps.flatMap(({ demand, gangs }) => {
    const found = gangs.map((gang) => {
      const before = held;
      held = held.filter((one) => !gang.tasks.includes(one));
      return { demand, gang, before };
    });
    held = [...held, { ...task(demand.id, demand.role, "", "cpus:1"), resources: demand.resources }];
    return found;
  });
}

const NOW = { patience: 0, grace: 0, settle: 1000 };

describe("whatever is taken back", () => {
  it("comes from roles above their fair share, gang by gang", () => {
    let taken = 0;
    fc.assert(
      fc.property(snapshots, (snapshot) => {
        const fair = fairShares(snapshot);
        for (const { demand, gang, before } of losses(snapshot)) {
          taken++;
          const [from = ""] = (gang.tasks[0]?.role ?? "").split("/");
          if (inBranch(from)(demand)) continue;
          expect(shareOf(snapshot, before.filter(inBranch(from)))).toBeGreaterThan(fair.get(from) ?? 0);
        }
      }),
      { numRuns: 300 },
    );
    expect(taken).toBeGreaterThan(50);
  });

  it("leaves to who loses it what is guaranteed", () => {
    fc.assert(
      fc.property(snapshots, (snapshot) => {
        for (const { gang, before } of losses(snapshot)) {
          const rest = before.filter((one) => !gang.tasks.includes(one));
          const mine = snapshot.guarantees.filter(({ role: path }) => gang.tasks.some(inBranch(path)));
          for (const { role: path, guarantees } of mine) {
            const sum = rest
              .filter(inBranch(path))
              .reduce((all, { resources }) => all.add(resources), amounts(""));
            expect(sum.contains(guarantees)).toBe(true);
          }
        }
      }),
      { numRuns: 300 },
    );
  });

  it("leaves whoever it is taken for at its fair share or below", () => {
    fc.assert(
      fc.property(snapshots, (snapshot) => {
        const fair = fairShares(snapshot);
        const { steps } = planReclaim(snapshot);
        const alive = snapshot.tasks.filter(({ ending }) => !ending);
        for (const [i, { demand, gangs }] of steps.entries()) {
          const [top = ""] = demand.role.split("/");
          if (gangs.length === 0 || gangs.some(({ tasks }) => tasks.some(inBranch(top)))) continue;
          const gone = new Set(
            steps.slice(0, i + 1).flatMap((step) => step.gangs.flatMap(({ tasks }) => tasks)),
          );
          const held = [
            ...alive.filter((one) => !gone.has(one)),
            ...steps.slice(0, i + 1).map((step) => step.demand),
          ];
          expect(shareOf(snapshot, held.filter(inBranch(top)))).toBeLessThanOrEqual(
            (fair.get(top) ?? 0) + 1e-6,
          );
        }
      }),
      { numRuns: 300 },
    );
  });

  it("is whole gangs of revocable tasks, each at most once", () => {
    fc.assert(
      fc.property(snapshots, (snapshot) => {
        const { take } = decideReclaim(snapshot, NO_RECLAIM, NOW, 0);
        const ids = take.flatMap(({ tasks }) => tasks);
        expect(new Set(ids).size).toBe(ids.length);
        const by = new Map(snapshot.tasks.map((one) => [one.id, one]));
        for (const id of ids) {
          const one = by.get(id);
          expect(one?.revocable && !one.ending).toBe(true);
          const members = snapshot.tasks.filter(({ gang }) => gang !== undefined && gang === one?.gang);
          expect(members.every((member) => ids.includes(member.id))).toBe(true);
        }
      }),
      { numRuns: 300 },
    );
  });

  it("makes room for each demand, and without any one gang of it would not", () => {
    fc.assert(
      fc.property(snapshots, (snapshot) => {
        const ending = snapshot.tasks.filter((one) => one.ending);
        const room = new Map(
          snapshot.agents.map(({ name, free }) => [
            name,
            ending
              .filter(({ agent }) => agent === name)
              .reduce((sum, { resources }) => sum.add(resources), free),
          ]),
        );
        for (const { demand, agent, gangs } of planReclaim(snapshot).steps) {
          const here = (list: typeof gangs) =>
            list
              .flatMap(({ tasks }) => tasks)
              .filter((one) => one.agent === agent)
              .reduce((sum, { resources }) => sum.add(resources), room.get(agent) ?? amounts(""));
          expect(here(gangs).contains(demand.resources)).toBe(true);
          for (const gang of gangs) {
            expect(here(gangs.filter((other) => other !== gang)).contains(demand.resources)).toBe(false);
          }
          for (const one of gangs.flatMap(({ tasks }) => tasks)) {
            room.set(one.agent, (room.get(one.agent) ?? amounts("")).add(one.resources));
          }
          room.set(agent, (room.get(agent) ?? amounts("")).subtract(demand.resources));
        }
      }),
      { numRuns: 300 },
    );
  });

  it("is nothing without demand, and whoever was told is let go", () => {
    fc.assert(
      fc.property(snapshots, (snapshot) => {
        const told = decideReclaim(snapshot, NO_RECLAIM, { ...NOW, grace: 10 }, 0);
        const { take, warn, state } = decideReclaim(
          { ...snapshot, demand: [] },
          told.state,
          { ...NOW, grace: 10 },
          5,
        );
        expect([take, warn, state.warned.size, state.short.size]).toEqual([[], [], 0, 0]);
      }),
      { numRuns: 100 },
    );
  });

  it("stays the same when it is decided again: who gains from it can lose nothing by the next", () => {
    fc.assert(
      fc.property(snapshots, (snapshot) => {
        const gone = new Map<string, HeldTask>();
        const gained: HeldTask[] = [];
        for (const { demand, agent, gangs } of planReclaim(snapshot).steps) {
          for (const one of gangs.flatMap(({ tasks }) => tasks)) gone.set(one.id, one);
          gained.push(task(demand.id, demand.role, agent, "cpus:1", { startedAt: 99 }));
          gained[gained.length - 1] = { ...(gained.at(-1) as HeldTask), resources: demand.resources };
        }
        const served = new Set(gained.map(({ id }) => id));
        const stays = snapshot.tasks.filter((one) => !gone.has(one.id) && !one.ending);
        // What was taken waits to run again.
        const demand = [
          ...snapshot.demand.filter(({ id }) => !served.has(id)),
          ...Array.from(
            gone.values(),
            (one): Demand => ({ id: `again ${one.id}`, role: one.role, resources: one.resources }),
          ),
        ];
        const next = cluster(2, EACH, [...stays, ...gained], demand, {
          roles: snapshot.roles,
          guarantees: snapshot.guarantees,
        });
        const lost = planReclaim(next).steps.flatMap(({ gangs }) =>
          gangs.flatMap(({ tasks }) => tasks.map(({ id }) => id)),
        );
        // Free room may have been given beyond a fair share, to whoever: only who gained by taking alone is safe.
        const { steps } = planReclaim(snapshot);
        const top = (one: Demand) => one.role.split("/")[0];
        const lucky = new Set(
          steps.filter(({ gangs }) => gangs.length === 0).map((step) => top(step.demand)),
        );
        const gainers = steps.filter((step) => step.gangs.length > 0 && !lucky.has(top(step.demand)));
        const safe = new Set(gainers.map((step) => step.demand.id));
        expect(lost.filter((id) => safe.has(id))).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });
});

describe("a decision that is interrupted", () => {
  it("is the one that is made at one go, whoever else decides meanwhile", () => {
    let taken = 0;
    fc.assert(
      fc.property(snapshots, snapshots, (one, other) => {
        const states: [ReclaimState, ReclaimState] = [NO_RECLAIM, NO_RECLAIM];
        for (const now of [0, 1, 2]) {
          const expected = [one, other].map((each, i) =>
            decideReclaim(each, states[i] ?? NO_RECLAIM, NOW, now),
          );
          const [left, right] = [
            decideStepwise(one, states[0], NOW, now),
            decideStepwise(other, states[1], NOW, now),
          ];
          let [a, b] = [left.next(), right.next()];
          while (!a.done || !b.done) {
            if (!a.done) a = left.next();
            if (!b.done) b = right.next();
          }
          expect([a.value, b.value]).toEqual(expected);
          states[0] = a.value.state;
          states[1] = b.value.state;
          taken += a.value.take.length;
        }
      }),
      { numRuns: 100 },
    );
    expect(taken).toBeGreaterThan(0);
  });

  it("yields often enough: nowhere are more than a few agents or tasks looked at in between", () => {
    const agents = 400;
    const tasks = Array.from({ length: agents * 4 }, (_, i) =>
      task(`t${i}`, "a", `a${(i % agents) + 1}`, "cpus:2"),
    );
    const demand = Array.from({ length: 8 }, (_, i) =>
      wants(`d${i}`, "b", "cpus:2", { admits: (agent) => agent !== "a1" }),
    );
    const work = decideStepwise(cluster(agents, "cpus:8", tasks, demand), NO_RECLAIM, NOW, 0);
    let yields = 0;
    while (!work.next().done) yields++;
    // Of each demand all agents are looked at twice: for room, and for what can be taken.
    expect(yields).toBeGreaterThan((2 * 8 * agents) / 64);
  });
});

/** Two roles on ten agents for 1,000 steps of a second; free room goes to whoever has least, as the allocator does it. */
class Simulation {
  readonly takes: { readonly step: number; readonly role: string }[] = [];
  #tasks: HeldTask[] = [];
  #ending = new Map<string, number>();
  #state: ReclaimState = NO_RECLAIM;
  #made = 0;
  readonly #options = { patience: 10, grace: 10, settle: 20 };

  held(role: string): number {
    return this.#tasks.filter((one) => one.role === role).length;
  }

  step(step: number, wanted: Readonly<Record<string, number>>): void {
    this.#tasks = this.#tasks.filter(({ id }) => (this.#ending.get(id) ?? Number.POSITIVE_INFINITY) > step);
    for (const [name, count] of Object.entries(wanted)) {
      const mine = this.#tasks.filter(({ role: of, id }) => of === name && !this.#ending.has(id));
      // The newest end by themselves when less is wanted.
      for (const { id } of mine.slice(count)) this.#ending.set(id, step + 1);
    }
    this.#place(step, wanted);
    const { take, state } = decideReclaim(this.#snapshot(wanted), this.#state, this.#options, step);
    this.#state = state;
    for (const id of take.flatMap(({ tasks }) => tasks)) {
      this.takes.push({ step, role: this.#tasks.find((one) => one.id === id)?.role ?? "" });
      // A kill takes three seconds.
      this.#ending.set(id, step + 3);
    }
  }

  #missing(wanted: Readonly<Record<string, number>>, name: string): number {
    const mine = this.#tasks.filter(({ role: of, id }) => of === name && !this.#ending.has(id)).length;
    return Math.max(0, (wanted[name] ?? 0) - mine);
  }

  #snapshot(wanted: Readonly<Record<string, number>>): ReclaimSnapshot {
    const tasks = this.#tasks.map((one) => ({ ...one, ending: this.#ending.has(one.id) }));
    const demand = Object.keys(wanted).flatMap((name) =>
      Array.from({ length: Math.min(16, this.#missing(wanted, name)) }, (_, i) =>
        wants(`${name} ${this.held(name) + i}`, name, "cpus:1"),
      ),
    );
    return cluster(10, "cpus:4", tasks, demand);
  }

  #place(step: number, wanted: Readonly<Record<string, number>>): void {
    for (;;) {
      const waiting = Object.keys(wanted).filter((name) => this.#missing(wanted, name) > 0);
      const [next] = waiting.sort((a, b) => this.held(a) - this.held(b));
      const at = this.#snapshot(wanted).agents.find(({ free }) => free.get("cpus") >= 1000);
      if (next === undefined || at === undefined) return;
      this.#tasks.push(task(`t${this.#made++}`, next, at.name, "cpus:1", { startedAt: step }));
    }
  }
}

describe("over 1,000 steps of two roles", () => {
  it("a greedy role and one that comes later share evenly, and then nothing is taken any more", () => {
    const simulation = new Simulation();
    for (let step = 0; step < 1000; step++)
      simulation.step(step, { greedy: 100, later: step < 50 ? 0 : 100 });
    expect([simulation.held("greedy"), simulation.held("later")]).toEqual([20, 20]);
    expect(simulation.takes).toHaveLength(20);
    expect(new Set(simulation.takes.map(({ role: of }) => of))).toEqual(new Set(["greedy"]));
    expect(Math.max(...simulation.takes.map(({ step }) => step))).toBeLessThan(400);
  });

  it("takes no more than is wanted", () => {
    const simulation = new Simulation();
    for (let step = 0; step < 1000; step++) simulation.step(step, { greedy: 100, later: step < 50 ? 0 : 7 });
    expect([simulation.held("later"), simulation.takes.length]).toEqual([7, 7]);
  });

  it("a demand that comes and goes faster than patience takes nothing", () => {
    const simulation = new Simulation();
    for (let step = 0; step < 1000; step++)
      simulation.step(step, { greedy: 100, later: step % 12 < 6 ? 10 : 0 });
    expect(simulation.takes).toEqual([]);
  });

  it("a demand that comes and goes slowly takes once each time, and only from who is above", () => {
    const simulation = new Simulation();
    for (let step = 0; step < 1000; step++)
      simulation.step(step, { greedy: 100, later: step % 200 < 100 ? 10 : 0 });
    expect(simulation.takes.every(({ role: of }) => of === "greedy")).toBe(true);
    expect(simulation.takes.length).toBeLessThanOrEqual(5 * 10);
    expect(simulation.takes.length).toBeGreaterThan(0);
  });

  it("who is at its share and restarts its tasks without end does not set off the other", () => {
    const simulation = new Simulation();
    for (let step = 0; step < 1000; step++)
      simulation.step(step, { one: step % 30 === 0 ? 15 : 20, two: 25 });
    expect(simulation.takes.filter(({ role: of }) => of === "one")).toEqual([]);
    expect(simulation.takes.length).toBeLessThanOrEqual(10);
  });
});
