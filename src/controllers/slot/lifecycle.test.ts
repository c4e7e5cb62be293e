import { describe, expect, it } from "vitest";
import type { Agent } from "../../api/agent.ts";
import type { Node, Pod } from "../../cluster/core.ts";
import type { Live, Metadata } from "../../cluster/object.ts";
import { metadata } from "../objects.fixture.ts";
import { type LifecycleStep, lifecycleStep, type SlotSurroundings } from "./lifecycle.ts";

const created = "2026-01-01T00:00:00Z";
const now = Date.parse(created);
const deleting: Metadata = { deletionTimestamp: created, deletionGracePeriodSeconds: 3600 };
const shortened: Metadata = { ...deleting, deletionGracePeriodSeconds: 1 };
const forced: Metadata = { ...deleting, deletionGracePeriodSeconds: 0 };
const agent = (spec: Partial<Agent["spec"]> = {}, more?: Metadata): Live<Agent> => ({
  apiVersion: "",
  kind: "Agent",
  metadata: metadata("n1", more),
  spec: { unschedulable: false, ...spec },
});
const node = (spec: Node["spec"] = {}, ready = "True"): Live<Node> => ({
  metadata: metadata("n1"),
  spec,
  status: { conditions: [{ type: "Ready", status: ready }] },
});
const slot = (phase: string, more: Metadata = {}): Live<Pod> => ({
  metadata: metadata("mesos-slot-n1", { finalizers: ["mesos.dev/slot"], ...more }),
  status: { phase },
});
const surroundings = (more: Partial<SlotSurroundings> = {}): SlotSurroundings => ({
  agent: agent(),
  node: node(),
  slot: undefined,
  agentAlive: true,
  occupied: false,
  now,
  ...more,
});

describe("lifecycleStep", () => {
  it.each<[string, Partial<SlotSurroundings>, LifecycleStep]>([
    ["makes one", {}, { kind: "create" }],
    ["none without an Agent", { agent: undefined }, { kind: "keep" }],
    ["none for an Agent that goes", { agent: agent({}, deleting) }, { kind: "keep" }],
    ["none for an Agent that drains", { agent: agent({ draining: { markGone: false } }) }, { kind: "keep" }],
    ["none without a node", { node: undefined }, { kind: "keep" }],
    ["none on a cordoned node", { node: node({ unschedulable: true }) }, { kind: "keep" }],
    ["none on a node that is NotReady", { node: node({}, "False") }, { kind: "keep" }],
    ["none while the agent is away", { agentAlive: false }, { kind: "keep" }],
    ["none while tasks of the last one are not reported", { occupied: true }, { kind: "keep" }],
    ["keeps one that runs", { slot: slot("Running") }, { kind: "keep" }],
    [
      "keeps one that runs on a cordoned node",
      { slot: slot("Running"), node: node({ unschedulable: true }) },
      { kind: "keep" },
    ],
    [
      "deletes one whose Agent is gone",
      { slot: slot("Running"), agent: undefined },
      { kind: "delete", grace: 1 },
    ],
    [
      "keeps one that is evicted while tasks are under it",
      { slot: slot("Running", deleting), occupied: true },
      { kind: "keep" },
    ],
    [
      "hastens the eviction when no task is left",
      { slot: slot("Running", deleting) },
      { kind: "delete", grace: 1 },
    ],
    ["waits for the kubelet then", { slot: slot("Running", shortened) }, { kind: "keep", after: 10000 }],
    [
      "forces it when the kubelet does not end it",
      { slot: slot("Running", shortened), now: now + 10000 },
      { kind: "delete", grace: 0 },
    ],
    [
      "lets go of one that was forced",
      { slot: slot("Running", forced), now: now + 10000 },
      { kind: "release" },
    ],
    ["keeps the record of one that ended", { slot: slot("Failed"), occupied: true }, { kind: "keep" }],
    [
      "does not delete one that failed at once",
      { slot: slot("Failed"), now: now + 4000 },
      { kind: "keep", after: 6000 },
    ],
    ["deletes one that failed", { slot: slot("Failed"), now: now + 10000 }, { kind: "delete", grace: 0 }],
    ["releases one that ended by deletion", { slot: slot("Failed", forced) }, { kind: "release" }],
    ["sees to its deletion", { slot: slot("Failed", shortened) }, { kind: "delete", grace: 0 }],
    [
      "has nothing to release twice",
      { slot: slot("Failed", { ...forced, finalizers: [] }) },
      { kind: "keep" },
    ],
    [
      "deletes one whose node is gone",
      { slot: slot("Running"), node: undefined },
      { kind: "delete", grace: 0 },
    ],
    [
      "releases one whose node is gone",
      { slot: slot("Running", deleting), node: undefined },
      { kind: "release" },
    ],
  ])("%s", (_name, more, expected) => {
    expect(lifecycleStep(surroundings(more))).toEqual(expected);
  });
});
