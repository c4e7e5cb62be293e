import { describe, expect, it } from "vitest";
import { Agent, type Agent as AgentObject } from "../../api/agent.ts";
import { typeMeta } from "../../api/kind.ts";
import { Task, type Task as TaskObject, type TaskStatus } from "../../api/task.ts";
import type { Node, Pod } from "../../cluster/core.ts";
import type { Live, Metadata } from "../../cluster/object.ts";
import { metadata } from "../objects.fixture.ts";
import { type Drain, drainOf, drainStep } from "./drain.ts";
import { type Absence, absenceTransition } from "./liveness.ts";
import { type Presence, presenceOf } from "./presence.ts";

const created = "2026-01-01T00:00:00Z";
const now = Date.parse(created);
const deleted: Metadata = { deletionTimestamp: created };
const agent = (spec: Partial<AgentObject["spec"]> = {}, more?: Metadata): Live<AgentObject> => ({
  ...typeMeta(Agent),
  metadata: metadata("n1", more),
  spec: { unschedulable: false, ...spec },
});
const node: Live<Node> = { metadata: metadata("n1") };
const task = (status?: TaskStatus, spec: Partial<TaskObject["spec"]> = {}): Live<TaskObject> => ({
  ...typeMeta(Task),
  metadata: metadata("t"),
  spec: { role: "*", agent: "n1", resources: [], ...spec },
  ...(status && { status }),
});

describe("presenceOf", () => {
  it.each<
    [
      string,
      Live<AgentObject> | undefined,
      Live<Node> | undefined,
      "fresh" | "lapsed" | "absent" | "unknown",
      number,
      Presence,
    ]
  >([
    ["renews", agent(), node, "fresh", 0, "alive"],
    ["not known yet", agent(), node, "unknown", 0, "alive"],
    ["starts", agent(), node, "absent", 74_999, "alive"],
    ["never came", agent(), node, "absent", 75_000, "lapsed"],
    ["lapsed", agent(), node, "lapsed", 0, "lapsed"],
    ["lapsed, node deleted", agent(), undefined, "lapsed", 0, "gone"],
    ["renews, though the node was deleted", agent(), undefined, "fresh", 0, "alive"],
    ["lapsed, Agent deleted", agent({}, deleted), node, "lapsed", 0, "gone"],
    ["nothing is left", undefined, undefined, "absent", 75_000, "gone"],
  ])("%s", (_name, object, at, lease, absentFor, expected) => {
    expect(presenceOf({ agent: object, node: at, lease, absentFor, timeout: 75_000 })).toBe(expected);
  });
});

describe("absenceTransition", () => {
  const transition = (status: TaskStatus | undefined, absence: Partial<Absence>) =>
    absenceTransition(task(status), {
      presence: "lapsed",
      slotEnded: false,
      partitionAware: true,
      now: created,
      ...absence,
    });
  const running: TaskStatus = { state: "TASK_RUNNING" };
  const away: TaskStatus = { state: "TASK_UNREACHABLE", unreachableSince: created };
  const lost: TaskStatus = { state: "TASK_LOST", unreachableSince: created };

  it.each<[string, TaskStatus | undefined, Partial<Absence>, string | undefined, string | undefined]>([
    ["says nothing while the agent is alive", running, { presence: "alive" }, undefined, undefined],
    ["runs", running, {}, "TASK_UNREACHABLE", created],
    ["runs, for one who knows LOST only", running, { partitionAware: false }, "TASK_LOST", created],
    ["says it once", away, {}, undefined, undefined],
    ["says it once, LOST too", lost, { partitionAware: false }, undefined, undefined],
    ["has not begun", undefined, {}, "TASK_DROPPED", undefined],
    ["has not begun, LOST", { state: "TASK_STAGING" }, { partitionAware: false }, "TASK_LOST", undefined],
    ["has ended", { state: "TASK_FINISHED" }, {}, undefined, undefined],
    ["ran under a slot that has ended", away, { slotEnded: true }, "TASK_GONE", undefined],
    ["the same, LOST", lost, { slotEnded: true, partitionAware: false }, "TASK_LOST", undefined],
    ["the agent is gone", away, { presence: "gone" }, "TASK_GONE_BY_OPERATOR", undefined],
    [
      "the agent is gone, LOST for good",
      lost,
      { presence: "gone", partitionAware: false },
      "TASK_LOST",
      undefined,
    ],
    ["the agent is gone before it began", undefined, { presence: "gone" }, "TASK_DROPPED", undefined],
  ])("%s", (_name, status, absence, state, since) => {
    const found = transition(status, absence);
    expect(found?.state).toBe(state);
    expect(found?.unreachableSince).toBe(since);
  });
});

