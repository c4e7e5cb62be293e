/** Places tasks, in their order, on what is offered. Pure. */
import type { Resources } from "../../resources/index.ts";
import { match } from "./match.ts";
import type { PlacementPolicy } from "./policy.ts";
import type { Candidate, TaskRequest } from "./request.ts";

export interface Placed {
  readonly request: TaskRequest;
  /** The candidate as it was given. */
  readonly candidate: Candidate;
  /** What the task takes of it, with its reservations and its ports. */
  readonly resources: Resources;
}

/** `agents` counts; an agent that is short of two resources counts for both. */
export interface Misfit {
  readonly reason: "Taint" | "Constraint" | "Short";
  readonly resource?: string;
  readonly agents: number;
}

export interface Unplaced {
  readonly request: TaskRequest;
  readonly misfits: readonly Misfit[];
}

export interface PlacementResult {
  readonly placed: readonly Placed[];
  readonly unplaced: readonly Unplaced[];
}

export function place(
  requests: readonly TaskRequest[],
  candidates: readonly Candidate[],
  policy: PlacementPolicy,
): PlacementResult {
  const placed: Placed[] = [];
  const unplaced: Unplaced[] = [];
  const states = candidates.map((candidate) => ({ candidate, available: candidate.available }));
  for (const request of requests) {
    const misfits = new Map<string, Misfit>();
    let best: { score: number; state: (typeof states)[number]; resources: Resources } | undefined;
    for (const state of states) {
      const { candidate, available } = state;
      const found = match({ ...candidate, available }, request);
      if (!found.fits) {
        countMisfit(misfits, found.reason, found.short);
        continue;
      }
      const total = candidate.total.scalarQuantities();
      const used = total.subtract(available.subtract(found.resources).scalarQuantities());
      const score = policy.score({ candidate, request, used, total });
      if (best === undefined || score > best.score) best = { score, state, resources: found.resources };
    }
    if (best === undefined) {
      unplaced.push({ request, misfits: [...misfits.values()] });
      continue;
    }
    best.state.available = best.state.available.subtract(best.resources.nonShared());
    placed.push({ request, candidate: best.state.candidate, resources: best.resources });
  }
  return { placed, unplaced };
}

function countMisfit(misfits: Map<string, Misfit>, reason: Misfit["reason"], short: readonly string[]): void {
  const names = reason === "Short" ? short : [undefined];
  for (const resource of names) {
    const key = `${reason} ${resource}`;
    const agents = (misfits.get(key)?.agents ?? 0) + 1;
    misfits.set(key, { reason, agents, ...(resource !== undefined && { resource }) });
  }
}
