import type { Agent } from "../../../src/api/agent.ts";
import { type Framework, frameworkSpec } from "../../../src/api/framework.ts";
import { API_VERSION, agentLeaseName, SLOT_CONTAINER, slotPodName } from "../../../src/api/group.ts";
import type { Task } from "../../../src/api/task.ts";
import type { Lease, Node, Pod } from "../../../src/cluster/core.ts";
import type { Live } from "../../../src/cluster/object.ts";
import type { Lists } from "./memory.ts";

export const SYSTEM = "mesos-system";
const WORK = "work";
const MADE = "2026-01-01T00:00:00Z";

const metadata = (name: string, namespace?: string) => ({
  name,
  uid: `uid-${name}`,
  resourceVersion: "1",
  creationTimestamp: MADE,
  ...(namespace !== undefined && { namespace }),
});

export const agentName = (i: number): string => `agent-${i}`;
const frameworkName = (i: number): string => `framework-${i}`;

/** A cluster at rest: tasks run evenly spread over agents and frameworks. */
export function clusterOf(agents: number, tasks: number, frameworks: number): Lists {
  const each = <T>(count: number, make: (i: number) => T) => Array.from({ length: count }, (_, i) => make(i));
  return {
    agents: each(agents, agent),
    nodes: each(agents, node),
    pods: each(agents, slot),
    leases: each(agents, lease),
    frameworks: each(frameworks, framework),
    tasks: each(tasks, (i) => task(i, agentName(i % agents), frameworkName(i % frameworks))),
  };
}

const agent = (i: number): Live<Agent> => ({
  apiVersion: API_VERSION,
  kind: "Agent",
  metadata: metadata(agentName(i)),
  spec: { unschedulable: false },
  status: {
    hostname: agentName(i),
    addresses: [`10.${(i >> 16) & 255}.${(i >> 8) & 255}.${i & 255}`],
    startedAt: MADE,
  },
});

const node = (i: number): Live<Node> => ({
  metadata: {
    ...metadata(agentName(i)),
    labels: { "kubernetes.io/hostname": agentName(i), "topology.kubernetes.io/zone": `z${i % 3}` },
  },
  status: {
    allocatable: { cpu: "16", memory: "64Gi", "ephemeral-storage": "200Gi" },
    conditions: [{ type: "Ready", status: "True" }],
  },
});

const slot = (i: number): Live<Pod> => ({
  metadata: metadata(slotPodName(agentName(i)), SYSTEM),
  spec: { nodeName: agentName(i), containers: [{ name: SLOT_CONTAINER }] },
  status: {
    phase: "Running",
    containerStatuses: [
      {
        name: SLOT_CONTAINER,
        image: "",
        imageID: "",
        ready: true,
        restartCount: 0,
        state: { running: {} },
      },
    ],
  },
});

const lease = (i: number): Live<Lease> => ({
  metadata: metadata(agentLeaseName(agentName(i)), SYSTEM),
  spec: { holderIdentity: agentName(i), renewTime: "2026-01-01T00:00:00.000000Z", leaseDurationSeconds: 75 },
});

const framework = (i: number): Live<Framework> => ({
  apiVersion: API_VERSION,
  kind: "Framework",
  metadata: { ...metadata(frameworkName(i), WORK), generation: 1 },
  spec: frameworkSpec.parse({
    roles: [`team-${i % 5}`],
    connection: { type: "Gateway" },
    capabilities: ["MULTI_ROLE", "PARTITION_AWARE", "RESERVATION_REFINEMENT"],
  }),
});

/** As Marathon's are: labels, a service, a port. */
const task = (i: number, on: string, of: string): Live<Task> => ({
  apiVersion: API_VERSION,
  kind: "Task",
  metadata: { ...metadata(`task-${i}`, WORK) },
  spec: {
    framework: of,
    role: `team-${Number(of.split("-")[1]) % 5}`,
    agent: on,
    taskId: `service-${i % 100}.${i}`,
    displayName: `service-${i % 100}`,
    resources: [
      { name: "cpus", scalar: 0.5 },
      { name: "mem", scalar: 512 },
      { name: "ports", ranges: [{ begin: 20000 + (i % 9000), end: 20000 + (i % 9000) }] },
    ],
    command: { shell: true, value: "./serve --port $PORT0" },
    labels: { version: "1", team: "web" },
    discovery: { visibility: "CLUSTER", name: `service-${i % 100}`, ports: [{ number: 80, name: "http" }] },
  },
  status: {
    state: "TASK_RUNNING",
    updates: [
      { uuid: `0000${i}`, state: "TASK_RUNNING", source: "SOURCE_EXECUTOR", timestamp: MADE, healthy: true },
    ],
    container: { id: `uid-task-${i}`, pid: 4242 },
    addresses: ["10.1.2.3"],
  },
});