const slot = (phase: string, more: Metadata = {}): Live<Pod> => ({
  metadata: metadata("mesos-slot-n1", more),
  status: { phase },
});
const deadline = (seconds: number, grace = 3600): Metadata => ({
  deletionTimestamp: new Date(now + seconds * 1000).toISOString(),
  deletionGracePeriodSeconds: grace,
});

describe("drainOf", () => {
  it.each<[string, Live<AgentObject> | undefined, Live<Pod> | undefined, Drain | undefined]>([
    ["nothing asks for it", agent(), slot("Running"), undefined],
    [
      "the administrator does",
      agent({ draining: { markGone: false } }),
      slot("Running"),
      { cause: "spec.draining" },
    ],
    [
      "with a grace",
      agent({ draining: { grace: "1m", markGone: false } }),
      slot("Running"),
      { cause: "spec.draining", grace: 60_000 },
    ],
    [
      "an eviction: until the kubelet kills",
      agent(),
      slot("Running", deadline(3600)),
      { cause: "the slot Pod is being evicted or deleted", grace: 3_597_000 },
    ],
    [
      "an eviction whose time is over",
      agent(),
      slot("Running", deadline(1)),
      { cause: "the slot Pod is being evicted or deleted", grace: 0 },
    ],
    [
      "both: the shorter grace",
      agent({ draining: { grace: "1m", markGone: false } }),
      slot("Running", deadline(33)),
      { cause: "spec.draining", grace: 30_000 },
    ],
    ["a slot deleted by force is lost", agent(), slot("Running", deadline(0, 0)), undefined],
    ["the Agent is deleted", agent({}, deleted), slot("Running"), { cause: "the Agent is being deleted" }],
    ["a slot that has ended is no eviction", agent(), slot("Failed", deadline(1)), undefined],
  ])("%s", (_name, object, pod, expected) => {
    expect(drainOf(object, pod, now)).toEqual(expected);
  });
});

describe("drainStep", () => {
  const drain = (grace?: number): Drain => ({
    cause: "spec.draining",
    ...(grace !== undefined && { grace }),
  });
  const running: TaskStatus = { state: "TASK_RUNNING" };

  it("drops what has not begun", () => {
    expect(drainStep(task(), drain(), true)).toMatchObject({
      kind: "end",
      transition: { state: "TASK_DROPPED", reason: "REASON_AGENT_DRAINING" },
    });
    expect(drainStep(task(), drain(), false)).toMatchObject({ transition: { state: "TASK_LOST" } });
  });

  it.each<[string, string | undefined, number | undefined, string | undefined]>([
    ["the task's own grace", "10s", undefined, undefined],
    ["the task's own if it is shorter", "10s", 20_000, undefined],
    ["the drain's if that is shorter", "10s", 5_000, "5000ms"],
    ["Mesos's default is the task's own", undefined, 5_000, undefined],
    ["the drain's below Mesos's default", undefined, 1_000, "1000ms"],
  ])("kills with %s", (_name, own, grace, gracePeriod) => {
    const policy = own === undefined ? {} : { killPolicy: { gracePeriod: own } };
    expect(drainStep(task(running, policy), drain(grace), true)).toEqual({ kind: "kill", gracePeriod });
  });

  it("does nothing twice, nor to what has ended", () => {
    expect(drainStep(task(running, { kill: {} }), drain(), true)).toBeUndefined();
    expect(drainStep(task({ state: "TASK_KILLED" }), drain(), true)).toBeUndefined();
  });
});
