/** Executors: what they hold comes free with the last of their tasks. */
import { type Gang, gangKey } from "./gangs.ts";
import type { HeldTask } from "./snapshot.ts";

/** An executor and what of it runs. */
interface Running {
  readonly executor: HeldTask;
  /** Of the gangs that have tasks of it, those whose end is not under way. */
  readonly gangs: ReadonlySet<string>;
  /** All of its gangs may be taken, and so may it. */
  readonly revocable: boolean;
}

export interface SortedExecutors {
  /** Their end is under way, or that of all of their tasks. */
  readonly ending: readonly HeldTask[];
  /** They run nothing. */
  readonly idle: readonly HeldTask[];
  readonly running: readonly Running[];
}

/** @param isEnding whether a gang is on its way out as a whole */
export function sortExecutors(
  executors: readonly HeldTask[],
  gangs: readonly Gang[],
  isEnding: (key: string) => boolean,
): SortedExecutors {
  if (executors.length === 0) return { ending: [], idle: [], running: [] };
  const byExecutor = new Map<string, Gang[]>();
  for (const gang of gangs) {
    const ids = new Set(gang.tasks.flatMap(({ executor }) => executor ?? []));
    for (const id of ids) byExecutor.set(id, [...(byExecutor.get(id) ?? []), gang]);
  }
  const ends = (gang: Gang) => isEnding(gang.key) || gang.tasks.every(({ ending }) => ending);
  const sorted = { ending: [] as HeldTask[], idle: [] as HeldTask[], running: [] as Running[] };
  for (const executor of executors) {
    const own = byExecutor.get(executor.id) ?? [];
    const left = own.filter((gang) => !ends(gang));
    const revocable = executor.revocable && left.every((gang) => gang.revocable);
    if (executor.ending || isEnding(gangKey(executor)) || (own.length > 0 && left.length === 0)) {
      sorted.ending.push(executor);
    } else if (own.length === 0) sorted.idle.push(executor);
    else sorted.running.push({ executor, gangs: new Set(left.map(({ key }) => key)), revocable });
  }
  return sorted;
}

/** Which executors go with which gangs. */
export class Departures {
  readonly #byGang = new Map<string, Running[]>();

  constructor(running: readonly Running[]) {
    for (const one of running) {
      if (!one.revocable) continue;
      for (const key of one.gangs) this.#byGang.set(key, [...(this.#byGang.get(key) ?? []), one]);
    }
  }

  /** Those that have nothing left once the gang goes too. */
  with(key: string, isGone: (key: string) => boolean): readonly HeldTask[] {
    const mine = this.#byGang.get(key) ?? [];
    return mine
      .filter(({ gangs }) => [...gangs].every((other) => other === key || isGone(other)))
      .map(({ executor }) => executor);
  }
}
