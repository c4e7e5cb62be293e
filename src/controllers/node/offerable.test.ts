import { describe, expect, it } from "vitest";
import type { Agent } from "../../api/agent.ts";
import type { Node, Pod } from "../../cluster/core.ts";
import type { Live, Metadata } from "../../cluster/object.ts";
import { operatorConfig } from "../../config/operator.ts";
import { formatResources } from "../../resources/index.ts";
import { type NodeFacts, offerable, slotRoom } from "./offerable.ts";

const metadata = (name: string, more: Metadata = {}) => ({
  name,
  uid: name,
  resourceVersion: "1",
  creationTimestamp: "2026-01-01T00:00:00Z",
  ...more,
});
const agent = (
  spec: Partial<Agent["spec"]> = {},
  status?: Agent["status"],
  more?: Metadata,
): Live<Agent> => ({
  apiVersion: "mesos.dev/v1alpha1",
  kind: "Agent",
  metadata: metadata("n1", more),
  spec: { unschedulable: false, ...spec },
  ...(status && { status }),
});
const node = (spec: Node["spec"] = {}, ready = "True", more?: Metadata): Live<Node> => ({
  metadata: metadata("n1", more),
  spec,
  status: {
    allocatable: { cpu: "4", memory: "8Gi", "ephemeral-storage": "20Gi" },
    conditions: [{ type: "Ready", status: ready }],
  },
});
const running = {
  phase: "Running",
  containerStatuses: [
    { name: "slot", image: "", imageID: "", ready: true, restartCount: 0, state: { running: {} } },
  ],
};
const slot = (status: Pod["status"] = running, more?: Metadata): Live<Pod> => ({
  metadata: metadata("mesos-slot-n1", { namespace: "mesos-system", ...more }),
  spec: {
    nodeName: "n1",
    containers: [{ name: "slot", resources: { requests: { cpu: "3", memory: "4Gi" } } }],
  },
  status,
});
const pod = (cpu: string, memory: string, hostPort?: number, name = "other"): Live<Pod> => ({
  metadata: metadata(name, { namespace: "default" }),
  spec: {
    nodeName: "n1",
    containers: [
      {
        name: "c",
        resources: { requests: { cpu, memory } },
        ...(hostPort !== undefined && { ports: [{ containerPort: 80, hostPort }] }),
      },
    ],
  },
  status: { phase: "Running" },
});

const config = operatorConfig.parse({});
const facts = (more: Partial<NodeFacts> = {}): NodeFacts => ({
  agent: agent(),
  node: node(),
  pods: [slot()],
  lease: "fresh",
  ...more,
});

