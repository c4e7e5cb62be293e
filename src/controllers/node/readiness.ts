import type { Agent } from "../../api/agent.ts";
import { findCondition } from "../../cluster/conditions.ts";
import type { Node, Pod } from "../../cluster/core.ts";
import type { Live } from "../../cluster/object.ts";
import { slotPhase } from "../slot/state.ts";

/** What an agent's standing is judged by. */
export interface NodeFacts {
  readonly agent: Live<Agent>;
  readonly node: Live<Node> | undefined;
  /** All Pods of the node, the slot Pod too. */
  readonly pods: readonly Live<Pod>[];
  /** The agent's Lease. */
  readonly lease: "fresh" | "lapsed" | "absent" | "unknown";
}

/** Why an agent is offered to nobody: a word for machines and a sentence. */
export interface Held {
  readonly reason: string;
  readonly message: string;
}

/** The reason of Agent's condition Schedulable while it rests after a refused resize. */
export const RESIZE_REFUSED = "ResizeRefused";

const held = (reason: string, message: string): Held => ({ reason, message });

/** Why tasks cannot run there: no node, no agent, no slot. Undefined: they can. */
export function notReady({ agent, node, lease }: NodeFacts, slot: Live<Pod> | undefined): Held | undefined {
  if (node === undefined) return held("NodeGone", "there is no Node of this name");
  if (node.metadata.deletionTimestamp) return held("NodeDeleting", "the Node is being deleted");
  if (agent.metadata.deletionTimestamp) return held("AgentDeleting", "the Agent is being deleted");
  if (lease === "lapsed") return held("AgentNotReady", "the agent has not renewed its Lease for too long");
  if (lease !== "fresh") return held("AgentNotReady", "the agent has not shown itself yet: it has no Lease");
  const ready = node.status?.conditions?.find(({ type }) => type === "Ready");
  if (ready?.status !== "True") {
    return held("NodeNotReady", `the Node is not Ready: ${ready?.message ?? "its kubelet has not reported"}`);
  }
  const phase = slotPhase(slot);
  if (phase === "running" || phase === "ending") return undefined;
  return held("SlotNotReady", `the slot Pod is ${phase}`);
}

/** Why nothing new is offered there though tasks run: an administrator's wish, or the kubelet's. Undefined: it is offered. */
export function notOffered({ agent, node }: NodeFacts, slot: Live<Pod> | undefined): Held | undefined {
  if (agent.spec.unschedulable) return held("Deactivated", "spec.unschedulable is set");
  if (agent.spec.draining) {
    return agent.status?.draining === "DRAINED"
      ? held("Drained", "its tasks have ended; remove spec.draining to have it offered again")
      : held("Draining", "spec.draining is set: its tasks are being killed");
  }
  if (slotPhase(slot) === "ending") {
    return held("Draining", "the slot Pod is being evicted or deleted: the tasks under it are being killed");
  }
  if (node?.spec?.unschedulable) return held("Cordoned", "the Node is cordoned");
  if (inMaintenance(agent)) return held("Maintenance", "its planned maintenance has started");
  const scheduling = findCondition(agent.status?.conditions, "Schedulable");
  if (scheduling?.status === "False" && scheduling.reason === RESIZE_REFUSED) {
    return held(RESIZE_REFUSED, scheduling.message);
  }
  return undefined;
}

/** As the maintenance controller has found, which has the clock. A window that is withdrawn ends at once. */
const inMaintenance = ({ spec, status }: Agent): boolean =>
  spec.maintenance !== undefined && status?.maintenance?.phase === "InProgress";

/** Since when the kubelet is up, or down, as its node's condition Ready has it; empty when nothing says so. */
export function kubeletSince(node: Node | undefined): string {
  const ready = node?.status?.conditions?.find(({ type }) => type === "Ready");
  return `${ready?.status ?? ""} ${ready?.lastTransitionTime?.toString() ?? ""}`.trim();
}
