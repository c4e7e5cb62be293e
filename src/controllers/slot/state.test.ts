import { describe, expect, it } from "vitest";
import type { Pod } from "../../cluster/core.ts";
import { endingOf, isSlot, slotPhase, slotState } from "./state.ts";

type Status = NonNullable<Pod["status"]>;
const slot = (status: Status = {}, deletionTimestamp?: string): Pod => ({
  metadata: {
    name: "mesos-slot-n1",
    namespace: "mesos-system",
    ...(deletionTimestamp && { deletionTimestamp }),
  },
  spec: {
    nodeName: "n1",
    containers: [{ name: "slot", resources: { requests: { cpu: "510m", memory: "80Mi" } } }],
  },
  status,
});
const container = (more: object) => ({
  name: "slot",
  image: "",
  imageID: "",
  ready: true,
  restartCount: 0,
  ...more,
});
const running = { phase: "Running", containerStatuses: [container({ state: { running: {} } })] };

it.each<[string, Pod | undefined, string]>([
  ["none", undefined, "absent"],
  ["made", slot(), "starting"],
  ["pending", slot({ phase: "Pending" }), "starting"],
  ["running", slot(running), "running"],
  [
    "its container restarts",
    slot({ phase: "Running", containerStatuses: [container({ state: { waiting: {} } })] }),
    "starting",
  ],
  ["deleted", slot(running, "2026-01-01T00:00:00Z"), "ending"],
  ["evicted", slot({ phase: "Failed" }), "ended"],
  ["deleted and dead", slot({ phase: "Failed" }, "2026-01-01T00:00:00Z"), "ended"],
])("slotPhase: %s", (_name, pod, phase) => {
  expect(slotPhase(pod)).toBe(phase);
});

describe("slotState", () => {
  const MI = 2 ** 20;

  it("reads what is asked and what is granted", () => {
    const granted = slotState(
      slot({ containerStatuses: [container({ allocatedResources: { cpu: "10m", memory: "16Mi" } })] }),
    );
    expect(granted.asked).toEqual({ cpuMilli: 510, memoryBytes: 80 * MI });
    expect(granted.granted).toEqual({ cpuMilli: 10, memoryBytes: 16 * MI });
    expect(granted.pending).toBeUndefined();
  });

  it("has nothing granted before the kubelet says so", () => {
    expect(slotState(slot(running)).granted).toEqual({ cpuMilli: 0, memoryBytes: 0 });
  });

  it("reads why a resize is pending, and an error of one in progress", () => {
    const conditions = [
      { type: "PodResizePending", status: "True", reason: "Deferred", message: "cpu" },
      { type: "PodResizeInProgress", status: "True", reason: "Error", message: "boom" },
    ];
    expect(slotState(slot({ conditions }))).toMatchObject({
      pending: { reason: "Deferred", message: "cpu" },
      progress: { error: "boom" },
    });
  });
});

it("isSlot goes by name and namespace, not by labels", () => {
  expect(isSlot(slot(), "mesos-system")).toBe(true);
  expect(isSlot(slot(), "other")).toBe(false);
  expect(
    isSlot(
      { ...slot(), metadata: { name: "x", namespace: "mesos-system", labels: { "mesos.dev/slot": "true" } } },
      "mesos-system",
    ),
  ).toBe(false);
});

it.each<[string, Pod, string]>([
  ["by the kubelet", slot({ reason: "Evicted", message: "low on memory" }), "Evicted: low on memory"],
  [
    "by preemption",
    slot({
      conditions: [
        { type: "DisruptionTarget", status: "True", reason: "PreemptionByScheduler", message: "m" },
      ],
    }),
    "PreemptionByScheduler: m",
  ],
  ["by someone", slot({}, "2026-01-01T00:00:00Z"), "it was deleted"],
  ["by itself", slot({}), "it ended"],
])("endingOf: %s", (_name, pod, expected) => {
  expect(endingOf(pod)).toBe(expected);
});
