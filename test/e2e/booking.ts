import { SLOT_CONTAINER } from "../../src/api/group.ts";
import type { Pod } from "../../src/cluster/core.ts";
import type { Live } from "../../src/cluster/object.ts";
import { quantityToMilli } from "../../src/resources/index.ts";

/** Millicores of a Kubernetes quantity. */
export const milliOf = (cpu: string | undefined): number =>
  cpu === undefined ? 0 : quantityToMilli("cpus", cpu);

/** Millicores that the Pods of a node hold. */
export interface Sums {
  /** What their specs ask for. */
  readonly requested: number;
  /** As the kubelet has granted it: a resize that is Deferred asks for more than it holds. */
  readonly granted: number;
}

export function sumOf(pods: readonly Live<Pod>[]): Sums {
  let requested = 0;
  let granted = 0;
  for (const { spec, status } of pods) {
    if (status?.phase === "Succeeded" || status?.phase === "Failed") continue;
    for (const container of spec?.containers ?? []) {
      const asked = milliOf(container.resources?.requests?.cpu);
      requested += asked;
      const allocated = status?.containerStatuses?.find(({ name }) => name === container.name)
        ?.allocatedResources?.cpu;
      granted += container.name === SLOT_CONTAINER && allocated !== undefined ? milliOf(allocated) : asked;
    }
  }
  return { requested, granted };
}
