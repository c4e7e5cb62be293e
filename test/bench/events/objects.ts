import type { Agent } from "../../../src/api/agent.ts";
import { type Framework, frameworkSpec } from "../../../src/api/framework.ts";
import {
  API_VERSION,
  agentLeaseName,
  LABEL_SLOT,
  SLOT_CONTAINER,
  slotPodName,
} from "../../../src/api/group.ts";
import type { Offer } from "../../../src/api/offer.ts";
import type { Task, TaskStatus } from "../../../src/api/task.ts";
import type { TaskState } from "../../../src/api/taskstate.ts";
import type { Lease, Node, Pod } from "../../../src/cluster/core.ts";
import type { Live } from "../../../src/cluster/object.ts";
import { microTimestamp } from "../../../src/cluster/time.ts";

export const SYSTEM = "mesos-system";
export const WORK = "bench";
const ALLOCATABLE = { cpu: "32", memory: "128Gi", "ephemeral-storage": "200Gi", pods: "250" };
const CONDITIONS = [{ type: "Ready", status: "True", reason: "KubeletReady", message: "simulated" }];
const SINCE = "2026-01-01T00:00:00Z";

export const agentName = (index: number): string => `node-${String(index).padStart(5, "0")}`;

export const node = (index: number): Node => {
  const name = agentName(index);
  const labels = { "kubernetes.io/hostname": name, "topology.kubernetes.io/zone": `zone-${index % 3}` };
  return {
    metadata: { name, labels },
    status: { capacity: ALLOCATABLE, allocatable: ALLOCATABLE, conditions: CONDITIONS },
  };
};

export const agent = (index: number): Agent => ({
  apiVersion: API_VERSION,
  kind: "Agent",
  metadata: { name: agentName(index) },
  spec: { unschedulable: false },
  status: { hostname: agentName(index), version: "0.1.0", startedAt: SINCE },
});

export const lease = (index: number): Lease => ({
  metadata: { name: agentLeaseName(agentName(index)), namespace: SYSTEM },
  spec: { holderIdentity: agentName(index), leaseDurationSeconds: 75, renewTime: microTimestamp(Date.now()) },
});

export const slot = (index: number, tasks: number): Pod => {
  const requests = { cpu: `${10 + 100 * tasks}m`, memory: `${16 + 64 * tasks}Mi` };
  const container = { name: SLOT_CONTAINER, image: "simulated", resources: { requests } };
  const state = { running: { startedAt: SINCE } };
  const status = { ...container, imageID: "simulated", ready: true, restartCount: 0, state };
  return {
    metadata: { name: slotPodName(agentName(index)), namespace: SYSTEM, labels: { [LABEL_SLOT]: "true" } },
    spec: { nodeName: agentName(index), containers: [container] },
    status: { phase: "Running", containerStatuses: [{ ...status, allocatedResources: requests }] },
  };
};

export const framework = (name: string, role: string, maxOffers: number): Framework => ({
  apiVersion: API_VERSION,
  kind: "Framework",
  metadata: { name, namespace: WORK, generation: 1 },
  spec: frameworkSpec.parse({ roles: [role], connection: { type: "Manual" }, maxOffers, offerTimeout: "1h" }),
  status: { connected: true },
});

export const task = (name: string, { metadata, spec }: Live<Offer>): Task => ({
  apiVersion: API_VERSION,
  kind: "Task",
  metadata: { name, namespace: WORK, labels: { ...metadata.labels }, finalizers: ["mesos.dev/task"] },
  spec: {
    framework: spec.framework,
    role: spec.role,
    agent: spec.agent,
    offer: { name: metadata.name, uid: metadata.uid, operation: 0, index: 0 },
    resources: [
      { name: "cpus", scalar: 0.1 },
      { name: "mem", scalar: 64 },
    ],
    command: { shell: true, value: "sleep 2" },
  },
});

export function entered(status: TaskStatus | undefined, state: TaskState): TaskStatus {
  const timestamp = new Date().toISOString();
  const update = { uuid: crypto.randomUUID(), state, source: "SOURCE_EXECUTOR" as const, timestamp };
  return { ...status, state, source: "SOURCE_EXECUTOR", updates: [...(status?.updates ?? []), update] };
}
