import type { Node } from "../../cluster/core.ts";
import { describeTaint, type Taint, type Toleration, tolerates } from "../node/taints.ts";

/** Taints that keep new work away; PreferNoSchedule does not, as for kube-scheduler's filter. */
export function repellingTaints(node: Node | undefined): readonly Taint[] {
  return (node?.spec?.taints ?? []).filter(({ effect }) => effect === "NoSchedule" || effect === "NoExecute");
}

/** One taint as one word for the allocator, equal for equal taints. */
export const taintWord: (taint: Taint) => string = describeTaint;

/** The words of those taints that some toleration tolerates. */
export function toleratedWords(tolerations: readonly Toleration[], taints: Iterable<Taint>): Set<string> {
  const words = new Set<string>();
  for (const taint of taints) {
    if (tolerations.some((toleration) => tolerates(toleration, taint))) words.add(taintWord(taint));
  }
  return words;
}
