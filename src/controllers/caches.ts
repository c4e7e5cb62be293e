import type { Agent } from "../api/agent.ts";
import { type Executor, executorHasEnded } from "../api/executor.ts";
import type { Framework } from "../api/framework.ts";
import { BUILT_IN_FRAMEWORK } from "../api/group.ts";
import type { Offer } from "../api/offer.ts";
import type { Quota } from "../api/quota.ts";
import type { Reservation } from "../api/reservation.ts";
import type { Role } from "../api/role.ts";
import type { Task } from "../api/task.ts";
import { hasEnded } from "../api/taskstate.ts";
import type { Breath } from "../cluster/breath.ts";
import type { Lease, Namespace, Node, Pod } from "../cluster/core.ts";
import type { Logger } from "../cluster/logger.ts";
import type { KubeObject, Live } from "../cluster/object.ts";
import { Reflector } from "../cluster/reflector.ts";
import type { Indexer } from "../cluster/store.ts";
import type { Clock } from "../cluster/time.ts";
import type { Clients } from "./clients.ts";
import { frameworkLeaseKey } from "./framework/connection.ts";
import { Slimmer } from "./slim.ts";

/**
 * Indexes of Tasks. `agent`, `framework` ("namespace/name", the built-in one's name is `mesos`), `role`, `taskId`: all tasks.
 * `liveAgent`, `liveFramework`, `liveRole`, `liveTaskId` (`taskIdKey`): those that have not ended. `offer`: by the uid of the
 * Offer they were made from.
 * `pending`: tasks of the built-in framework that have no agent yet, under `pendingKey`.
 */
export type TaskIndex =
  | "agent"
  | "framework"
  | "role"
  | "liveAgent"
  | "liveFramework"
  | "liveRole"
  | "liveTaskId"
  | "taskId"
  | "offer"
  | "pending";
/**
 * Indexes of Executors. `live*`: those that have not ended; `liveFramework` is "namespace/name", `liveId` is `executorIdKey`.
 * `offer`: by the uid of the Offer they were made from.
 */
export type ExecutorIndex = "liveAgent" | "liveFramework" | "liveRole" | "liveId" | "offer";
/**
 * `outstanding*`: Offers that are neither answered to the end, nor expired, nor rescinded. `framework`: "namespace/name".
 * `inverseAgent`: inverse offers, closed ones too; they are in none of `outstanding*`.
 */
export type OfferIndex =
  | "agent"
  | "framework"
  | "outstandingAgent"
  | "outstandingFramework"
  | "outstandingRole"
  | "inverseAgent";
/** `maintenance`: under `PLANNED`, agents for which it is planned, or was a moment ago. */
export type AgentIndex = "maintenance";
export const PLANNED = "planned";
/** `agent` is where the Reservation is (its status, once a selector has chosen). */
export type ReservationIndex = "agent" | "role";

/** What the operator mirrors of the API server; each replica runs them, so that a new leader starts at once. */
export interface Caches {
  readonly agents: Reflector<Agent, AgentIndex>;
  readonly executors: Reflector<Executor, ExecutorIndex>;
  /** By role in spec.roles, and by the key of the Lease that it renews. */
  readonly frameworks: Reflector<Framework, "role" | "lease">;
  readonly offers: Reflector<Offer, OfferIndex>;
  /** Quotas and roles by the role's path: two with one path are a conflict. */
  readonly quotas: Reflector<Quota, "role">;
  readonly reservations: Reflector<Reservation, ReservationIndex>;
  readonly roles: Reflector<Role, "path">;
  readonly tasks: Reflector<Task, TaskIndex>;
  /** All Leases but those of the nodes: of agents and of frameworks. */
  readonly leases: Reflector<Lease>;
  readonly namespaces: Reflector<Namespace>;
  /** Without what does not bear on what is offered (see slim.ts). */
  readonly nodes: Reflector<Node>;
  /** By spec.nodeName; ended ones too. Without what does not bear on resources (see slim.ts). */
  readonly pods: Reflector<Pod, "node">;
}

/** "namespace/name" of the framework that a task, or an executor, belongs to. */
export const frameworkKey = ({ metadata, spec }: Live<Task> | Live<Executor>): string =>
  `${metadata.namespace ?? ""}/${spec.framework ?? BUILT_IN_FRAMEWORK}`;

/** A Mesos task id within its framework ("namespace/name"). */
export const taskIdKey = (framework: string, taskId: string): string => `${framework} ${taskId}`;

/** A Mesos executor id within its framework ("namespace/name") on an agent. */
export const executorIdKey = (framework: string, agent: string, executorId: string): string =>
  `${framework} ${agent} ${executorId}`;

/** Tasks that the built-in framework places compete by namespace and role. */
export const pendingKey = (namespace: string, role: string): string => `${namespace} ${role}`;

export const isPending = (task: Live<Task>): boolean =>
  task.spec.framework === undefined &&
  task.spec.agent === undefined &&
  task.spec.kill === undefined &&
  task.metadata.deletionTimestamp === undefined &&
  !hasEnded(task.status);

const isOpen = ({ status }: Offer): boolean => (status?.state ?? "Outstanding") === "Outstanding";

/** Whether it keeps resources from others: an inverse offer holds nothing, and is none of these. */
export const isOutstanding = (offer: Offer): boolean => isOpen(offer) && offer.spec.inverse !== true;

/** Outstanding, and its framework has not answered it yet: what may be taken back. */
export const isUnanswered = (offer: Offer): boolean =>
  isOutstanding(offer) && offer.spec.response === undefined;

