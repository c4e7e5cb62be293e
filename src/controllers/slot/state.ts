import { SLOT_CONTAINER, slotPodName } from "../../api/group.ts";
import type { Pod } from "../../cluster/core.ts";
import { hasFinished } from "../node/podRequests.ts";
import { NO_SIZE, type Size, sizeOf } from "./size.ts";

/**
 * Where a slot Pod is in its life. starting: its container does not run (yet, or again). ending: to be deleted, which
 * takes its tasks along when its grace is over. ended: the kubelet has killed every process under its cgroup.
 */
export type SlotPhase = "absent" | "starting" | "running" | "ending" | "ended";

/** Why the kubelet has not granted a resize (condition PodResizePending). */
export interface PendingResize {
  /** `Deferred` (other Pods hold the room) or `Infeasible` (it can never be). */
  readonly reason: string;
  readonly message: string;
}

export interface SlotState {
  readonly phase: SlotPhase;
  /** What its spec asks for. */
  readonly asked: Size;
  /** What the kubelet has granted: tasks may hold this less the base. */
  readonly granted: Size;
  readonly pending?: PendingResize;
  /** The kubelet is putting a granted resize into effect; it failed to if there is an error. */
  readonly progress?: { readonly error?: string };
}

/** Whether this is the slot Pod of its node: its name and namespace are what counts, labels anyone can set. */
export const isSlot = ({ metadata, spec }: Pod, namespace: string): boolean =>
  metadata?.namespace === namespace &&
  spec?.nodeName !== undefined &&
  metadata.name === slotPodName(spec.nodeName);

export function slotPhase(pod: Pod | undefined): SlotPhase {
  if (pod === undefined) return "absent";
  if (hasFinished(pod)) return "ended";
  if (pod.metadata?.deletionTimestamp !== undefined) return "ending";
  return slotStatus(pod)?.state?.running === undefined ? "starting" : "running";
}

export function slotState(pod: Pod | undefined): SlotState {
  const phase = slotPhase(pod);
  if (pod === undefined) return { phase, asked: NO_SIZE, granted: NO_SIZE };
  const container = pod.spec?.containers.find(({ name }) => name === SLOT_CONTAINER);
  const condition = (type: string) =>
    pod.status?.conditions?.find((one) => one.type === type && one.status === "True");
  const pending = condition("PodResizePending");
  const progress = condition("PodResizeInProgress");
  return {
    phase,
    asked: sizeOf(container?.resources?.requests),
    granted: sizeOf(slotStatus(pod)?.allocatedResources),
    ...(pending && { pending: { reason: pending.reason ?? "", message: pending.message ?? "" } }),
    ...(progress && {
      progress: progress.reason === "Error" ? { error: progress.message ?? "" } : {},
    }),
  };
}

const slotStatus = ({ status }: Pod) =>
  status?.containerStatuses?.find(({ name }) => name === SLOT_CONTAINER);

/** Why the Pod ended, in a sentence: evicted, preempted, rejected by the kubelet, deleted. */
export function endingOf(pod: Pod): string {
  const { status, metadata } = pod;
  const disruption = status?.conditions?.find(
    ({ type, status }) => type === "DisruptionTarget" && status === "True",
  );
  const cause = [status?.reason, disruption?.reason].find((word) => word !== undefined && word !== "");
  const detail = [status?.message, disruption?.message].find((text) => text !== undefined && text !== "");
  const what = cause ?? (metadata?.deletionTimestamp === undefined ? "it ended" : "it was deleted");
  return detail === undefined ? what : `${what}: ${detail}`;
}
