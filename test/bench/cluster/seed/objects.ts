import { createHash } from "node:crypto";
import type { Agent } from "../../../../src/api/agent.ts";
import { AGENT_FINALIZER, API_VERSION, agentLeaseName, TASK_FINALIZER } from "../../../../src/api/group.ts";
import type { Task } from "../../../../src/api/task.ts";
import type { Lease, Node, Pod } from "../../../../src/cluster/core.ts";
import type { Live, Metadata } from "../../../../src/cluster/object.ts";
import { microTimestamp, timestamp } from "../../../../src/cluster/time.ts";
import { operatorConfig } from "../../../../src/config/operator.ts";
import { operatorStatus } from "../../../../src/controllers/agent/status.ts";
import { offerable } from "../../../../src/controllers/node/offerable.ts";
import { heldSize } from "../../../../src/controllers/slot/demand.ts";
import { slotPod } from "../../../../src/controllers/slot/pod.ts";
import { atLeast, BASE, plus, requestsOf, type Size } from "../../../../src/controllers/slot/size.ts";
import { WORK } from "../controlplane.ts";
import { runningPod } from "../simulator/kubelet.ts";
import { facts, nodeLabels, nodeStatus } from "../simulator/nodes.ts";
import { nodeName, SYSTEM } from "../simulator/protocol.ts";

const config = operatorConfig.parse({ namespace: SYSTEM });
const NOW = Date.now();
/** Stored objects carry their version in etcd, not in themselves. */
const NO_VERSION = "";

/** The same for the same text, so that owners can be named before they are made. */
function uidOf(text: string): string {
  const hex = createHash("sha256").update(text).digest("hex");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join(
    "-",
  );
}

const live = <M extends Metadata & { name: string }>(kind: string, metadata: M) => ({
  ...metadata,
  uid: uidOf(`${kind} ${metadata.namespace ?? ""} ${metadata.name}`),
  resourceVersion: NO_VERSION,
  creationTimestamp: timestamp(NOW),
  generation: 1,
});

/** A Node of a common size: its images alone are some kilobytes. */
export function node(index: number, told: number): Live<Node> {
  const name = nodeName(index);
  return {
    apiVersion: "v1",
    kind: "Node",
    metadata: live("Node", { name, labels: nodeLabels(index) }),
    status: nodeStatus(index, told),
  } as Live<Node>;
}

export function lease(index: number, renewed: number): Live<Lease> {
  const holder = nodeName(index);
  return {
    apiVersion: "coordination.k8s.io/v1",
    kind: "Lease",
    metadata: live("Lease", { name: agentLeaseName(holder), namespace: SYSTEM }),
    spec: { holderIdentity: holder, leaseDurationSeconds: 75, renewTime: microTimestamp(renewed) },
  } as Live<Lease>;
}

/** The slot Pod as its kubelet has granted it for the tasks. */
export function slot(agent: Live<Agent>, tasks: readonly Live<Task>[], minimum: Size): Live<Pod> {
  const made = slotPod(agent, config);
  const requests = requestsOf(atLeast(tasks.map(heldSize).reduce(plus, BASE), minimum));
  const containers = (made.spec?.containers ?? []).map((one) => ({
    ...one,
    resources: { ...one.resources, requests },
  }));
  const name = made.metadata?.name ?? "";
  return {
    ...made,
    metadata: live("Pod", { ...made.metadata, name }),
    spec: { ...made.spec, containers },
    status: runningPod(requests),
  } as Live<Pod>;
}

/** A task of the built-in framework that runs until the benchmark ends. */
export function task(index: number, agents: number): Live<Task> {
  const agent = nodeName(index % agents);
  const metadata = live("Task", { name: `existing-${index}`, namespace: WORK, finalizers: [TASK_FINALIZER] });
  const at = timestamp(NOW);
  const placed = { type: "Placed", status: "True", reason: "Placed" } as const;
  const message = `placed on ${agent} by the built-in framework`;
  return {
    apiVersion: API_VERSION,
    kind: "Task",
    metadata,
    spec: {
      role: "*",
      agent,
      resources: [
        { name: "cpus", scalar: 0.1 },
        { name: "mem", scalar: 64 },
      ],
      command: { shell: true, value: "sleep infinity" },
    },
    status: {
      observedGeneration: 1,
      state: "TASK_RUNNING",
      source: "SOURCE_EXECUTOR",
      updates: [
        {
          uuid: uidOf(`starting ${index}`),
          state: "TASK_STARTING",
          source: "SOURCE_EXECUTOR",
          timestamp: at,
        },
        { uuid: uidOf(`running ${index}`), state: "TASK_RUNNING", source: "SOURCE_EXECUTOR", timestamp: at },
      ],
      container: {
        id: metadata.uid,
        pid: 1,
        sandbox: `/var/lib/mesos/sandboxes/${metadata.uid}`,
        startedAt: at,
      },
      addresses: ["127.0.0.1"],
      conditions: [{ ...placed, message, lastTransitionTime: at }],
    },
  } as Live<Task>;
}

/** An agent as it and a leader before have left it: what the operator would write of it is there. */
export function agent(
  index: number,
  tasks: readonly Live<Task>[],
  minimum: Size,
): { agent: Live<Agent>; slot: Live<Pod> } {
  const name = nodeName(index);
  const owner = node(index, NOW);
  const { uid } = owner.metadata;
  const bare = {
    apiVersion: API_VERSION,
    kind: "Agent",
    metadata: live("Agent", {
      name,
      finalizers: [AGENT_FINALIZER],
      ownerReferences: [{ apiVersion: "v1", kind: "Node", name, uid }],
    }),
    spec: { unschedulable: false },
    status: facts(name),
  } as Live<Agent>;
  const pod = slot(bare, tasks, minimum);
  const snapshot = {
    ...{ name, agent: bare, node: owner, pods: [pod], slot: pod, lease: "fresh" as const },
    ...{ tasks, executors: [], offers: [], reservations: [] },
  };
  const of = { agent: bare, snapshot, drain: undefined, rests: 0, now: timestamp(NOW) };
  const status = operatorStatus({ ...of, node: offerable({ ...snapshot, agent: bare }, config) }, config);
  return { agent: { ...bare, status: { ...bare.status, ...status } } as Live<Agent>, slot: pod };
}
