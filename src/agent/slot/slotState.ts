import { SLOT_BASE, SLOT_CONTAINER } from "../../api/group.ts";
import type { Pod } from "../../cluster/core.ts";
import type { Live } from "../../cluster/object.ts";
import { quantityToMilli } from "../../resources/index.ts";

/** Thousandths of a cpu and of a MiB. */
export interface Amounts {
  readonly cpus: number;
  readonly mem: number;
}

/** What the agent reads from its slot Pod. */
export interface SlotState {
  readonly podUid: string;
  /** "containerd://…"; absent while it does not run. */
  readonly containerId?: string;
  /** What the kubelet has granted to tasks: allocatedResources less the slot's own base. */
  readonly granted: Amounts;
  /** The kubelet has not decided on the last resize, or cannot grant it. */
  readonly resizePending: boolean;
  /** It is being ended or has ended: nothing may be started below it. */
  readonly ending: boolean;
}

export const NO_AMOUNTS: Amounts = { cpus: 0, mem: 0 };

/**
 * The grant as the kubelet reports it (KEP-1287): allocatedResources is what it has admitted; PodResizePending is there while
 * the resources asked for are Deferred or Infeasible.
 */
export function slotState(pod: Live<Pod>): SlotState {
  const container = pod.status?.containerStatuses?.find(({ name }) => name === SLOT_CONTAINER);
  const running = container?.state?.running !== undefined;
  const phase = pod.status?.phase;
  return {
    podUid: pod.metadata.uid,
    ...(running && container?.containerID ? { containerId: container.containerID } : {}),
    granted: less(amounts(container?.allocatedResources), {
      cpus: SLOT_BASE.cpuMilli,
      mem: (SLOT_BASE.memoryBytes / 1024 / 1024) * 1000,
    }),
    resizePending: (pod.status?.conditions ?? []).some(
      ({ type, status }) => type === "PodResizePending" && status === "True",
    ),
    ending: pod.metadata.deletionTimestamp !== undefined || phase === "Failed" || phase === "Succeeded",
  };
}

/** Rounded up: the operator's sums are exact, the rounding to whole bytes on the way is not. */
function amounts(list: Readonly<Record<string, string>> | undefined): Amounts {
  const of = (name: string, key: string) => {
    const text = list?.[key];
    return text === undefined ? 0 : quantityToMilli(name, text, key, "up");
  };
  return { cpus: of("cpus", "cpu"), mem: of("mem", "memory") };
}

const less = (from: Amounts, amount: Amounts): Amounts => ({
  cpus: Math.max(0, from.cpus - amount.cpus),
  mem: Math.max(0, from.mem - amount.mem),
});
