import { describe, expect, it } from "vitest";
import type { Task } from "../../api/task.ts";
import type { Node } from "../../cluster/core.ts";
import type { Live } from "../../cluster/object.ts";
import type { Taint, Toleration } from "../node/taints.ts";
import { metadata, task } from "../objects.fixture.ts";
import { Standing } from "./standing.ts";
import { type TaintFacts, taintStep } from "./tolerance.ts";

const created = "2026-01-01T00:00:00Z";
const start = Date.parse(created);
const SECOND = 1000;

const maintenance = { key: "maintenance", effect: "NoExecute" };
const dedicated = { key: "dedicated", value: "x", effect: "NoExecute" };
const notReady = { key: "node.kubernetes.io/not-ready", effect: "NoExecute" };
const forSeconds = (key: string, tolerationSeconds: number): Toleration => ({
  key,
  operator: "Exists",
  effect: "NoExecute",
  tolerationSeconds,
});
const forGood = (key: string): Toleration => ({ key, operator: "Exists" });

const running = task("t", { framework: "fw", agent: "n1" }, { state: "TASK_RUNNING" });
const facts = (taints: readonly Taint[], more: Partial<TaintFacts> = {}): TaintFacts => ({
  taints: taints.map((taint) => ({ taint, since: start })),
  tolerations: [],
  partitionAware: true,
  now: start + 10 * SECOND,
  ...more,
});

describe("taintStep", () => {
  it("lets a task be that no taint concerns", () => {
    expect(taintStep(running, facts([]))).toBeUndefined();
    expect(
      taintStep(running, facts([maintenance], { tolerations: [forGood("maintenance")] })),
    ).toBeUndefined();
  });

  it("kills what does not tolerate one of them, and names it", () => {
    const message = "the taint dedicated=x:NoExecute of the node n1 is not tolerated";
    const step = taintStep(
      running,
      facts([maintenance, dedicated], { tolerations: [forGood("maintenance")] }),
    );
    expect(step).toEqual({ kind: "kill", message });
  });

  it("drops what has not begun", () => {
    const waiting = task("t", { framework: "fw", agent: "n1" });
    const end = (partitionAware: boolean) => taintStep(waiting, facts([maintenance], { partitionAware }));
    expect(end(true)).toMatchObject({
      kind: "end",
      transition: { state: "TASK_DROPPED", reason: "REASON_AGENT_DRAINING" },
    });
    expect(end(false)).toMatchObject({ transition: { state: "TASK_LOST" } });
  });

  it.each<[string, Live<Task>]>([
    ["has ended", task("t", { agent: "n1" }, { state: "TASK_FAILED" })],
    ["is killed already", task("t", { agent: "n1", kill: {} }, { state: "TASK_RUNNING" })],
  ])("leaves alone what %s", (_name, object) => {
    expect(taintStep(object, facts([maintenance]))).toBeUndefined();
  });

  it("waits for tolerationSeconds from the taint on, then kills", () => {
    const tolerations = [forSeconds("maintenance", 60)];
    expect(taintStep(running, facts([maintenance], { tolerations }))).toEqual({
      kind: "wait",
      after: 50 * SECOND,
    });
    expect(taintStep(running, facts([maintenance], { tolerations, now: start + 60 * SECOND }))).toEqual({
      kind: "kill",
      message: "the taint maintenance:NoExecute of the node n1 is tolerated for 60 s only",
    });
  });

  it("counts from the task's arrival when that is later", () => {
    const later = { creationTimestamp: "2026-01-01T00:00:08Z" };
    const late = task("t", { framework: "fw", agent: "n1" }, { state: "TASK_RUNNING" }, later);
    const tolerations = [forSeconds("maintenance", 60)];
    expect(taintStep(late, facts([maintenance], { tolerations }))).toEqual({
      kind: "wait",
      after: 58 * SECOND,
    });
    const placed = { type: "Placed", reason: "Placed", message: "" } as const;
    const lastTransitionTime = "2026-01-01T00:00:09Z";
    const builtIn = (status: "True" | "False") =>
      task("t", { agent: "n1" }, { conditions: [{ ...placed, status, lastTransitionTime }] });
    expect(taintStep(builtIn("True"), facts([maintenance], { tolerations }))).toEqual({
      kind: "wait",
      after: 59 * SECOND,
    });
    expect(taintStep(builtIn("False"), facts([maintenance], { tolerations }))).toEqual({
      kind: "wait",
      after: 60 * SECOND,
    });
  });

  it("goes by the first toleration that matches, and by the taint that is due first", () => {
    const both = [forSeconds("maintenance", 60), forGood("maintenance"), forSeconds("dedicated", 30)];
    expect(taintStep(running, facts([maintenance, dedicated], { tolerations: both }))).toEqual({
      kind: "wait",
      after: 20 * SECOND,
    });
    const good = [forGood("maintenance"), forSeconds("maintenance", 60)];
    expect(taintStep(running, facts([maintenance], { tolerations: good }))).toBeUndefined();
  });

  it("leaves a kubelet that is away to the agent's Lease, unless the task says otherwise", () => {
    expect(taintStep(running, facts([notReady]))).toBeUndefined();
    const unreachable = { key: "node.kubernetes.io/unreachable", effect: "NoExecute" };
    expect(taintStep(running, facts([unreachable]))).toBeUndefined();
    expect(taintStep(running, facts([notReady], { tolerations: [forSeconds(notReady.key, 5)] }))?.kind).toBe(
      "kill",
    );
  });
});

describe("Standing", () => {
  const node = (...taints: NonNullable<NonNullable<Node["spec"]>["taints"]>): Live<Node> => ({
    metadata: metadata("n1"),
    spec: { taints },
  });

  it("knows NoExecute taints alone, by the time they say or that they were first seen at", () => {
    const standing = new Standing();
    const dated = { ...dedicated, timeAdded: created };
    const schedule = { key: "a", effect: "NoSchedule" };
    const seen = (now: number) =>
      standing.observe("n1", node(maintenance, dated, schedule), now).map(({ since }) => since - start);
    expect(seen(start + 5)).toEqual([5, 0]);
    expect(seen(start + 9)).toEqual([5, 0]);
  });

  it("forgets one that went", () => {
    const standing = new Standing();
    standing.observe("n1", node(maintenance), 1);
    expect(standing.observe("n1", undefined, 2)).toEqual([]);
    expect(standing.observe("n1", node(maintenance), 3)).toEqual([{ taint: maintenance, since: 3 }]);
  });
});
