import {
  type Candidate,
  compileTerms,
  type Misfit,
  misfitSentence,
  type PlacementConstraint,
  type PlacementPolicyName,
  place,
  placementPolicy,
  type RunningTask,
  Situation,
  type TaskRequest,
} from "../allocator/index.ts";
import { fromSpec, type Resources, toSpec } from "../resources/index.ts";
import type { OfferedResources, TaskInfo } from "./scheduler.ts";

/** A task that waits for an offer, and what it asks of its agent. */
export interface WaitingTask {
  readonly task: TaskInfo;
  /** Peers are the tasks with one of these groups in common: see RunningTask.groups. */
  readonly groups?: readonly string[];
  readonly constraints?: readonly PlacementConstraint[];
  /** So many ports of those offered, beside those in the task's resources. */
  readonly ports?: number;
}

export interface KnownAgent extends Pick<OfferedResources, "agent" | "hostname" | "attributes"> {
  /** All that it has: what bin packing and spreading measure against; else what is offered. */
  readonly total?: Resources;
}

export interface PlacementOptions {
  readonly policy?: PlacementPolicyName;
  /** The framework's own tasks that have an agent, for Unique, MaxPer, Balanced, Cluster and Exclusive. */
  readonly running?: Iterable<RunningTask>;
  /** What is known of agents, offered now or not; else the offers alone are. */
  readonly agents?: Iterable<KnownAgent>;
}

export interface Launch {
  readonly offer: OfferedResources;
  /** Their resources are those picked out of the offer, with reservations and ports. */
  readonly tasks: readonly TaskInfo[];
}

export interface NotPlaced<T extends WaitingTask> {
  readonly waiting: T;
  readonly misfits: readonly Misfit[];
  /** "none of 3 agents will do: 2 short of cpus, 1 outside rack Unique" */
  readonly message: string;
}

/**
 * Chooses offers for tasks, in the order of the tasks: hard constraints must hold, soft ones and then the policy choose among offers that
 * fit. Launch what comes back, and decline the offers that are not in it. Pure. Throws a ResourceError or a
 * ConstraintError for a task that is malformed.
 */
export function placeTasks<T extends WaitingTask>(
  offers: readonly OfferedResources[],
  waiting: readonly T[],
  { policy = "first-fit", running = [], agents = [] }: PlacementOptions = {},
): { readonly launches: readonly Launch[]; readonly unplaced: readonly NotPlaced<T>[] } {
  const requests = new Map(waiting.map((one, i) => [requestOf(one, `${i}`), one]));
  const known = new Map(Array.from(agents, (agent) => [agent.agent, agent]));
  const byCandidate = new Map(offers.map((offer) => [candidateOf(offer, known.get(offer.agent)), offer]));
  const situation = new Situation({
    agents: [
      ...Array.from(known.values(), placementAgent),
      ...Array.from(byCandidate.keys(), ({ agent }) => agent),
    ],
    running,
  });
  const result = place([...requests.keys()], [...byCandidate.keys()], placementPolicy(policy), situation);
  const launches = new Map<OfferedResources, TaskInfo[]>();
  for (const { request, candidate, resources } of result.placed) {
    const [offer, one] = [byCandidate.get(candidate), requests.get(request)];
    if (offer === undefined || one === undefined) continue;
    const tasks = launches.get(offer) ?? [];
    launches.set(offer, [...tasks, { ...one.task, resources: toSpec(resources) as TaskInfo["resources"] }]);
  }
  return {
    launches: Array.from(launches, ([offer, tasks]) => ({ offer, tasks })),
    unplaced: result.unplaced.flatMap(({ request, misfits }) => {
      const one = requests.get(request);
      return one === undefined
        ? []
        : [{ waiting: one, misfits, message: misfitSentence(misfits, offers.length) }];
    }),
  };
}

function requestOf({ task, groups = [], constraints, ports }: WaitingTask, id: string): TaskRequest {
  return {
    id,
    resources: fromSpec(task.resources as Parameters<typeof fromSpec>[0], { field: "resources" }),
    groups,
    ...(ports !== undefined && { portCount: ports }),
    ...(constraints !== undefined && { terms: compileTerms(constraints) }),
  };
}

function candidateOf(offer: OfferedResources, known: KnownAgent | undefined): Candidate {
  return {
    agent: placementAgent(offer),
    role: offer.role,
    available: offer.resources,
    total: known?.total ?? offer.resources,
  };
}

function placementAgent({ agent, hostname, attributes }: KnownAgent) {
  return { name: agent, hostname, attributes };
}
