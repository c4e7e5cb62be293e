import type { Node } from "../../cluster/core.ts";
import { describeTaint } from "../node/taints.ts";
import type { StandingTaint } from "./tolerance.ts";

/** Since when each NoExecute taint stands, where it does not say so itself: as this process saw it first. */
export class Standing {
  readonly #seen = new Map<string, ReadonlyMap<string, number>>();

  /** Of a node, at `now` (milliseconds of the epoch). Those that are no longer there are forgotten. */
  observe(name: string, node: Node | undefined, now: number): readonly StandingTaint[] {
    const before = this.#seen.get(name);
    const taints = (node?.spec?.taints ?? [])
      .filter(({ effect }) => effect === "NoExecute")
      .map((taint) => {
        const since = before?.get(describeTaint(taint)) ?? now;
        return { taint, since: taint.timeAdded === undefined ? since : Date.parse(taint.timeAdded) };
      });
    if (taints.length === 0) this.#seen.delete(name);
    else this.#seen.set(name, new Map(taints.map(({ taint, since }) => [describeTaint(taint), since])));
    return taints;
  }
}
