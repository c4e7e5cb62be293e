import { randomUUID } from "node:crypto";
import { API_VERSION } from "../../../src/api/group.ts";
import type { Offer } from "../../../src/api/offer.ts";
import type { Task, TaskStatus } from "../../../src/api/task.ts";
import type { TaskState } from "../../../src/api/taskstate.ts";
import { offers, tasks } from "../../../src/client/handles.ts";
import type { Connection } from "../../../src/cluster/connection.ts";
import { type Lease, leases, pods } from "../../../src/cluster/core.ts";
import type { Live } from "../../../src/cluster/object.ts";
import { microTimestamp } from "../../../src/cluster/time.ts";
import { WORK } from "./target.ts";

export interface Write {
  readonly name: string;
  write(index: number): Promise<unknown>;
}

const RESOURCES = [
  { name: "cpus", scalar: 0.1 },
  { name: "mem", scalar: 64 },
];
const COMMAND = { shell: true, value: "sleep 2" };
const STATUS = { subresource: "status" } as const;

/** Each works on what those before it have made; names are new with each call. */
export function makeWrites(connection: Connection): readonly Write[] {
  const run = randomUUID().slice(0, 8);
  const ref = (kind: string, index: number) => ({ name: `${kind}-${run}-${index}`, namespace: WORK });
  const [podClient, leaseClient] = [pods(connection), leases(connection)];
  const [offerClient, taskClient] = [offers(connection), tasks(connection)];
  const newestTask = new Map<string, Live<Task>>();
  const newestOffer = new Map<string, Live<Offer>>();
  // As a whole, with the version that was seen, as the operator, the agents and the SDK write them.
  const onTask = async (index: number, write: (task: Live<Task>) => Promise<Live<Task>>) => {
    const { name } = ref("task", index);
    const seen = newestTask.get(name);
    if (seen !== undefined) newestTask.set(name, await write(seen));
  };
  const onOffer = async (name: string, write: (offer: Live<Offer>) => Promise<Live<Offer>>) => {
    const seen = newestOffer.get(name);
    if (seen !== undefined) newestOffer.set(name, await write(seen));
  };
  const enter = (state: TaskState) => (index: number) =>
    onTask(index, (seen) => taskClient.updateStatus({ ...seen, status: entered(state, index) }));
  const makeOffer = (kind: string) => async (index: number) => {
    const made = await offerClient.create(offer(ref(kind, index)));
    newestOffer.set(made.metadata.name, made);
  };
  const answer = (kind: string, count: number) => (index: number) =>
    onOffer(ref(kind, index).name, (seen) => {
      const response = launching(`${kind}-${run}-${index}`, count) as NonNullable<Offer["spec"]["response"]>;
      return offerClient.update({ ...seen, spec: { ...seen.spec, response } });
    });
  const close = (kind: string, count: number) => (index: number) =>
    onOffer(ref(kind, index).name, (seen) => {
      const status = closed(`${kind}-${run}-${index}`, count) as NonNullable<Offer["status"]>;
      return offerClient.updateStatus({ ...seen, status });
    });
  return [
    { name: "Pod: create", write: (index) => podClient.create(pod(ref("pod", index))) },
    {
      name: "Pod: status",
      write: (index) => podClient.mergePatch(ref("pod", index), { status: { phase: "Running" } }, STATUS),
    },
    { name: "Lease: create", write: (index) => leaseClient.create(lease(ref("lease", index))) },
    {
      name: "Lease: renew",
      write: (index) => leaseClient.mergePatch(ref("lease", index), lease(ref("lease", index))),
    },
    { name: "Offer: create", write: makeOffer("one") },
    { name: "Offer: answer with 1 task", write: answer("one", 1) },
    { name: "Offer: close, 1 task", write: close("one", 1) },
    { name: "Offer: create, again", write: makeOffer("ten") },
    { name: "Offer: answer with 10 tasks", write: answer("ten", 10) },
    { name: "Offer: close, 10 tasks", write: close("ten", 10) },
    {
      name: "Task: create",
      write: async (index) => {
        const made = await taskClient.create(task(ref("task", index)));
        newestTask.set(made.metadata.name, made);
      },
    },
    { name: "Task: TASK_STARTING", write: enter("TASK_STARTING") },
    { name: "Task: TASK_RUNNING", write: enter("TASK_RUNNING") },
    {
      name: "Task: acknowledge",
      write: (index) =>
        onTask(index, (seen) =>
          taskClient.update({ ...seen, spec: { ...seen.spec, acknowledged: `${index}-TASK_RUNNING` } }),
        ),
    },
  ];
}

const pod = (metadata: { name: string; namespace: string }) => ({
  metadata,
  spec: {
    restartPolicy: "Never",
    automountServiceAccountToken: false,
    containers: [
      { name: "main", image: "simulated", resources: { requests: { cpu: "100m", memory: "64Mi" } } },
    ],
  },
});

const lease = (metadata: { name: string; namespace: string }): Lease => ({
  metadata,
  spec: { holderIdentity: "x", leaseDurationSeconds: 75, renewTime: microTimestamp(Date.now()) },
});

const offer = (metadata: { name: string; namespace: string }): Offer => ({
  apiVersion: API_VERSION,
  kind: "Offer",
  metadata: { ...metadata, labels: { "mesos.dev/framework": "bench", "mesos.dev/agent": "node-1" } },
  spec: {
    ...{ framework: "bench", role: "*", agent: "node-1", hostname: "node-1" },
    resources: [
      { name: "cpus", scalar: 31.9 },
      { name: "mem", scalar: 130928 },
      { name: "disk", scalar: 202752 },
      { name: "ports", ranges: [{ begin: 20000, end: 29999 }] },
    ],
    attributes: [
      { name: "kubernetes.io/hostname", text: "node-1" },
      { name: "topology.kubernetes.io/zone", text: "zone-a" },
    ],
    expiresAt: "2036-01-01T00:00:00Z",
  },
});

const names = (prefix: string, count: number): string[] =>
  Array.from({ length: count }, (_, index) => `${prefix}-${index}`);

const launching = (prefix: string, count: number) => ({
  accept: {
    operations: [
      {
        type: "LAUNCH",
        launch: {
          tasks: names(prefix, count).map((name) => ({ name, resources: RESOURCES, command: COMMAND })),
        },
      },
    ],
    filters: { refuse: "0s" },
  },
});

const closed = (prefix: string, count: number) => ({
  state: "Accepted",
  closedAt: new Date().toISOString(),
  operations: [{ index: 0, type: "LAUNCH", status: "FINISHED", tasks: names(prefix, count) }],
});

const task = (metadata: { name: string; namespace: string }): Task => ({
  apiVersion: API_VERSION,
  kind: "Task",
  metadata: { ...metadata, labels: { "mesos.dev/framework": "bench", "mesos.dev/agent": "node-1" } },
  spec: {
    ...{ framework: "bench", role: "*", agent: "node-1", resources: RESOURCES, command: COMMAND },
    offer: { name: "o", uid: randomUUID(), operation: 0, index: 0 },
  },
});

function entered(state: TaskState, index: number): TaskStatus {
  const states = state === "TASK_STARTING" ? [state] : (["TASK_STARTING", state] as const);
  const updates = states.map((one) => ({
    uuid: `${index}-${one}`,
    state: one,
    source: "SOURCE_EXECUTOR" as const,
    timestamp: new Date().toISOString(),
  }));
  return {
    state,
    source: "SOURCE_EXECUTOR",
    updates,
    container: { id: String(index), sandbox: "/var/lib/mesos/x" },
  };
}