/** An inverse offer that is not closed. */
export const isOpenInverse = (offer: Offer): boolean => isOpen(offer) && offer.spec.inverse === true;

const taskIndexers: Readonly<Record<TaskIndex, Indexer<Task>>> = {
  agent: ({ spec }) => one(spec.agent),
  framework: (task) => [frameworkKey(task)],
  role: ({ spec }) => [spec.role],
  liveAgent: ({ spec, status }) => (!hasEnded(status) ? one(spec.agent) : []),
  liveFramework: (task) => (!hasEnded(task.status) ? [frameworkKey(task)] : []),
  liveRole: ({ spec, status }) => (!hasEnded(status) ? [spec.role] : []),
  liveTaskId: (task) =>
    hasEnded(task.status) ? [] : [taskIdKey(frameworkKey(task), task.spec.taskId ?? task.metadata.name)],
  taskId: (task) => [taskIdKey(frameworkKey(task), task.spec.taskId ?? task.metadata.name)],
  offer: ({ spec }) => one(spec.offer?.uid),
  pending: (task) => (isPending(task) ? [pendingKey(task.metadata.namespace ?? "", task.spec.role)] : []),
};

const ifLive = ({ status }: Executor, key: string): readonly string[] =>
  executorHasEnded(status) ? [] : [key];

const executorIndexers: Readonly<Record<ExecutorIndex, Indexer<Executor>>> = {
  liveAgent: (executor) => ifLive(executor, executor.spec.agent),
  liveFramework: (executor) => ifLive(executor, frameworkKey(executor)),
  liveRole: (executor) => ifLive(executor, executor.spec.role),
  liveId: (executor) =>
    ifLive(executor, executorIdKey(frameworkKey(executor), executor.spec.agent, executor.spec.executorId)),
  offer: ({ spec }) => one(spec.offer?.uid),
};

const offerFramework = ({ metadata, spec }: Live<Offer>): string =>
  `${metadata.namespace ?? ""}/${spec.framework}`;

const offerIndexers: Readonly<Record<OfferIndex, Indexer<Offer>>> = {
  agent: ({ spec }) => [spec.agent],
  framework: (offer) => [offerFramework(offer)],
  outstandingAgent: (offer) => (isOutstanding(offer) ? [offer.spec.agent] : []),
  outstandingRole: (offer) => (isOutstanding(offer) ? [offer.spec.role] : []),
  outstandingFramework: (offer) => (isOutstanding(offer) ? [offerFramework(offer)] : []),
  inverseAgent: ({ spec }) => (spec.inverse ? [spec.agent] : []),
};

const one = (value: string | undefined): readonly string[] => (value === undefined ? [] : [value]);

export interface CacheOptions {
  readonly logger: Logger;
  readonly clock: Clock;
  readonly breath?: Breath;
  /** Deep-freezes what is kept: for tests. */
  readonly freeze?: boolean;
  /** Which labels of Nodes are read; absent: any. */
  readonly readsLabel?: (label: string) => boolean;
}

export function createCaches(clients: Clients, { readsLabel, ...options }: CacheOptions): Caches {
  const slim = new Slimmer(readsLabel);
  return {
    agents: new Reflector(clients.agents, {
      ...options,
      transform: slim.agent,
      indexers: {
        maintenance: ({ spec, status }) => (spec.maintenance || status?.maintenance ? [PLANNED] : []),
      },
    }),
    executors: new Reflector(clients.executors, { ...options, indexers: executorIndexers }),
    frameworks: new Reflector(clients.frameworks, {
      ...options,
      indexers: {
        role: ({ spec }) => spec.roles,
        lease: (framework) =>
          framework.spec.connection.type === "Lease" ? [frameworkLeaseKey(framework)] : [],
      },
    }),
    offers: new Reflector(clients.offers, { ...options, indexers: offerIndexers }),
    quotas: new Reflector(clients.quotas, { ...options, indexers: { role: ({ spec }) => [spec.role] } }),
    reservations: new Reflector(clients.reservations, {
      ...options,
      indexers: {
        agent: ({ spec, status }) => one(spec.agent ?? status?.reserved?.[0]?.agent),
        role: ({ spec }) => [spec.role],
      },
    }),
    roles: new Reflector(clients.roles, { ...options, indexers: { path: ({ spec }) => [spec.path] } }),
    tasks: new Reflector(clients.tasks, { ...options, indexers: taskIndexers }),
    leases: new Reflector(clients.leases, {
      ...options,
      fieldSelector: "metadata.namespace!=kube-node-lease",
      transform: slim.lease,
    }),
    namespaces: new Reflector(clients.namespaces, options),
    nodes: new Reflector(clients.nodes, { ...options, transform: slim.node, isSame: slim.isSameNode }),
    pods: new Reflector(clients.pods, {
      ...options,
      transform: slim.pod,
      indexers: { node: ({ spec }) => one(spec?.nodeName) },
    }),
  };
}

/** Every reflector, whatever it mirrors. */
export function allCaches(caches: Caches): readonly Reflector<KubeObject, string>[] {
  return Object.values(caches) as unknown as Reflector<KubeObject, string>[];
}

export const cachesSynced = (caches: Caches): Promise<unknown> =>
  Promise.all(allCaches(caches).map((cache) => cache.synced));

/** Runs all of them until the signal aborts. */
export async function runCaches(caches: Caches, signal: AbortSignal): Promise<void> {
  await Promise.all(allCaches(caches).map((cache) => cache.run(signal)));
}
