import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { allocate } from "../allocate.ts";
import { agent, agents, framework, held, options, world } from "../world.fixture.ts";
import { fill, taskShare, tasksIn, times, type User, type Vector } from "./filling.fixture.ts";

/**
 * The properties of DRF as section 3 of the paper defines them hold for tasks that can be made as small as one likes, in one
 * pool of resources. Ours are not endlessly small: what is missing is at most the share of two of the largest tasks, and less the smaller
 * they are. "Known to fail" below has what is lost with large tasks, whole agents and nested roles.
 */
const SLACK = 2;

const demand = fc
  .array(fc.integer({ min: 0, max: 4 }), { minLength: 3, maxLength: 3 })
  .filter((amounts) => amounts.some((amount) => amount > 0));

const pool = fc.array(fc.integer({ min: 60, max: 200 }), { minLength: 3, maxLength: 3 });

const users = (weights: fc.Arbitrary<number> = fc.constant(1)): fc.Arbitrary<User[]> =>
  fc
    .array(fc.record({ demand, weight: weights }), { minLength: 2, maxLength: 4 })
    .map((list) => list.map((user, i) => ({ ...user, id: `u${i}` })));

function largest(all: readonly User[], total: Vector): number {
  return Math.max(...all.map((user) => taskShare(user.demand, total)));
}

describe("with small tasks in one pool", () => {
  it("sharing incentive: nobody has less than of its own part of every resource, parts by weight", () => {
    fc.assert(
      fc.property(pool, users(fc.constantFrom(1, 1, 2, 3)), (total, all) => {
        const { tasks } = fill([total], all);
        const sum = all.reduce((weights, { weight = 1 }) => weights + weight, 0);
        for (const [i, { demand: mine, weight = 1 }] of all.entries()) {
          const part = times(total, weight / sum);
          const slack = (SLACK * largest(all, total)) / taskShare(mine, total);
          expect(tasks[i] ?? 0).toBeGreaterThanOrEqual(tasksIn(part, mine) - slack);
        }
      }),
      { numRuns: 25 },
    );
  });

  it("envy-freeness: nobody could run more with what another has", () => {
    fc.assert(
      fc.property(pool, users(), (total, all) => {
        const { tasks } = fill([total], all);
        for (const [i, { demand: mine }] of all.entries()) {
          const slack = (SLACK * largest(all, total)) / taskShare(mine, total);
          for (const [j, other] of all.entries()) {
            const could = tasksIn(times(other.demand, tasks[j] ?? 0), mine);
            expect(could).toBeLessThanOrEqual((tasks[i] ?? 0) + slack);
          }
        }
      }),
      { numRuns: 25 },
    );
  });

  it("strategy-proofness: nobody runs more by asking for what it does not need", () => {
    fc.assert(
      fc.property(pool, users(), demand, (total, all, lie) => {
        const [liar] = all;
        if (liar === undefined) return;
        const lying = [{ ...liar, demand: lie }, ...all.slice(1)];
        const [honest = 0] = fill([total], all).tasks;
        const [lied = 0] = fill([total], lying).tasks;
        const slack = (SLACK * largest([...all, ...lying], total)) / taskShare(liar.demand, total);
        expect(tasksIn(times(lie, lied), liar.demand)).toBeLessThanOrEqual(honest + slack);
      }),
      { numRuns: 25 },
    );
  });

  it("of one resource: max-min fair, so as many each as weights say", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 40, max: 100 }),
        fc.array(fc.constantFrom(1, 2, 3), { minLength: 2, maxLength: 5 }),
        (total, weights) => {
          const all = weights.map((weight, i) => ({ id: `u${i}`, demand: [1], weight }));
          const { tasks } = fill([[total]], all);
          const sum = weights.reduce((a, b) => a + b, 0);
          for (const [i, count] of tasks.entries()) {
            expect(Math.abs(count - (total * (weights[i] ?? 1)) / sum)).toBeLessThanOrEqual(SLACK);
          }
        },
      ),
      { numRuns: 20 },
    );
  });

  // Of users who all need something of each resource: one who needs no more of what is used up goes on with the rest, and may
  // then be in the way of a third.
  it("population monotonicity: nobody has less because another has left", () => {
    const positive = users().filter((all) => all.every((user) => user.demand.every((amount) => amount > 0)));
    fc.assert(
      fc.property(pool, positive, (total, all) => {
        const before = fill([total], all).tasks;
        const after = fill([total], all.slice(1)).tasks;
        for (const [i, { demand: mine }] of all.slice(1).entries()) {
          const slack = (SLACK * largest(all, total)) / taskShare(mine, total);
          expect((after[i] ?? 0) + slack).toBeGreaterThanOrEqual(before[i + 1] ?? 0);
        }
      }),
      { numRuns: 20 },
    );
  });
});

describe("with tasks of any size", () => {
  const machine = fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 3, maxLength: 3 });
  const machines = fc.array(machine, { minLength: 1, maxLength: 8 });

  it("Pareto efficiency, on many agents: in the end nobody could run one more task unless another ran less", () => {
    fc.assert(
      fc.property(machines, users(), (list, all) => {
        for (const free of fill(list, all).left) {
          for (const { demand: mine } of all) expect(tasksIn(free, mine)).toBeLessThan(1);
        }
      }),
      { numRuns: 30 },
    );
  });

  it("in one pool each task goes to who has least of its dominant resource over its weight, of those who still want some", () => {
    fc.assert(
      fc.property(pool, users(fc.constantFrom(1, 2)), (total, all) => {
        const share = new Map(all.map(({ id }) => [id, 0]));
        const last = new Map<string, number>();
        const { turns } = fill([total], all);
        for (const [turn, id] of turns.entries()) last.set(id, turn);
        for (const [turn, id] of turns.entries()) {
          const waiting = all.filter((user) => (last.get(user.id) ?? -1) >= turn);
          const least = Math.min(...waiting.map((user) => share.get(user.id) ?? 0));
          expect(share.get(id)).toBeCloseTo(least, 9);
          const user = all.find((one) => one.id === id);
          share.set(id, (share.get(id) ?? 0) + taskShare(user?.demand ?? [], total) / (user?.weight ?? 1));
        }
      }),
      { numRuns: 30 },
    );
  });
});

