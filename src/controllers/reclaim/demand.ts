import {
  type AgentState,
  type Demand,
  judgeOf,
  type QuotaState,
  type Stepwise,
} from "../../allocator/index.ts";
import type { Framework } from "../../api/framework.ts";
import { keyOf, type Live } from "../../cluster/object.ts";
import { type Limits, type Quantities, type Resources, roleLineage } from "../../resources/index.ts";
import type { Readiness } from "../framework/readiness.ts";
import type { PendingGroup } from "../world/builtin.ts";
import type { Peers } from "../world/peers.ts";
import { situationOf } from "../world/situation.ts";

/** What is known of agents, by name. */
export interface AgentStates {
  get(name: string): AgentState | undefined;
  values(): Iterable<AgentState>;
}

/** Tasks that wait for the built-in framework, each by its uid. Those that ask for something reserved are not met by taking back. */
export function* pendingDemand(
  groups: readonly PendingGroup[],
  agents: AgentStates,
  peers: Peers,
): Stepwise<Demand[]> {
  const demand: Demand[] = [];
  for (const { namespace, role, tasks } of groups) {
    const situation = tasks.some(({ request }) => request.terms !== undefined)
      ? yield* situationOf(agents.values(), yield* peers(namespace, role))
      : undefined;
    for (const { task, request } of tasks) {
      yield;
      const resources = request.resources.scalarQuantities();
      if (resources.isEmpty || !isPlain(request.resources)) continue;
      const { tolerated } = request;
      const wantsGpus = request.resources.names().includes("gpus");
      const admits = (name: string): boolean => {
        const agent = agents.get(name);
        if (agent === undefined || (hasGpus(agent) && !wantsGpus)) return false;
        if (agent.taints?.some((taint) => !tolerated?.has(taint))) return false;
        return situation === undefined || judgeOf(request, situation).failures(agent).length === 0;
      };
      demand.push({ id: task.metadata.uid, role, resources, admits });
    }
  }
  return demand;
}

/** A framework, as far as it bears on whether it waits for an offer. */
export interface WaitingFramework {
  readonly framework: Live<Framework>;
  readonly readiness: Readiness;
  readonly tolerated: ReadonlySet<string>;
  /** Whether it has an offer in the role. */
  readonly hasOffer: (role: string) => boolean;
  /** Whether it has declined one a moment ago. */
  readonly declined: (role: string) => boolean;
}

/**
 * The smallest offer that a framework takes, in each role in which it waits for one: what it needs is not known in Mesos's model.
 * `minima`: of frameworks that say nothing. Not of those with a stream: what they decline leaves no Offer to know it by.
 */
export function frameworkDemand(
  { framework, readiness, tolerated, hasOffer, declined }: WaitingFramework,
  agents: Pick<AgentStates, "get">,
  minima: readonly Quantities[],
): Demand[] {
  const { spec } = framework;
  if (!readiness.ready || spec.connection.type === "Gateway") return [];
  const { terms } = readiness;
  const usesGpus = spec.capabilities?.includes("GPU_RESOURCES") ?? false;
  const suppressed = spec.suppressedRoles ?? [];
  return spec.roles.flatMap((role): Demand[] => {
    if (suppressed.includes(role) || hasOffer(role) || declined(role)) return [];
    const [least] = terms.minAllocatable.get(role) ?? minima;
    if (least === undefined || least.isEmpty) return [];
    const admits = (name: string): boolean => {
      const agent = agents.get(name);
      if (agent === undefined || (hasGpus(agent) && !usesGpus)) return false;
      if (agent.taints?.some((taint) => !tolerated.has(taint))) return false;
      return !(terms.constraints?.excludes(role, agent) ?? false);
    };
    return [{ id: `${keyOf(framework.metadata)} ${role}`, role, resources: least, admits }];
  });
}

/** Without what would pass a limit of its role, or of one above it. `consumed` is asked once for each role with a limit. */
export function* withinLimits(
  demand: readonly Demand[],
  quotas: readonly QuotaState[],
  consumed: (role: string) => Stepwise<Quantities>,
): Stepwise<Demand[]> {
  const limits = new Map(
    quotas.filter(({ limits: all }) => !all.isEmpty).map((one) => [one.role, one.limits]),
  );
  if (limits.size === 0) return [...demand];
  const left = new Map<string, Limits>();
  const kept: Demand[] = [];
  for (const one of demand) {
    const above: { readonly path: string; readonly rest: Limits }[] = [];
    for (const path of roleLineage(one.role)) {
      const limit = limits.get(path);
      if (limit === undefined) continue;
      const rest = left.get(path) ?? limit.subtract(yield* consumed(path));
      left.set(path, rest);
      above.push({ path, rest });
    }
    yield;
    if (!above.every(({ rest }) => rest.allow(one.resources))) continue;
    for (const { path, rest } of above) left.set(path, rest.subtract(one.resources));
    kept.push(one);
  }
  return kept;
}

const hasGpus = ({ total }: AgentState): boolean => total.names().includes("gpus");

const isPlain = (resources: Resources): boolean => {
  const plain = resources.unreserved().nonRevocable();
  return plain.equals(resources) && resources.filter(({ disk }) => disk !== undefined).isEmpty;
};
