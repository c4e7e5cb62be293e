/**
 * Progressive filling as in Ghodsi et al., "Dominant Resource Fairness" (NSDI 2011), section 4.1, driven by the allocator: whoever
 * is offered the rest of an agent takes one task of it and gives back what remains; who cannot use the rest wants no more of
 * that agent. With tasks that are small beside the whole this comes close to the paper's model, in which they are endlessly small.
 */
import { fromSpec, type Resources } from "../../resources/index.ts";
import { allocate } from "../allocate.ts";
import type { AllocationOptions } from "../decision.ts";
import { framework, options } from "../world.fixture.ts";
import type { AgentState, AllocationWorld } from "../world.ts";

/** Amounts of resource 0, 1 and so on. */
export type Vector = readonly number[];

export interface User {
  readonly id: string;
  /** Of one task. */
  readonly demand: Vector;
  /** Of its role; 1 if it is not said. */
  readonly weight?: number;
  /** Its own if it is not said. */
  readonly role?: string;
}

export interface Filled {
  /** Tasks by user, in the order of the users. */
  readonly tasks: readonly number[];
  /** Whose turn it was, task by task. */
  readonly turns: readonly string[];
  /** What is left of each agent. */
  readonly left: readonly Vector[];
}

/** The allocator may do as it likes with what the paper does not speak of, say `sorter`. */
export function fill(
  agents: readonly Vector[],
  users: readonly User[],
  more: Partial<AllocationOptions> = {},
): Filled {
  const demands = new Map(users.map(({ id, demand }) => [id, resourcesOf(demand)]));
  const counts = users.map(() => agents.map(() => 0));
  const turns: string[] = [];
  const gone = new Set<string>();
  const start: AllocationWorld = {
    agents: [],
    frameworks: users.map(({ id, role }) => framework(id, role ?? id)),
    roles: users.map(({ id, role, weight }) => ({ path: role ?? id, weight: weight ?? 1 })),
    quotas: [],
    refusals: { refuses: (id, _, agent) => gone.has(`${id} ${agent}`) },
  };
  const states = agents.map((total, i): AgentState => {
    return { name: `agent-${i}`, total: resourcesOf(total), allocations: [], attributes: [] };
  });
  for (;;) {
    const [offer] = allocate({ ...start, agents: states }, options(more)).offers;
    if (offer === undefined) break;
    const user = users.findIndex(({ id }) => id === offer.framework);
    const at = states.findIndex(({ name }) => name === offer.agent);
    const [demand, state, mine] = [demands.get(offer.framework), states[at], counts[user]];
    if (demand === undefined || state === undefined || mine === undefined)
      throw new Error("an unknown offer");
    if (!offer.resources.contains(demand)) {
      const key = `${offer.framework} ${offer.agent}`;
      if (gone.has(key)) throw new Error(`${key} was offered again though it was refused`);
      gone.add(key);
      continue;
    }
    turns.push(offer.framework);
    mine[at] = (mine[at] ?? 0) + 1;
    const { framework: id, role } = offer;
    const others = state.allocations.filter((held) => held.framework !== id);
    const resources =
      state.allocations.find((held) => held.framework === id)?.resources.add(demand) ?? demand;
    states[at] = { ...state, allocations: [...others, { framework: id, role, resources }] };
  }
  return {
    turns,
    tasks: counts.map((mine) => mine.reduce((sum, count) => sum + count, 0)),
    left: agents.map((total, a) =>
      total.map((amount, r) =>
        users.reduce((rest, { demand }, u) => rest - (counts[u]?.[a] ?? 0) * (demand[r] ?? 0), amount),
      ),
    ),
  };
}

function resourcesOf(amounts: Vector): Resources {
  return fromSpec(amounts.map((scalar, i) => ({ name: `r${i}`, scalar })));
}

/** The greatest part of any resource that one task takes. */
export function taskShare(demand: Vector, total: Vector): number {
  return Math.max(...demand.map((amount, r) => amount / (total[r] ?? 1)));
}

/** How many tasks of a demand fit in some amounts; with parts of tasks. */
export function tasksIn(amounts: Vector, demand: Vector): number {
  return Math.min(
    ...demand.map((need, r) => (need === 0 ? Number.POSITIVE_INFINITY : (amounts[r] ?? 0) / need)),
  );
}

export function times(demand: Vector, count: number): Vector {
  return demand.map((amount) => amount * count);
}
