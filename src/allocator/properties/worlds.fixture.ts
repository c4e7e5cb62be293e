/** Random worlds for property tests: agents in use, reserved, tainted and withheld; nested roles, weights, quotas, refusals. */
import fc from "fast-check";
import { fromSpec, Limits, parseResources, Quantities, Resources } from "../../resources/index.ts";
import { allocate } from "../allocate.ts";
import type { PlannedOffer } from "../decision.ts";
import { OfferFilters } from "../reference/filters.fixture.ts";
import { agent, framework, options, seeded, world } from "../world.fixture.ts";
import type { AgentState, AllocationWorld, FrameworkState, QuotaState } from "../world.ts";

export const ROLES = ["a", "a/x", "a/x/p", "a/y", "b", "b/z", "c", "*"];

export interface Drawn {
  readonly world: AllocationWorld;
  readonly seed: number;
}

export interface Size {
  readonly agents: number;
  readonly frameworks: number;
  /** So many agents and frameworks at least. */
  readonly from?: { readonly agents: number; readonly frameworks: number };
}

export const SMALL: Size = { agents: 12, frameworks: 6 };
/** The size that the project promises these properties for. */
export const LARGE: Size = { agents: 200, frameworks: 50, from: { agents: 100, frameworks: 25 } };

const role = fc.constantFrom(...ROLES);
const amount = fc.integer({ min: 0, max: 12 });

export const someAgent = fc.record({
  cpus: amount,
  mem: amount,
  ports: fc.integer({ min: 0, max: 5 }),
  reserved: fc.option(
    fc.record({ role: role.filter((path) => path !== "*"), cpus: amount, refined: fc.boolean() }),
  ),
  revocable: fc.constantFrom(0, 0, 3),
  usedBy: fc.nat(),
  usedIn: role,
  used: fc.record({ cpus: amount, mem: amount, ports: fc.integer({ min: 0, max: 3 }) }),
  withheld: fc.constantFrom(undefined, undefined, undefined, "Cordoned" as const),
  tainted: fc.boolean(),
});

export const someFramework = fc.record({
  roles: fc.uniqueArray(role, { minLength: 1, maxLength: 3 }),
  active: fc.constantFrom(true, true, true, false),
  suppresses: fc.constantFrom(false, false, false, true),
  tolerant: fc.boolean(),
  capable: fc.boolean(),
  made: amount,
});

export const someQuota = fc.record({
  role: role.filter((path) => path !== "*"),
  guarantees: fc.record({ cpus: amount, ports: fc.constantFrom(0, 0, 3) }),
  limits: fc.option(
    fc.record({ cpus: fc.integer({ min: 0, max: 30 }), ports: fc.integer({ min: 0, max: 9 }) }),
  ),
});

const someRefusal = fc.record({ framework: fc.nat(), role, agent: fc.nat(), cpus: amount, mem: amount });

/** Worlds of up to such a size. */
export function worlds({ agents, frameworks, from }: Size): fc.Arbitrary<Drawn> {
  const lots = { size: "max" as const };
  return fc
    .record({
      agents: fc.array(someAgent, { minLength: from?.agents ?? 0, maxLength: agents, ...lots }),
      frameworks: fc.array(someFramework, {
        minLength: from?.frameworks ?? 0,
        maxLength: frameworks,
        ...lots,
      }),
      quotas: fc.uniqueArray(someQuota, { maxLength: 4, selector: (q) => q.role }),
      refusals: fc.array(someRefusal, { maxLength: 6 }),
      weights: fc.array(fc.constantFrom(0.5, 1, 2, 3), { minLength: ROLES.length, maxLength: ROLES.length }),
      seed: fc.nat(),
    })
    .map((drawn) => ({ seed: drawn.seed, world: made(drawn) }));
}

type Values<T> = T extends fc.Arbitrary<infer V> ? V : never;

interface Parts {
  readonly agents: readonly Values<typeof someAgent>[];
  readonly frameworks: readonly Values<typeof someFramework>[];
  readonly quotas: readonly Values<typeof someQuota>[];
  readonly refusals: readonly Values<typeof someRefusal>[];
  readonly weights: readonly number[];
}

function made({ agents, frameworks, quotas, refusals, weights }: Parts): AllocationWorld {
  const filters = new OfferFilters();
  for (const one of refusals) {
    const what = parseResources(`cpus:${one.cpus};mem:${one.mem}`);
    const id = `f${one.framework % Math.max(1, frameworks.length)}`;
    filters.add(id, one.role, `n${one.agent % Math.max(1, agents.length)}`, what, 0, 5000);
  }
  return world({
    agents: agents.map((drawn, i) => madeAgent(drawn, `n${i}`, frameworks.length)),
    frameworks: frameworks.map((drawn, i) => madeFramework(drawn, `f${i}`)),
    quotas: quotas.map(madeQuota),
    roles: ROLES.map((path, i) => ({ path, weight: weights[i] ?? 1 })),
    refusals: filters,
  });
}

export function madeQuota({ role: path, guarantees, limits }: Values<typeof someQuota>): QuotaState {
  return {
    role: path,
    guarantees: Quantities.fromRecord(guarantees),
    limits: limits === null ? Limits.none : Limits.fromRecord(limits),
  };
}

export function madeAgent(drawn: Values<typeof someAgent>, name: string, frameworks: number): AgentState {
  const ports = drawn.ports > 0 ? `;ports:[1-${drawn.ports}]` : "";
  const free = agent(
    name,
    Resources.sum([
      parseResources(`cpus:${drawn.cpus};mem:${drawn.mem}${ports}`),
      reservedPart(drawn.reserved),
      fromSpec([{ name: "cpus", scalar: drawn.revocable, revocable: true }]),
    ]),
  );
  const wanted = Limits.fromRecord(drawn.used);
  // One that is not known may hold something too.
  const by = `f${drawn.usedBy % (frameworks + 1)}`;
  const resources = free.total.allocatableTo(drawn.usedIn).shrinkWithin(wanted);
  return {
    ...free,
    allocations: [{ framework: by, role: drawn.usedIn, resources }],
    taints: drawn.tainted ? ["t"] : [],
    ...(drawn.withheld && { withheld: drawn.withheld }),
  };
}

function reservedPart(drawn: Values<typeof someAgent>["reserved"]): Resources {
  if (drawn === null) return Resources.empty;
  const { role: path, cpus, refined } = drawn;
  const above = path.slice(0, Math.max(0, path.lastIndexOf("/")));
  const stack = [{ type: "DYNAMIC" as const, role: path }];
  if (refined && above !== "") stack.unshift({ type: "DYNAMIC", role: above });
  return fromSpec([{ name: "cpus", scalar: cpus, reservations: stack }]);
}

export function madeFramework(drawn: Values<typeof someFramework>, id: string): FrameworkState {
  const [first = "*"] = drawn.roles;
  return framework(id, drawn.roles.join(" "), {
    active: drawn.active,
    suppressedRoles: new Set(drawn.suppresses ? [first] : []),
    tolerated: new Set(drawn.tolerant ? ["t"] : []),
    capabilities: new Set(drawn.capable ? ["RESERVATION_REFINEMENT", "REVOCABLE_RESOURCES"] : []),
    offersMade: new Map(drawn.roles.map((path) => [path, drawn.made])),
  });
}

export const sorters = fc.constantFrom("drf" as const, "random" as const);

export function decide(
  { world: start, seed }: Drawn,
  sorter: "drf" | "random" = "drf",
): readonly PlannedOffer[] {
  return allocate(start, options({ sorter, random: seeded(seed) })).offers;
}
