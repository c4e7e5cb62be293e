import { describe, expect, it } from "vitest";
import { decideReclaim, NO_RECLAIM, type ReclaimDecision, type ReclaimState } from "./decide.ts";
import { cluster, task, wants } from "./snapshot.fixture.ts";
import type { Demand, HeldTask, ReclaimSnapshot } from "./snapshot.ts";

const OPTIONS = { patience: 10, grace: 20, settle: 30, longest: 100 };

const four = [0, 1, 2, 3].map((i) => task(`t${i}`, "a", "a1", "cpus:1", { startedAt: i }));
const full = (demand: readonly Demand[] = [wants("d", "b", "cpus:1")], tasks: readonly HeldTask[] = four) =>
  cluster(1, "cpus:4", tasks, demand);

/** Decides again and again; each knows what the last one left. */
class Clock {
  state: ReclaimState = NO_RECLAIM;
  at(now: number, snapshot: ReclaimSnapshot): ReclaimDecision {
    const decision = decideReclaim(snapshot, this.state, OPTIONS, now);
    this.state = decision.state;
    return decision;
  }
  /** `taken` and `warned` tasks, and when to come again. */
  says(now: number, snapshot: ReclaimSnapshot): [string[], string[], number | undefined] {
    const { take, warn, next } = this.at(now, snapshot);
    return [take.flatMap(({ tasks }) => tasks), warn.flatMap(({ tasks }) => tasks), next];
  }
}

describe("taking back", () => {
  it("waits for patience, tells, waits for grace, takes", () => {
    const clock = new Clock();
    expect(clock.says(0, full())).toEqual([[], [], 10]);
    expect(clock.says(9, full())).toEqual([[], [], 10]);
    expect(clock.says(10, full())).toEqual([[], ["t3"], 30]);
    expect(clock.says(29, full())).toEqual([[], ["t3"], 30]);
    expect(clock.says(30, full())).toEqual([["t3"], [], 60]);
  });

  it("says for whom, where and when", () => {
    const clock = new Clock();
    clock.at(0, full());
    expect(clock.at(10, full()).warn).toEqual([
      { tasks: ["t3"], role: "b", demand: "d", agent: "a1", at: 30 },
    ]);
  });

  it("takes nothing twice while what was taken is ending", () => {
    const clock = new Clock();
    for (const now of [0, 10, 30]) clock.at(now, full());
    for (const now of [31, 59, 200]) expect(clock.says(now, full())).toEqual([[], [], expect.anything()]);
    expect([...clock.state.taken]).toEqual(["task t3"]);
    const after = full([], four.slice(0, 3));
    expect(clock.says(201, after)[0]).toEqual([]);
    expect([...clock.state.taken]).toEqual([]);
  });

  it("keeps what is ending for whom it was taken, and takes something else for others", () => {
    const clock = new Clock();
    const both = [wants("d", "b", "cpus:1"), wants("e", "c", "cpus:1")];
    for (const now of [0, 10]) clock.at(now, full());
    clock.at(25, full(both));
    expect(clock.says(30, full(both))[0]).toEqual(["t3"]);
    expect(clock.says(35, full(both))[1]).toEqual(["t2"]);
    expect(clock.says(55, full(both))[0]).toEqual(["t2"]);
  });

  it("lets go of who was told when the demand ends, and is patient anew when it comes again", () => {
    const clock = new Clock();
    clock.at(0, full());
    clock.at(10, full());
    expect(clock.says(29, full([]))).toEqual([[], [], undefined]);
    expect(clock.state).toEqual(NO_RECLAIM);
    expect(clock.says(30, full())).toEqual([[], [], 40]);
  });

  it("is not put off by tasks that start after others were told", () => {
    const clock = new Clock();
    clock.at(0, full());
    clock.at(10, full());
    const restarted = [task("t9", "a", "a1", "cpus:1", { startedAt: 20 }), ...four.slice(1)];
    expect(clock.says(30, full(undefined, restarted))[0]).toEqual(["t3"]);
  });

  it("rests until what came free is used, longer each time that it was not", () => {
    const clock = new Clock();
    let tasks = [...four];
    const takenAt: number[] = [];
    for (let now = 0; now <= 600; now++) {
      const { take } = clock.at(now, full(undefined, tasks));
      if (take.length > 0) takenAt.push(now);
      // b never takes it; a takes it back at once.
      const gone = new Set(take.flatMap((one) => one.tasks));
      const fresh = tasks
        .filter(({ id }) => gone.has(id))
        .map((one) => ({ ...one, id: `${one.id}'`, startedAt: now }));
      tasks = [...tasks.filter(({ id }) => !gone.has(id)), ...fresh];
    }
    const between = takenAt.slice(1).map((at, i) => at - (takenAt[i] ?? 0));
    expect(takenAt[0]).toBe(30);
    expect(between.length).toBeGreaterThan(2);
    expect(between).toEqual([...between].sort((a, b) => a - b));
    expect(between.at(-1)).toBeGreaterThanOrEqual(OPTIONS.longest);
  });

  it("forgets such failures once something was of use", () => {
    const clock = new Clock();
    for (const now of [0, 10, 30]) clock.at(now, full());
    clock.at(
      60,
      full(
        undefined,
        four.map((one) => (one.id === "t3" ? { ...one, id: "t4", startedAt: 9 } : one)),
      ),
    );
    expect(clock.state.rests.get("b")?.strikes).toBe(1);
    const again = four.map((one) => (one.id === "t3" ? { ...one, id: "t4", startedAt: 9 } : one));
    for (const now of [130, 150]) clock.at(now, full(undefined, again));
    const used = [...four.slice(0, 3), task("d", "b", "a1", "cpus:1")];
    clock.at(300, full([], used));
    expect(clock.state.rests.size).toBe(0);
  });

  it("of several for one demand takes all at once, when the last was told long enough", () => {
    const clock = new Clock();
    const two = [wants("d", "b", "cpus:2")];
    clock.at(0, full(two));
    expect(clock.says(10, full(two))[1]).toEqual(["t3", "t2"]);
    const changed = four.map((one) => (one.id === "t2" ? { ...one, id: "u2" } : one));
    expect(clock.says(20, full(two, changed))).toEqual([[], ["t3", "u2"], 40]);
    expect(clock.says(30, full(two, changed))[0]).toEqual([]);
    expect(clock.says(40, full(two, changed))[0]).toEqual(["t3", "u2"]);
  });
});
