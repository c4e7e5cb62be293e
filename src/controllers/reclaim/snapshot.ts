import type {
  Demand,
  HeldTask,
  QuotaState,
  ReclaimSnapshot,
  RoleState,
  Stepwise,
} from "../../allocator/index.ts";
import { type Executor, executorHasBegun, executorIsGoing } from "../../api/executor.ts";
import type { Task } from "../../api/task.ts";
import type { Live } from "../../cluster/object.ts";
import { Quantities, type Resources } from "../../resources/index.ts";
import { frameworkKey } from "../caches.ts";
import { isRunBy } from "../executor/ending.ts";
import type { AgentView } from "../world/agentview.ts";
import { holdings } from "../world/holdings.ts";

export interface ReclaimFacts {
  readonly views: Iterable<AgentView>;
  readonly roles: readonly RoleState[];
  readonly quotas: readonly QuotaState[];
  /** Whether a framework ("namespace/name") has said that tasks of its may be taken back. */
  readonly reclaimable: (framework: string) => boolean;
  readonly demand: readonly Demand[];
}

/** Agents that are looked at between two yields. */
const BETWEEN = 16;

/** What taking back is decided from; tasks go by their uid. */
export function* reclaimSnapshot({
  views,
  roles,
  quotas,
  reclaimable,
  demand,
}: ReclaimFacts): Stepwise<ReclaimSnapshot> {
  const totals = new Map<string, number>();
  const agents: { name: string; free: Quantities }[] = [];
  const held: HeldTask[] = [];
  const executors: HeldTask[] = [];
  let count = 0;
  for (const view of views) {
    const { name, state, tasks } = view;
    for (const [resource, milli] of state.total.nonShared().scalarQuantities())
      totals.set(resource, (totals.get(resource) ?? 0) + milli);
    if (state.withheld === undefined) agents.push({ name, free: freeOf(view) });
    for (const task of tasks) held.push(heldTask(task, name, reclaimable, view.executors));
    for (const executor of view.executors) executors.push(heldExecutor(executor, view, reclaimable));
    if (++count % BETWEEN === 0) yield;
  }
  const guarantees = quotas.map((quota) => ({ role: quota.role, guarantees: quota.guarantees }));
  return { total: Quantities.of(totals), agents, roles, guarantees, tasks: held, executors, demand };
}

/** What no task holds and nobody has reserved. Outstanding offers count as free: they can be taken back. */
function freeOf({ state, held }: AgentView): Quantities {
  const open = state.total.unreserved().nonRevocable().scalarQuantities();
  return open.subtract(held.unreserved().nonRevocable().scalarQuantities());
}

/** Tasks without a framework may be taken back: who places them is the operator, and it places them again if they are made again. */
function heldTask(
  task: Live<Task>,
  agent: string,
  reclaimable: (framework: string) => boolean,
  executors: readonly Live<Executor>[],
): HeldTask {
  const { metadata, spec } = task;
  const held = holdings(task);
  const plain = isPlain(held);
  const executor = spec.executor && executors.find((one) => isRunBy(one, task))?.metadata.uid;
  const willing = spec.framework === undefined || reclaimable(frameworkKey(task));
  return {
    id: metadata.uid,
    role: spec.role,
    agent,
    resources: held.scalarQuantities(),
    priority: spec.priority ?? 0,
    startedAt: startedAt(task),
    ...(spec.group && { gang: `${frameworkKey(task)} ${spec.group.id}` }),
    revocable: plain && willing,
    ...((spec.kill !== undefined || metadata.deletionTimestamp !== undefined) && { ending: true }),
    ...(executor !== undefined && { executor }),
  };
}

/** One that runs nothing is of use to nobody: it is taken before any task. One that has not begun waits for its tasks. */
function heldExecutor(
  executor: Live<Executor>,
  { name, tasks }: AgentView,
  reclaimable: (framework: string) => boolean,
): HeldTask {
  const { metadata, spec, status } = executor;
  const held = holdings(executor);
  const begun = executorHasBegun(status);
  const idle = begun && !tasks.some((task) => isRunBy(executor, task));
  // The agent ends a DEFAULT one with the last of its tasks.
  const ending = executorIsGoing(executor) || (idle && spec.type === "DEFAULT");
  return {
    id: metadata.uid,
    role: spec.role,
    agent: name,
    resources: held.scalarQuantities(),
    priority: Number.MIN_SAFE_INTEGER,
    startedAt: Date.parse(status?.container?.startedAt ?? metadata.creationTimestamp),
    revocable: begun && isPlain(held) && reclaimable(frameworkKey(executor)),
    ...(ending && { ending }),
  };
}

/** What is reserved is its role's for good, and would come free for nobody else. */
const isPlain = (held: Resources): boolean => held.unreserved().nonRevocable().equals(held);

/** Since when it has its agent: its container's start says so best, a task that waited long may be the newest there. */
function startedAt({ metadata, spec, status }: Live<Task>): number {
  const placed = status?.conditions?.find(({ type }) => type === "Placed");
  const bound =
    spec.framework === undefined && placed?.status === "True" ? placed.lastTransitionTime : undefined;
  return Date.parse(status?.container?.startedAt ?? bound ?? metadata.creationTimestamp);
}
