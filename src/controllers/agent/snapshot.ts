import type { Agent } from "../../api/agent.ts";
import type { Executor } from "../../api/executor.ts";
import { agentLeaseName, slotPodName } from "../../api/group.ts";
import type { Offer } from "../../api/offer.ts";
import type { Reservation } from "../../api/reservation.ts";
import type { Task } from "../../api/task.ts";
import type { Node, Pod } from "../../cluster/core.ts";
import type { Live } from "../../cluster/object.ts";
import type { Dependencies } from "../dependencies.ts";

/** All that the operator knows of one agent, at one time. */
export interface AgentSnapshot {
  readonly name: string;
  /** Absent: tasks may name an agent that is no more. */
  readonly agent: Live<Agent> | undefined;
  readonly node: Live<Node> | undefined;
  /** All Pods of the node, the slot Pod too. */
  readonly pods: readonly Live<Pod>[];
  readonly slot: Live<Pod> | undefined;
  readonly lease: "fresh" | "lapsed" | "absent" | "unknown";
  /** That have not ended. */
  readonly tasks: readonly Live<Task>[];
  /** That have not ended. */
  readonly executors: readonly Live<Executor>[];
  /** That are outstanding and not answered: an answer that is being carried out is the offer controller's. */
  readonly offers: readonly Live<Offer>[];
  readonly reservations: readonly Live<Reservation>[];
}

export function takeSnapshot(
  { caches, config, agentLeases }: Pick<Dependencies, "caches" | "config" | "agentLeases">,
  name: string,
): AgentSnapshot {
  return {
    name,
    agent: caches.agents.store.get(name),
    node: caches.nodes.store.get(name),
    pods: caches.pods.store.by("node", name),
    slot: caches.pods.store.get(`${config.namespace}/${slotPodName(name)}`),
    lease: agentLeases.state(agentLeaseKey(config.namespace, name)),
    tasks: caches.tasks.store.by("liveAgent", name),
    executors: caches.executors.store.by("liveAgent", name),
    offers: caches.offers.store
      .by("outstandingAgent", name)
      .filter(({ spec }) => spec.response === undefined),
    reservations: caches.reservations.store.by("agent", name),
  };
}

export const agentLeaseKey = (namespace: string, agent: string): string =>
  `${namespace}/${agentLeaseName(agent)}`;

/** The agent whose Lease this is; undefined for another's. */
export function agentOfLease(namespace: string, key: string): string | undefined {
  const prefix = agentLeaseKey(namespace, "");
  return key.startsWith(prefix) ? key.slice(prefix.length) : undefined;
}
