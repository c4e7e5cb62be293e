import { expect, test } from "vitest";
import { slotEndOf } from "./slotEnd.ts";

const pod = (status: object, uid = "p1") => ({ metadata: { name: "mesos-slot-n1", uid }, status });

test("a slot Pod that runs, also one that is being ended, has not ended", () => {
  expect(slotEndOf("p1", pod({ phase: "Running" }))).toBeUndefined();
});

test("a slot Pod that is gone or another one was deleted", () => {
  expect(slotEndOf("p1", undefined)).toMatchObject({ preempted: false });
  expect(slotEndOf("p1", pod({ phase: "Running" }, "p2"))).toMatchObject({ preempted: false });
});

test("eviction and preemption are told from other ends", () => {
  const evicted = { phase: "Failed", reason: "Evicted", message: "The node was low on resource: memory." };
  expect(slotEndOf("p1", pod(evicted))).toEqual({
    preempted: true,
    message:
      "The slot Pod of the node has ended (Evicted: The node was low on resource: memory.), and all that ran below its cgroup with it",
  });
  const target = { type: "DisruptionTarget", status: "True", reason: "PreemptionByScheduler" };
  expect(slotEndOf("p1", pod({ phase: "Failed", conditions: [target] }))?.preempted).toBe(true);
  expect(slotEndOf("p1", pod({ phase: "Failed" }))?.preempted).toBe(false);
});