describe("offerable: amounts", () => {
  it("is allocatable less base, headroom and disk reserve; the slot's own requests do not count", () => {
    const found = offerable(facts(), config);
    expect(formatResources(found.offerable)).toBe("cpus:3.89;disk:18432;mem:8048;ports:[20000-29999]");
    expect(found.capacity.equals(found.offerable)).toBe(true);
    expect(found.held).toBeUndefined();
  });

  it("leaves out what other Pods request and their host ports", () => {
    const found = offerable(facts({ pods: [slot(), pod("1500m", "1Gi", 20000)] }), config);
    expect(formatResources(found.offerable)).toBe("cpus:2.39;disk:18432;mem:7024;ports:[20001-29999]");
    expect(formatResources(found.capacity)).toBe("cpus:3.89;disk:18432;mem:8048;ports:[20000-29999]");
  });

  it("counts a Pod that only looks like the slot", () => {
    const other = slot();
    const forged = { ...other, metadata: { ...other.metadata, namespace: "default" } };
    expect(formatResources(offerable(facts({ pods: [slot(), forged] }), config).offerable.get("cpus"))).toBe(
      "cpus:0.89",
    );
  });

  it("is never below nothing", () => {
    const found = offerable(facts({ pods: [slot(), pod("64", "64Gi")] }), config);
    expect(formatResources(found.offerable)).toBe("disk:18432;ports:[20000-29999]");
  });

  it("rounds down a part of a milli-MiB", () => {
    const found = offerable(facts({ pods: [slot(), pod("0", "1")] }), config);
    expect(formatResources(found.offerable.get("mem"))).toBe("mem:8047.999");
  });

  it("adds the Agent's own resources and ignores what the node tells", () => {
    const own = agent({
      resources: [
        { name: "licences", scalar: 3 },
        { name: "cpus", scalar: 99 },
      ],
    });
    const found = offerable(facts({ agent: own }), config);
    expect(formatResources(found.offerable)).toBe(
      "cpus:3.89;disk:18432;licences:3;mem:8048;ports:[20000-29999]",
    );
    expect(found.problem).toMatch(/^cpus: taken from the node/);
  });

  it("does without own resources that make no sense, and says why", () => {
    const own = agent({ resources: [{ name: "x", set: ["a", "a"] }] });
    const found = offerable(facts({ agent: own }), config);
    expect(found.problem).toMatch(/^spec\.resources\[0\]\.set: 'a' is given twice/);
    expect(found.offerable.get("x").isEmpty).toBe(true);
  });

  it("keeps the largest ranges when host ports cut them into too many", () => {
    const pods = Array.from({ length: 100 }, (_, i) => pod("0", "0", 20001 + 2 * i, `p${i}`));
    const ports = [...offerable(facts({ pods: [slot(), ...pods] }), config).offerable.get("ports")][0];
    expect(ports?.value.kind === "ranges" && ports.value.ranges.length).toBe(64);
    expect(ports?.value.kind === "ranges" && ports.value.ranges.at(-1)).toEqual({ begin: 20200, end: 29999 });
  });
});

const refused = {
  conditions: [
    {
      type: "Schedulable",
      status: "False" as const,
      reason: "ResizeRefused",
      message: "m",
      lastTransitionTime: "2026-01-01T00:00:00Z",
    },
  ],
};
const deletion: Metadata = { deletionTimestamp: "2026-01-01T00:00:00Z" };

describe("offerable: why nothing is offered", () => {
  it.each<[string, Partial<NodeFacts>, string | undefined]>([
    ["all is well", {}, undefined],
    ["no node", { node: undefined }, "NodeGone"],
    ["the node goes", { node: node({}, "True", deletion) }, "NodeDeleting"],
    ["the Agent goes", { agent: agent({}, undefined, deletion) }, "AgentDeleting"],
    ["the Lease lapsed", { lease: "lapsed" }, "AgentNotReady"],
    ["no Lease yet", { lease: "absent" }, "AgentNotReady"],
    ["not known yet", { lease: "unknown" }, "AgentNotReady"],
    ["the node is NotReady", { node: node({}, "Unknown") }, "NodeNotReady"],
    ["no slot", { pods: [] }, "SlotNotReady"],
    ["the slot starts", { pods: [slot({ phase: "Pending" })] }, "SlotNotReady"],
    ["the slot was evicted", { pods: [slot({ phase: "Failed" })] }, "SlotNotReady"],
    ["the slot is being evicted", { pods: [slot(running, deletion)] }, "Draining"],
    ["deactivated", { agent: agent({ unschedulable: true }) }, "Deactivated"],
    ["draining", { agent: agent({ draining: { markGone: false } }) }, "Draining"],
    ["drained", { agent: agent({ draining: { markGone: false } }, { draining: "DRAINED" }) }, "Drained"],
    ["cordoned", { node: node({ unschedulable: true }) }, "Cordoned"],
    ["the kubelet refused a resize", { agent: agent({}, refused) }, "ResizeRefused"],
  ])("%s", (_name, more, reason) => {
    expect(offerable(facts(more), config).held?.reason).toBe(reason);
  });
});

it("slotRoom: what the kubelet could grant, without a headroom", () => {
  expect(slotRoom(node(), [slot(), pod("1", "1Gi")], "mesos-system")).toEqual({
    cpuMilli: 3000,
    memoryBytes: 7 * 2 ** 30,
  });
});
