/** Worlds in a few words, for tests: resources in Mesos's text form, defaults for all that a test is not about. */
import { Limits, parseAttributes, parseResources, Quantities, Resources } from "../resources/index.ts";
import type { AllocationOptions, PlannedOffer } from "./decision.ts";
import { OfferFilters } from "./reference/filters.fixture.ts";
import type {
  AgentState,
  Allocation,
  AllocationWorld,
  Capability,
  FrameworkState,
  QuotaState,
} from "./world.ts";

export function agent(
  name: string,
  total: string | Resources,
  more: Partial<Omit<AgentState, "attributes">> & { attributes?: string } = {},
): AgentState {
  const { attributes = "", ...rest } = more;
  const resources = typeof total === "string" ? parseResources(total) : total;
  return { name, total: resources, allocations: [], ...rest, attributes: parseAttributes(attributes) };
}

export function agents(count: number, total: string): AgentState[] {
  return Array.from({ length: count }, (_, i) => agent(`agent-${i}`, total));
}

/** Roles apart by a space; capabilities are the refinement one if nothing else is said. */
export function framework(id: string, roles: string, more: Partial<FrameworkState> = {}): FrameworkState {
  return {
    id,
    roles: roles.split(" "),
    active: true,
    capabilities: capabilities("RESERVATION_REFINEMENT"),
    ...more,
  };
}

export function capabilities(...names: Capability[]): ReadonlySet<Capability> {
  return new Set(names);
}

export function held(framework: string, role: string, resources: string | Resources): Allocation {
  return {
    framework,
    role,
    resources: typeof resources === "string" ? parseResources(resources) : resources,
  };
}

export function quota(
  role: string,
  amounts: { guarantees?: Record<string, number>; limits?: Record<string, number> },
): QuotaState {
  return {
    role,
    guarantees: Quantities.fromRecord(amounts.guarantees ?? {}),
    limits: Limits.fromRecord(amounts.limits ?? {}),
  };
}

export function world(parts: Partial<AllocationWorld>): AllocationWorld {
  return { agents: [], roles: [], quotas: [], frameworks: [], refusals: new OfferFilters(), ...parts };
}

/** Agents keep their order unless a test passes its own `random`. */
export function options(more: Partial<AllocationOptions> = {}): AllocationOptions {
  return {
    now: 0,
    random: () => 0.999_999,
    sorter: "drf",
    minAllocatable: [],
    maxOffersPerFramework: 1000,
    ...more,
  };
}

/** A small generator of random numbers with a seed (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** `f1 ads a1 cpus:1`, one line an offer. */
export function lines(offers: readonly PlannedOffer[]): string[] {
  return offers.map((o) => `${o.framework} ${o.role} ${o.agent} ${[...o.resources].map(text).join(";")}`);
}

function text(resource: { name: string; value: { kind: string } & Partial<{ milli: number }> }): string {
  return resource.value.kind === "scalar"
    ? `${resource.name}:${(resource.value.milli ?? 0) / 1000}`
    : resource.name;
}

/** The world once the offers stand out. */
export function withOffers(before: AllocationWorld, offers: readonly PlannedOffer[]): AllocationWorld {
  return {
    ...before,
    agents: before.agents.map((state) => {
      const mine = offers.filter(({ agent }) => agent === state.name);
      return mine.length === 0 ? state : { ...state, allocations: [...state.allocations, ...mine] };
    }),
  };
}

/** What is offered in all, as text without reservations. */
export function sumOf(
  offers: readonly PlannedOffer[],
  keep: (offer: PlannedOffer) => boolean = () => true,
): string {
  return Resources.sum(offers.filter(keep).map(({ resources }) => resources))
    .scalarQuantities()
    .toString();
}
