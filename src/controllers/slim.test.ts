import { describe, expect, it } from "vitest";
import type { Lease, Node, Pod } from "../cluster/core.ts";
import type { Live } from "../cluster/object.ts";
import { operatorConfig } from "../config/operator.ts";
import { agentAttributes, domainOf, labelReader } from "./node/attributes.ts";
import { hostPorts } from "./node/hostPorts.ts";
import { offerable } from "./node/offerable.ts";
import { podRequests } from "./node/podRequests.ts";
import { kubeletSince } from "./node/readiness.ts";
import { agent } from "./objects.fixture.ts";
import { Slimmer } from "./slim.ts";
import { type LifecycleStep, lifecycleStep } from "./slot/lifecycle.ts";
import { endingOf, isSlot, slotState } from "./slot/state.ts";

const config = operatorConfig.parse({ agents: { attributeLabels: ["rack", "example.com/*"] } });
const slim = new Slimmer(labelReader(config));
const at = "2026-01-01T00:00:00Z";
const metadata = { name: "n", uid: "u", resourceVersion: "1", creationTimestamp: at };
const clone = <T>(object: T): T => structuredClone(object);

const taints = [{ key: "k", effect: "NoSchedule", timeAdded: at }];
const node = {
  apiVersion: "v1",
  kind: "Node",
  metadata: {
    ...metadata,
    labels: {
      rack: "r1",
      "example.com/a": "b",
      "kubernetes.io/hostname": "host",
      "topology.kubernetes.io/region": "here",
      "topology.kubernetes.io/zone": "a",
      other: "x",
    },
    annotations: { long: "text" },
  },
  spec: { podCIDR: "10.0.0.0/24", taints, unschedulable: true },
  status: {
    allocatable: { cpu: "4", memory: "8Gi" },
    capacity: { cpu: "5", memory: "9Gi" },
    conditions: [
      { type: "DiskPressure", status: "False" },
      { type: "Ready", status: "True", message: "fine", lastHeartbeatTime: at, lastTransitionTime: at },
    ],
    images: [{ names: ["large"] }],
  },
} as unknown as Live<Node>;

const requests = { cpu: "500m", memory: "64Mi" };
const container = {
  name: "slot",
  image: "large",
  command: ["sleep"],
  resources: { requests, limits: { cpu: "9" } },
  ports: [
    { name: "web", containerPort: 80, hostPort: 8080, protocol: "TCP" },
    { name: "metrics", containerPort: 9090, protocol: "TCP" },
  ],
};
const resized = { cpu: "700m", memory: "64Mi" };
const running = {
  name: "slot",
  image: "large",
  imageID: "large",
  containerID: "c",
  ready: true,
  restartCount: 0,
  state: { running: { startedAt: at } },
  allocatedResources: resized,
  resources: { requests: resized },
};
const pod = {
  apiVersion: "v1",
  kind: "Pod",
  metadata: {
    ...metadata,
    name: "mesos-slot-n",
    namespace: config.namespace,
    labels: { app: "x" },
    finalizers: ["mesos.dev/slot"],
    ownerReferences: [{ apiVersion: "v1", kind: "Node", name: "n", uid: "u" }],
  },
  spec: {
    nodeName: "n",
    hostNetwork: true,
    overhead: { cpu: "10m" },
    containers: [container],
    initContainers: [{ ...container, name: "sidecar", restartPolicy: "Always" }],
    volumes: [{ name: "v", emptyDir: {} }],
    tolerations: [{ operator: "Exists" }],
  },
  status: {
    phase: "Running",
    podIP: "10.0.0.1",
    conditions: [
      { type: "Ready", status: "True" },
      { type: "PodResizePending", status: "True", reason: "Deferred", message: "no room" },
      { type: "PodResizeInProgress", status: "True", reason: "Error", message: "bad" },
      { type: "DisruptionTarget", status: "True", reason: "EvictionByEvictionAPI", message: "drain" },
    ],
    containerStatuses: [running],
    initContainerStatuses: [{ ...running, name: "sidecar" }],
  },
} as unknown as Live<Pod>;