describe("the worked examples of the paper", () => {
  const A = { id: "A", demand: [1, 4] };
  const B = { id: "B", demand: [3, 1] };

  it("section 4.1: <1 CPU, 4 GB> and <3 CPU, 1 GB> on <9, 18> run 3 and 2 tasks, of equal dominant share", () => {
    const { tasks, left } = fill([[9, 18]], [A, B]);
    expect(tasks).toEqual([3, 2]);
    expect(left).toEqual([[0, 4]]);
    expect([3 * taskShare(A.demand, [9, 18]), 2 * taskShare(B.demand, [9, 18])]).toEqual([2 / 3, 2 / 3]);
  });

  it("table 1: the turns are B, A, A, B, A when the tie at the start goes to B", () => {
    const first = { ...B, id: "1B" };
    expect(fill([[9, 18]], [A, first]).turns).toEqual(["1B", "A", "A", "1B", "A"]);
  });

  it("the users may be frameworks of one role as well", () => {
    const both = [A, B].map((user) => ({ ...user, role: "r" }));
    expect(fill([[9, 18]], both).tasks).toEqual([3, 2]);
  });

  it("section 4.3, weighted: dominant shares are as the weights", () => {
    const { tasks } = fill([[900, 1800]], [A, { ...B, weight: 2 }]);
    const [a = 0, b = 0] = tasks;
    // Shares 4a/1800 and 3b/900 as 1 to 2, and all cpus in use: a + 3b = 900.
    expect([a, b]).toEqual([180, 240]);
    expect((b * 3) / 900 / ((a * 4) / 1800)).toBe(2);
  });

  it("theorem 1's cluster, where asset fairness gives a user less than half: DRF gives half of its dominant resource", () => {
    const { tasks } = fill(
      [[30, 30]],
      [
        { id: "1", demand: [1, 3] },
        { id: "2", demand: [1, 1] },
      ],
    );
    expect(tasks).toEqual([5, 15]);
  });

  it("figure 4's cluster, where lying pays under competitive equilibrium: under DRF it does not", () => {
    const total = [1000, 1000];
    const other = { id: "2", demand: [1, 2] };
    const honest = fill([total], [{ id: "1", demand: [16, 1] }, other]);
    const lied = fill([total], [{ id: "1", demand: [16, 8] }, other]);
    expect(lied.tasks[0]).toBeLessThanOrEqual(honest.tasks[0] ?? 0);
  });
});

/** Stated, so that nobody takes the properties above for more than they are. */
describe("known to fail", () => {
  it("sharing incentive with large tasks: one task may be more than all that is left for another", () => {
    const all = [
      { id: "u0", demand: [1, 2] },
      { id: "u1", demand: [0, 1] },
    ];
    expect(fill([[3, 2]], all).tasks).toEqual([1, 0]);
    expect(tasksIn([1.5, 1], [0, 1])).toBe(1);
  });

  it("envy-freeness with large tasks: two alike, of which one must wait", () => {
    const alike = ["u0", "u1"].map((id) => ({ id, demand: [2, 2] }));
    expect(fill([[3, 3]], alike).tasks).toEqual([1, 0]);
  });

  it("strategy-proofness with large tasks: one that asks for more at once leaves no room for another's task", () => {
    const other = { id: "u1", demand: [2, 2] };
    expect(fill([[3, 2]], [{ id: "u0", demand: [1, 0] }, other]).tasks).toEqual([1, 1]);
    const lied = fill([[3, 2]], [{ id: "u0", demand: [3, 1] }, other]).tasks;
    expect(tasksIn(times([3, 1], lied[0] ?? 0), [1, 0])).toBe(3);
  });

  it("sharing incentive with whole agents: there may be fewer agents than frameworks, and who is offered one may keep it", () => {
    const start = world({
      agents: agents(2, "cpus:30"),
      frameworks: ["a", "b", "c"].map((id) => framework(id, id)),
    });
    const { offers } = allocate(start, options());
    expect(offers.map((offer) => offer.framework)).toEqual(["a", "b"]);
  });

  it("sharing incentive in nested roles with complementary needs: a sibling's other resource makes the branch's share", () => {
    // Bhattacharya et al., "Hierarchical Scheduling for Diverse Datacenter Workloads" (SoCC 2013): b/x has half of the cpus until it
    // gives some back; b's share is 1 by b/y's mem, so that all that comes free goes to a.
    const start = world({
      agents: [
        agent("a1", "cpus:10;mem:10", {
          allocations: [held("A", "a", "cpus:9"), held("Y", "b/y", "mem:10")],
        }),
      ],
      frameworks: [framework("A", "a"), framework("X", "b/x"), framework("Y", "b/y")],
    });
    expect(allocate(start, options()).offers.map((offer) => offer.framework)).toEqual(["A"]);
  });
});
