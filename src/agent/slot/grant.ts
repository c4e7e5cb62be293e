import { fromSpec, type ResourceSpec } from "../../resources/index.ts";
import type { Amounts, SlotState } from "./slotState.ts";

/** A task that waits for its turn. */
export interface Candidate {
  readonly uid: string;
  readonly namespace: string;
  readonly name: string;
  /** RFC 3339. */
  readonly createdAt: string;
  readonly wants: Amounts;
  readonly group?: { readonly key: string; readonly size: number };
  /** Starts with its first task, and holds its own. */
  readonly executor?: { readonly uid: string; readonly wants: Amounts };
}

/** cpus and mem of a task's resources; the others do not pass through the slot. */
export function amountsOf(resources: readonly ResourceSpec[]): Amounts {
  const scalars = fromSpec(resources).scalarQuantities();
  return { cpus: scalars.get("cpus"), mem: scalars.get("mem") };
}

export const addAmounts = (a: Amounts, b: Amounts): Amounts => ({
  cpus: a.cpus + b.cpus,
  mem: a.mem + b.mem,
});

/**
 * Which waiting tasks may start now: the oldest first, and none before an older one that does not fit yet, so that a large task
 * is not passed by for ever. A group starts whole or not; one that is not complete yet holds nobody up.
 *
 * @param held what the tasks and executors hold that this agent has already started
 * @param executors uids of those executors
 */
export function grantable(
  candidates: readonly Candidate[],
  slot: SlotState | undefined,
  held: Amounts,
  executors: ReadonlySet<string> = new Set(),
): readonly Candidate[] {
  if (!slot || slot.containerId === undefined || slot.resizePending || slot.ending) return [];
  const granted: Candidate[] = [];
  const started = new Set(executors);
  let used = held;
  for (const unit of units(candidates)) {
    const first = new Map(unit.flatMap(({ executor }) => (executor ? [[executor.uid, executor]] : [])));
    const starting = [...first.values()].filter(({ uid }) => !started.has(uid));
    const after = [...unit, ...starting].reduce((sum, { wants }) => addAmounts(sum, wants), used);
    if (after.cpus > slot.granted.cpus || after.mem > slot.granted.mem) break;
    used = after;
    for (const { uid } of starting) started.add(uid);
    granted.push(...unit);
  }
  return granted;
}

/** Single tasks and complete groups, each at the place of its oldest task. */
function units(candidates: readonly Candidate[]): readonly (readonly Candidate[])[] {
  const made = new Map<string, Candidate[]>();
  for (const candidate of [...candidates].sort(byAge)) {
    const key = candidate.group ? `group ${candidate.group.key}` : candidate.uid;
    const unit = made.get(key);
    if (unit) unit.push(candidate);
    else made.set(key, [candidate]);
  }
  return [...made.values()].filter((unit) => unit.length >= (unit[0]?.group?.size ?? 1));
}

function byAge(a: Candidate, b: Candidate): number {
  return compare(a.createdAt, b.createdAt) || compare(a.namespace, b.namespace) || compare(a.name, b.name);
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
