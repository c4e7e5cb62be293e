import type { Agent } from "../../api/agent.ts";
import { SLOT_FINALIZER } from "../../api/group.ts";
import type { Node, Pod } from "../../cluster/core.ts";
import type { Live } from "../../cluster/object.ts";
import { slotPhase } from "./state.ts";

/** What is to be done about the slot Pod itself, beside its size. */
export type LifecycleStep =
  | { readonly kind: "keep"; readonly after?: number }
  | { readonly kind: "create" }
  /** Delete it; what is under it has ended, so it need not linger. Seconds of grace. */
  | { readonly kind: "delete"; readonly grace: number }
  /** Take the finalizer off: nothing is left to be recorded. */
  | { readonly kind: "release" };

export interface SlotSurroundings {
  readonly agent: Live<Agent> | undefined;
  readonly node: Live<Node> | undefined;
  readonly slot: Live<Pod> | undefined;
  readonly agentAlive: boolean;
  /** Whether tasks that the agent may have started have not ended yet: the Pod is their record. */
  readonly occupied: boolean;
  /** Wall time in milliseconds. */
  readonly now: number;
}

/** Milliseconds from the creation of a slot Pod that failed to the next one: the kubelet may refuse them all. */
const RECREATE_AFTER = 10_000;
/** Milliseconds that an empty slot Pod has to end. */
const FORCE_AFTER = 10_000;

export function lifecycleStep(surroundings: SlotSurroundings): LifecycleStep {
  const { slot, node, agent, occupied } = surroundings;
  if (slot === undefined) {
    return !occupied && isWanted(surroundings) ? { kind: "create" } : { kind: "keep" };
  }
  // The tasks of a Pod that is ending are killed by the drain, those of one that has ended are reported; then it goes.
  if (occupied) return { kind: "keep" };
  if (node === undefined)
    return slot.metadata.deletionTimestamp ? release(slot) : { kind: "delete", grace: 0 };
  switch (slotPhase(slot)) {
    case "ended":
      return afterEnd(surroundings, slot);
    case "ending":
      return hasten(surroundings, slot);
    default:
      return agent === undefined ? { kind: "delete", grace: 1 } : { kind: "keep" };
  }
}

/**
 * The agent kills the process of an empty slot Pod that is ending, then the kubelet ends it at once. Without an agent nobody
 * does: a kubelet that waits for a container to stop does not hear of a shorter grace (kubernetes/kubernetes#113606). Then the object is
 * let go; the kubelet ends what is left of the Pod, a sleeping process, when the first grace is over.
 */
function hasten({ now }: SlotSurroundings, slot: Live<Pod>): LifecycleStep {
  const { deletionGracePeriodSeconds: grace = 0, deletionTimestamp = "" } = slot.metadata;
  if (grace === 0) return release(slot);
  // Whoever starts the kubelet anew finds a short grace.
  if (grace > 1) return { kind: "delete", grace: 1 };
  const left = Date.parse(deletionTimestamp) + FORCE_AFTER - now;
  return left > 0 ? { kind: "keep", after: left } : { kind: "delete", grace: 0 };
}

function afterEnd({ now }: SlotSurroundings, slot: Live<Pod>): LifecycleStep {
  if (slot.metadata.deletionTimestamp) {
    return slot.metadata.deletionGracePeriodSeconds ? { kind: "delete", grace: 0 } : release(slot);
  }
  const left = Date.parse(slot.metadata.creationTimestamp) + RECREATE_AFTER - now;
  return left > 0 ? { kind: "keep", after: left } : { kind: "delete", grace: 0 };
}

const release = (slot: Live<Pod>): LifecycleStep =>
  slot.metadata.finalizers?.includes(SLOT_FINALIZER) ? { kind: "release" } : { kind: "keep" };

/** A cordoned node gets no new slot Pod: whoever drains it would have to evict that too, for ever. */
function isWanted({ agent, node, agentAlive }: SlotSurroundings): boolean {
  if (agent === undefined || agent.metadata.deletionTimestamp || agent.spec.draining) return false;
  if (node === undefined || node.metadata.deletionTimestamp || node.spec?.unschedulable) return false;
  const ready = node.status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True");
  return agentAlive && ready === true;
}
