import type { Agent } from "../api/agent.ts";
import type { Lease, Node, Pod } from "../cluster/core.ts";
import type { Live, LiveMetadata } from "../cluster/object.ts";
import { SharedJson } from "../cluster/shared.ts";

type Spec = NonNullable<Pod["spec"]>;
type Container = Spec["containers"][number];
type Status = NonNullable<Pod["status"]>;
type ContainerStatus = NonNullable<Status["containerStatuses"]>[number];
type AgentStatus = NonNullable<Agent["status"]>;

/** What tells how a resize of a Pod fares, and why it ended. */
const POD_CONDITIONS: ReadonlySet<string> = new Set([
  "PodResizePending",
  "PodResizeInProgress",
  "DisruptionTarget",
]);
/** Of Agent.status, what is the same for many. */
const ALIKE = ["capacity", "offerable", "allocated", "offered", "reserved", "conditions"] as const;

/**
 * Makes of what the API server tells what the operator keeps: without what nobody here reads, by far the larger part of Nodes and
 * Pods, and with the parts that many have in common kept once. Only read the answers, and never write one back as a whole.
 */
export class Slimmer {
  readonly #shared = new SharedJson();
  readonly #readsLabel: (label: string) => boolean;

  /** `readsLabel` tells which labels of Nodes are read. */
  constructor(readsLabel: (label: string) => boolean = () => true) {
    this.#readsLabel = readsLabel;
  }

