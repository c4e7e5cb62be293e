import { expect, test } from "vitest";
import type { Agent } from "../../api/agent.ts";
import type { Task } from "../../api/task.ts";
import { specWith } from "../lifecycle/fixture.ts";
import { killRequest } from "./killRequest.ts";

const task = (spec: Partial<Task["spec"]>, metadata: object = {}) => ({
  metadata: { name: "t", ...metadata },
  spec: specWith(spec),
});
const agent = (draining?: Agent["spec"]["draining"]): Agent => ({
  apiVersion: "mesos.dev/v1alpha1",
  kind: "Agent",
  metadata: { name: "n" },
  spec: { unschedulable: false, ...(draining ? { draining } : {}) },
});

test("nothing is asked of a task that is neither killed nor deleted", () => {
  expect(killRequest(task({}), agent({ markGone: false }), true)).toBeUndefined();
});

test("the grace period is the kill's own, else the policy's, else 3 s", () => {
  const killPolicy = { gracePeriod: "20s" };
  expect(killRequest(task({ kill: { gracePeriod: "5s" }, killPolicy }), agent(), false)?.graceMs).toBe(5_000);
  expect(killRequest(task({ kill: {}, killPolicy }), agent(), false)?.graceMs).toBe(20_000);
  expect(killRequest(task({ kill: {} }), undefined, false)).toEqual({ cause: "request", graceMs: 3_000 });
});

test("deletion kills", () => {
  const deleted = task({}, { deletionTimestamp: "2026-01-01T00:00:00Z" });
  expect(killRequest(deleted, agent(), false)?.cause).toBe("request");
});

test("a kill of the operator says why", () => {
  const message = "the taint maintenance:NoExecute of the node n is not tolerated";
  const kill = { reason: "REASON_AGENT_DRAINING", message } as const;
  expect(killRequest(task({ kill }), agent(), false)).toEqual({ cause: "drain", graceMs: 3_000, message });
});

test("a kill for another role says that", () => {
  const message = "taken back for the role b";
  const kill = { reason: "REASON_CONTAINER_PREEMPTED", message } as const;
  expect(killRequest(task({ kill }), agent(), false)).toEqual({ cause: "preempt", graceMs: 3_000, message });
  expect(killRequest(task({ kill }), agent({ markGone: false }), false)?.cause).toBe("drain");
});

test("a kill while the agent is drained, or its slot is being ended, is part of that", () => {
  const killed = task({ kill: {} });
  expect(killRequest(killed, agent({ markGone: false }), false)?.cause).toBe("drain");
  expect(killRequest(killed, agent({ markGone: true }), false)?.cause).toBe("drainGone");
  expect(killRequest(killed, agent(), true)?.cause).toBe("drain");
});
