/**
 * How long what a framework has declined is held back from it. A filter holds back offers that its refused resources contain: more
 * than that is offered again. The rules are Mesos's (hierarchical.cpp: recoverResources, isFiltered). Times are milliseconds.
 */

export const DEFAULT_REFUSE_SECONDS = 5;
const MAX_REFUSE_SECONDS = 365 * 24 * 3600;

/**
 * For how long a refusal counts, in milliseconds: undefined, not a number and negative are the default, 0 is no filter, else at
 * least the allocation interval (so that it outlives one allocation) and at most 365 days.
 */
export function refusalTime(
  refuseSeconds: number | undefined,
  allocationIntervalMs: number,
  defaultSeconds = DEFAULT_REFUSE_SECONDS,
): number {
  const asked = refuseSeconds === undefined || !(refuseSeconds >= 0) ? defaultSeconds : refuseSeconds;
  if (asked === 0) return 0;
  return Math.max(allocationIntervalMs, Math.min(asked, MAX_REFUSE_SECONDS) * 1000);
}

const EXACT = 60_000;

/**
 * When a filter ends that is to last so long. Of up to a minute exactly then; a longer one on a grid, at most 1/128 of its time
 * early and never late: filters of about one time then end together, and the allocator keeps those in a bit each.
 */
export function filterEnd(now: number, time: number): number {
  if (time <= EXACT) return now + time;
  const grid = 2 ** Math.floor(Math.log2(time / 128));
  return Math.floor((now + time) / grid) * grid;
}
