import { describe, expect, it } from "vitest";
import { Agent, type Agent as AgentObject } from "../../api/agent.ts";
import { typeMeta } from "../../api/kind.ts";
import { Offer, type Offer as OfferObject } from "../../api/offer.ts";
import { Task, type Task as TaskObject } from "../../api/task.ts";
import { findCondition } from "../../cluster/conditions.ts";
import type { Node, Pod } from "../../cluster/core.ts";
import type { Live } from "../../cluster/object.ts";
import { operatorConfig } from "../../config/operator.ts";
import { parseResources } from "../../resources/index.ts";
import { offerable } from "../node/offerable.ts";
import { executor } from "../objects.fixture.ts";
import { holdings } from "../world/holdings.ts";
import { isOverbooked } from "./overbooking.ts";
import type { AgentSnapshot } from "./snapshot.ts";
import { operatorStatus } from "./status.ts";

const config = operatorConfig.parse({});
const now = "2026-01-02T00:00:00Z";
const metadata = (name: string, namespace?: string) => ({
  name,
  uid: name,
  resourceVersion: "1",
  creationTimestamp: "2026-01-01T00:00:00Z",
  generation: 3,
  ...(namespace !== undefined && { namespace }),
});
const agent = (
  spec: Partial<AgentObject["spec"]> = {},
  status?: AgentObject["status"],
): Live<AgentObject> => ({
  ...typeMeta(Agent),
  metadata: metadata("n1"),
  spec: { unschedulable: false, ...spec },
  ...(status && { status }),
});
const node: Live<Node> = {
  metadata: metadata("n1"),
  status: {
    allocatable: { cpu: "4", memory: "8Gi", "ephemeral-storage": "20Gi" },
    conditions: [{ type: "Ready", status: "True" }],
  },
};
const slot: Live<Pod> = {
  metadata: metadata("mesos-slot-n1", "mesos-system"),
  spec: {
    nodeName: "n1",
    containers: [{ name: "slot", resources: { requests: { cpu: "1010m", memory: "80Mi" } } }],
  },
  status: {
    phase: "Running",
    containerStatuses: [
      {
        name: "slot",
        image: "",
        imageID: "",
        ready: true,
        restartCount: 0,
        state: { running: {} },
        allocatedResources: { cpu: "510m", memory: "80Mi" },
      },
    ],
  },
};
const task = (cpus: number): Live<TaskObject> => ({
  ...typeMeta(Task),
  metadata: metadata("t", "ns"),
  spec: {
    role: "*",
    agent: "n1",
    resources: [
      { name: "cpus", scalar: cpus },
      { name: "mem", scalar: 64 },
    ],
  },
});
const offer = (cpus: number, port = 20000): Live<OfferObject> => ({
  ...typeMeta(Offer),
  metadata: metadata("o", "ns"),
  spec: {
    framework: "f",
    role: "*",
    agent: "n1",
    resources: [
      { name: "cpus", scalar: cpus },
      { name: "ports", ranges: [{ begin: port, end: port }] },
    ],
    expiresAt: now,
  },
});
const snapshot = (more: Partial<AgentSnapshot> = {}): AgentSnapshot => ({
  name: "n1",
  agent: agent(),
  node,
  pods: [slot],
  slot,
  lease: "fresh",
  tasks: [],
  executors: [],
  offers: [],
  reservations: [],
  ...more,
});
const status = (object: Live<AgentObject>, taken: AgentSnapshot, rests = 0, draining = false) =>
  operatorStatus(
    {
      agent: object,
      snapshot: taken,
      node: offerable({ ...taken, agent: object }, config),
      drain: draining ? { cause: "spec.draining" } : undefined,
      rests,
      now,
    },
    config,
  );

describe("operatorStatus", () => {
  it("sums what tasks hold and what is offered, and reads the slot", () => {
    const found = status(agent(), snapshot({ tasks: [task(1)], offers: [offer(2)] }));
    expect(found.allocated).toEqual([
      { name: "cpus", scalar: 1 },
      { name: "mem", scalar: 64 },
    ]);
    expect(found.offered?.[0]).toEqual({ name: "cpus", scalar: 2 });
    expect(found.tasks).toBe(1);
    expect(found.slot).toEqual({ pod: "mesos-slot-n1", cpus: 0.5, mem: 64, resize: "Pending" });
    expect(found.observedGeneration).toBe(3);
  });

  it.each<[string, AgentSnapshot, number, Record<string, string>]>([
    [
      "well",
      snapshot(),
      0,
      { Ready: "True/Ready", Schedulable: "True/Offered", Valid: "True/Valid", Drained: "False/NotDraining" },
    ],
    [
      "away",
      snapshot({ lease: "lapsed" }),
      0,
      { Ready: "False/AgentNotReady", Schedulable: "False/AgentNotReady" },
    ],
    [
      "cordoned",
      snapshot({ node: { ...node, spec: { unschedulable: true } } }),
      0,
      { Ready: "True/Ready", Schedulable: "False/Cordoned" },
    ],
    ["resting", snapshot(), 1000, { Ready: "True/Ready", Schedulable: "False/ResizeRefused" }],
  ])("has conditions: %s", (_name, taken, rests, expected) => {
    const conditions = status(agent(), taken, rests).conditions;
    for (const [type, value] of Object.entries(expected)) {
      const found = findCondition(conditions, type);
      expect(`${found?.status}/${found?.reason}`).toBe(value);
    }
  });

  it("ends the rest by the operator's clock, not by what it wrote before", () => {
    const resting = agent({}, { ...status(agent(), snapshot(), 1000) });
    expect(findCondition(status(resting, snapshot()).conditions, "Schedulable")?.status).toBe("True");
  });

  it("is DRAINING while tasks or executors are left, then DRAINED", () => {
    expect(status(agent(), snapshot({ tasks: [task(1)] }), 0, true).draining).toBe("DRAINING");
    const late = status(agent(), snapshot({ executors: [executor("x")] }), 0, true);
    expect(late.draining).toBe("DRAINING");
    const words = "0 tasks and 1 executors are being ended: spec.draining";
    expect(findCondition(late.conditions, "Drained")?.message).toBe(words);
    const done = status(agent(), snapshot(), 0, true);
    expect(done.draining).toBe("DRAINED");
    expect(findCondition(done.conditions, "Drained")?.status).toBe("True");
  });

  it("keeps the time of a condition that stays", () => {
    const before = agent(
      {},
      {
        conditions: [
          {
            type: "Ready",
            status: "True",
            reason: "Ready",
            message: "",
            lastTransitionTime: "2025-01-01T00:00:00Z",
          },
        ],
      },
    );
    expect(findCondition(status(before, snapshot()).conditions, "Ready")?.lastTransitionTime).toBe(
      "2025-01-01T00:00:00Z",
    );
  });
});

describe("isOverbooked", () => {
  const room = parseResources("cpus:2;mem:1024;ports:[20000-20009]");
  it.each<[string, Live<TaskObject>[], Live<OfferObject>[], boolean]>([
    ["all fits", [task(1)], [offer(1)], false],
    ["cpus are short", [task(1)], [offer(1.5)], true],
    ["a port was taken", [], [offer(1, 20010)], true],
    ["tasks alone: there is nothing to take back", [task(3)], [], false],
  ])("%s", (_name, tasks, offers, expected) => {
    expect(isOverbooked(room, tasks.map(holdings), offers)).toBe(expected);
  });
});