describe("of a Pod", () => {
  const ended = { ...pod.status, phase: "Failed", reason: "Evicted", message: "low on memory" };
  const goes = { ...pod.metadata, deletionTimestamp: at, deletionGracePeriodSeconds: 3600 };
  const { resources: _resources, allocatedResources: _granted, ...started } = running;
  const levels = { resources: { requests: { cpu: "2" } } };
  it.each<[string, Live<Pod>]>([
    ["that runs", pod],
    ["that has ended", { ...pod, status: ended } as Live<Pod>],
    ["that goes", { ...pod, metadata: goes }],
    ["that goes at once", { ...pod, metadata: { ...goes, deletionGracePeriodSeconds: 0 } }],
    ["that starts", { ...pod, status: { phase: "Pending" } }],
    [
      "of an old kubelet",
      { ...pod, status: { phase: "Running", containerStatuses: [started] } } as Live<Pod>,
    ],
    [
      "with resources of its own",
      { ...pod, spec: { ...pod.spec, ...levels }, status: { ...pod.status, ...levels } } as Live<Pod>,
    ],
    [
      "with claims",
      {
        ...pod,
        status: { ...pod.status, nodeAllocatableResourceClaimStatuses: [{ resources: { cpu: "1" } }] },
      } as unknown as Live<Pod>,
    ],
    ["that nobody has taken", { metadata: pod.metadata } as Live<Pod>],
  ])("%s whoever reads it reads the same", (_name, whole) => {
    const kept = slim.pod(clone(whole));
    const step = (slot: Live<Pod>): LifecycleStep[] =>
      [0, Date.parse(at), Date.parse(at) + 3600_000].map((now) =>
        lifecycleStep({ agent: agent(), node, slot, agentAlive: true, occupied: false, now }),
      );
    for (const read of [
      (one: Live<Pod>) => slotState(one),
      (one: Live<Pod>) => isSlot(one, config.namespace),
      (one: Live<Pod>) => endingOf(one),
      (one: Live<Pod>) => podRequests(one),
      (one: Live<Pod>) => hostPorts(one),
      (one: Live<Pod>) => one.metadata.finalizers,
      step,
    ]) {
      expect(read(kept)).toEqual(read(whole));
    }
  });

  it("goes what nobody reads", () => {
    const text = JSON.stringify(slim.pod(pod));
    for (const word of ["large", "tolerations", "volumes", "podIP", "startedAt", "limits", "labels"]) {
      expect(text).not.toContain(word);
    }
  });

  it("is kept once what many have in common", () => {
    const [a, b] = [slim.pod(clone(pod)), slim.pod(clone(pod))];
    expect(b.status).toBe(a.status);
    expect(b.spec?.containers).toBe(a.spec?.containers);
  });
});

describe("of a Node", () => {
  it("whoever reads it reads the same", () => {
    const kept = slim.node(clone(node));
    const facts = { agent: agent(), pods: [pod], lease: "fresh" as const };
    expect(offerable({ ...facts, node: kept }, config)).toEqual(offerable({ ...facts, node }, config));
    expect(agentAttributes(agent(), kept, config)).toEqual(agentAttributes(agent(), node, config));
    expect(domainOf(agent(), kept)).toEqual(domainOf(agent(), node));
    expect(kubeletSince(kept)).toBe(kubeletSince(node));
    expect(kept.spec).toEqual({ taints, unschedulable: true });
  });

  it("nothing is news that nobody reads", () => {
    const isSame = (change: (one: typeof node) => void) => {
      const other = clone(node);
      other.metadata.resourceVersion = "2";
      change(other);
      return slim.isSameNode(slim.node(other), slim.node(node));
    };
    expect(isSame(({ status }) => Object.assign(status ?? {}, { images: [] }))).toBe(true);
    expect(isSame(({ status }) => Object.assign(status?.allocatable ?? {}, { cpu: "3" }))).toBe(false);
    expect(isSame(({ status }) => Object.assign(status?.conditions?.[1] ?? {}, { status: "False" }))).toBe(
      false,
    );
    expect(isSame(({ spec }) => Object.assign(spec ?? {}, { unschedulable: false }))).toBe(false);
    expect(isSame(({ metadata }) => Object.assign(metadata.labels ?? {}, { rack: "r2" }))).toBe(false);
    expect(isSame(({ metadata }) => Object.assign(metadata, { deletionTimestamp: at }))).toBe(false);
  });

  it("goes what nobody reads", () => {
    const text = JSON.stringify(slim.node(node));
    for (const word of ["other", "annotations", "capacity", "images", "Heartbeat", "Pressure"]) {
      expect(text).not.toContain(word);
    }
    expect(slim.node({ metadata } as Live<Node>)).toEqual({ metadata, spec: {}, status: {} });
  });
});

it("keeps of a Lease who holds it and since when", () => {
  const spec = { holderIdentity: "a", renewTime: "2026-01-01T00:00:00.000000Z", leaseDurationSeconds: 75 };
  const lease = {
    metadata: { ...metadata, namespace: "ns", labels: { a: "b" } },
    spec: { ...spec, leaseTransitions: 3 },
  } as unknown as Live<Lease>;
  expect(slim.lease(lease)).toEqual({ metadata: { ...metadata, namespace: "ns" }, spec });
});

it("keeps all of an Agent", () => {
  const amounts = [{ name: "cpus", scalar: 4 }];
  const attributes = [{ name: "rack", text: "r1" }];
  const whole = {
    ...agent(),
    status: {
      hostname: "h",
      tasks: 1,
      capacity: amounts,
      offerable: amounts,
      attributes,
      slot: { pod: "p" },
    },
  } as ReturnType<typeof agent>;
  const kept = slim.agent(clone(whole));
  expect(kept).toEqual(whole);
  expect(kept.status?.offerable).toBe(kept.status?.capacity);
});