  /** An Agent with all that it has. */
  readonly agent = (agent: Live<Agent>): Live<Agent> => {
    const { metadata, spec, status } = agent;
    const { creationTimestamp, finalizers } = metadata;
    return {
      ...agent,
      ...(agent.apiVersion !== undefined && { apiVersion: this.#shared.text(agent.apiVersion) }),
      metadata: {
        ...metadata,
        creationTimestamp: this.#shared.text(creationTimestamp),
        ...(finalizers && { finalizers: this.#shared.one(finalizers) }),
      },
      spec: this.#shared.one(spec),
      ...(status && { status: this.#agentStatus(status) }),
    };
  };

  #agentStatus(status: AgentStatus): AgentStatus {
    const kept = { ...status };
    const share = <F extends keyof AgentStatus>(field: F) => {
      const value = status[field];
      if (typeof value === "object") kept[field] = this.#shared.one(value);
    };
    for (const field of ALIKE) share(field);
    // One of them has the agent's own name.
    if (status.attributes) kept.attributes = status.attributes.map((one) => this.#shared.one(one));
    return kept;
  }

  /** A Pod with what bears on resources, on where it runs and how it ends. */
  readonly pod = ({ metadata, spec, status }: Live<Pod>): Live<Pod> => ({
    metadata: this.#metadata(metadata),
    ...(spec && { spec: this.#podSpec(spec) }),
    ...(status && { status: this.#shared.one(podStatus(status)) }),
  });

  #podSpec({ nodeName, containers, initContainers, overhead, resources, hostNetwork }: Spec): Spec {
    return {
      ...(nodeName !== undefined && { nodeName }),
      containers: this.#shared.one(containers.map(slimContainer)),
      ...(initContainers && { initContainers: this.#shared.one(initContainers.map(slimContainer)) }),
      ...(overhead && { overhead }),
      ...(resources && { resources }),
      ...(hostNetwork !== undefined && { hostNetwork }),
    };
  }

  /** A Node with what is offered of it, and whether it may be. */
  readonly node = ({ metadata, spec, status }: Live<Node>): Live<Node> => {
    const { allocatable, conditions } = status ?? {};
    const ready = conditions?.filter(({ type }) => type === "Ready").map(withoutHeartbeat);
    const { taints, unschedulable } = spec ?? {};
    const labels = Object.entries(metadata.labels ?? {}).filter(([label]) => this.#readsLabel(label));
    return {
      metadata: {
        ...this.#metadata(metadata),
        ...(labels.length > 0 && { labels: Object.fromEntries(labels) }),
      },
      spec: this.#shared.one({
        ...(taints && { taints }),
        ...(unschedulable !== undefined && { unschedulable }),
      }),
      status: this.#shared.one({
        ...(allocatable && { allocatable }),
        ...(ready && { conditions: ready }),
      }),
    };
  };

  /** Kubelets tell of themselves all the time, most often the same. */
  readonly isSameNode = (node: Live<Node>, old: Live<Node>): boolean =>
    node.status === old.status &&
    node.spec === old.spec &&
    withoutVersion(node.metadata) === withoutVersion(old.metadata);

  /** A Lease by its name, with who holds it and since when. */
  readonly lease = ({ metadata, spec }: Live<Lease>): Live<Lease> => {
    const { holderIdentity, renewTime, leaseDurationSeconds } = spec ?? {};
    return {
      metadata: this.#metadata(metadata),
      spec: {
        ...(holderIdentity !== undefined && { holderIdentity }),
        ...(renewTime !== undefined && { renewTime }),
        ...(leaseDurationSeconds !== undefined && { leaseDurationSeconds }),
      },
    };
  };

  #metadata(metadata: LiveMetadata): LiveMetadata {
    const { name, namespace, uid, resourceVersion, creationTimestamp } = metadata;
    const { deletionTimestamp, deletionGracePeriodSeconds, finalizers } = metadata;
    return {
      name,
      ...(namespace !== undefined && { namespace: this.#shared.text(namespace) }),
      uid,
      resourceVersion,
      creationTimestamp: this.#shared.text(creationTimestamp),
      ...(deletionTimestamp !== undefined && { deletionTimestamp }),
      ...(deletionGracePeriodSeconds !== undefined && { deletionGracePeriodSeconds }),
      ...(finalizers && { finalizers: this.#shared.one(finalizers) }),
    };
  }
}

const withoutVersion = (metadata: LiveMetadata): string =>
  JSON.stringify({ ...metadata, resourceVersion: undefined });

function slimContainer({ name, resources, ports, restartPolicy }: Container): Container {
  return {
    name,
    ...(resources?.requests && { resources: { requests: resources.requests } }),
    ...(ports && {
      ports: ports.map(({ containerPort, hostPort }) => withHostPort(containerPort, hostPort)),
    }),
    ...(restartPolicy !== undefined && { restartPolicy }),
  };
}

const withHostPort = (containerPort: number, hostPort: number | undefined) =>
  hostPort === undefined ? { containerPort } : { containerPort, hostPort };

function podStatus(status: Status): Status {
  const { phase, reason, message, resources, allocatedResources } = status;
  const { conditions, containerStatuses, initContainerStatuses, nodeAllocatableResourceClaimStatuses } =
    status;
  const read = conditions?.filter(({ type }) => POD_CONDITIONS.has(type)) ?? [];
  return {
    ...(phase !== undefined && { phase }),
    ...(reason !== undefined && { reason }),
    ...(message !== undefined && { message }),
    ...(read.length > 0 && { conditions: read }),
    ...(containerStatuses && { containerStatuses: containerStatuses.map(slimContainerStatus) }),
    ...(initContainerStatuses && { initContainerStatuses: initContainerStatuses.map(slimContainerStatus) }),
    ...(resources && { resources }),
    ...(allocatedResources && { allocatedResources }),
    ...(nodeAllocatableResourceClaimStatuses && { nodeAllocatableResourceClaimStatuses }),
  };
}

function slimContainerStatus({
  name,
  state,
  allocatedResources,
  resources,
}: ContainerStatus): ContainerStatus {
  return {
    name,
    // That it runs is read, not since when.
    ...(state?.running && { state: { running: {} } }),
    ...(allocatedResources && { allocatedResources }),
    ...(resources?.requests && { resources: { requests: resources.requests } }),
  } as ContainerStatus;
}

type Condition = NonNullable<NonNullable<Node["status"]>["conditions"]>[number];

function withoutHeartbeat({ type, status, message, lastTransitionTime }: Condition): Condition {
  return {
    type,
    status,
    ...(message !== undefined && { message }),
    ...(lastTransitionTime !== undefined && { lastTransitionTime }),
  };
}
