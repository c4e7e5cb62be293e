import type { Node } from "../../cluster/core.ts";
import type { Live } from "../../cluster/object.ts";
import type { Taint } from "../node/taints.ts";
import { repellingTaints, taintWord } from "./tolerations.ts";

/** The taints of all nodes, each once, kept as nodes come, change and go. */
export class TaintBook {
  readonly #taints = new Map<string, { readonly taint: Taint; nodes: number }>();
  /** Grows with each taint that is new to the cluster or gone from it. */
  version = 0;

  all(): readonly Taint[] {
    return Array.from(this.#taints.values(), ({ taint }) => taint);
  }

  change(node: Live<Node> | undefined, old: Live<Node> | undefined): void {
    if (node?.spec?.taints === undefined && old?.spec?.taints === undefined) return;
    for (const taint of repellingTaints(node)) this.#add(taint);
    for (const taint of repellingTaints(old)) this.#remove(taint);
  }

  #add(taint: Taint): void {
    const word = taintWord(taint);
    const known = this.#taints.get(word);
    if (known !== undefined) {
      known.nodes++;
      return;
    }
    this.#taints.set(word, { taint, nodes: 1 });
    this.version++;
  }

  #remove(taint: Taint): void {
    const word = taintWord(taint);
    const known = this.#taints.get(word);
    if (known === undefined || --known.nodes > 0) return;
    this.#taints.delete(word);
    this.version++;
  }
}
