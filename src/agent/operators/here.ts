import { type Executor, executorHasBegun, executorHasEnded } from "../../api/executor.ts";
import { BUILT_IN_FRAMEWORK } from "../../api/group.ts";
import type { Task } from "../../api/task.ts";
import { isTerminal } from "../../api/taskstate.ts";
import { keyOf, type Live } from "../../cluster/object.ts";
import { taskIdOf } from "../../convert/status.ts";
import type { TaskOwner } from "../../convert/taskmessage.ts";
import { fromSpec, Resources } from "../../resources/index.ts";
import type { TaskRecord } from "../checkpoint/record.ts";

/** A task that the agent has taken on, with its object. */
export interface TaskHere {
  readonly record: TaskRecord;
  readonly task: Live<Task>;
  readonly owner: TaskOwner;
  readonly held: Resources;
  /** launched: it has not ended; terminated: its end is not acknowledged yet. */
  readonly stage: "launched" | "terminated" | "completed";
}

/** One that a framework brought along; or of a task that has none, what Mesos calls the agent's own, of the task's id. */
export interface ExecutorHere {
  readonly id: string;
  readonly name: string;
  readonly owner: TaskOwner;
  /** The framework's name. */
  readonly framework: string;
  readonly role: string;
  readonly container: string;
  readonly directory: string;
  /** Of its container; absent: it has none that anything runs in, its tasks have each their own. */
  readonly record: TaskRecord | undefined;
  /** With what its tasks hold, as long as they have not ended. */
  readonly held: Resources;
  readonly isRunning: boolean;
  readonly tasks: readonly TaskHere[];
  /** Absent: it is the agent's own. */
  readonly brought?: Live<Executor>;
}

/** A container with a process of a task's or an executor's, and what it may use. */
export interface ContainerHere {
  readonly executor: ExecutorHere;
  readonly record: TaskRecord;
  readonly held: Resources;
}

/** The executors of one framework on this agent. */
export interface FrameworkHere {
  readonly owner: TaskOwner;
  readonly name: string;
  readonly roles: readonly string[];
  readonly isActive: boolean;
  readonly executors: readonly ExecutorHere[];
}

/** What is on the agent, from one moment; `get` finds an object by namespace/name. */
export function tasksHere(
  records: Iterable<TaskRecord>,
  get: (key: string) => Live<Task> | undefined,
): TaskHere[] {
  const found: TaskHere[] = [];
  for (const record of records) {
    const task = get(keyOf(record));
    if (task?.metadata.uid !== record.uid) continue;
    const held = fromSpec(task.spec.allocated ?? task.spec.resources);
    found.push({ record, task, owner: ownerOf(record), held, stage: stageOf(task) });
  }
  return found;
}

const ownerOf = ({ framework: { id, user = "", partitionAware } }: TaskRecord): TaskOwner => ({
  id,
  user,
  partitionAware,
});

function stageOf({ spec, status }: Live<Task>): TaskHere["stage"] {
  if (status?.state === undefined || !isTerminal(status.state)) return "launched";
  const last = status.updates?.at(-1)?.uuid;
  return spec.framework === undefined || last === undefined || spec.acknowledged === last
    ? "completed"
    : "terminated";
}

export function frameworksHere(executors: readonly ExecutorHere[]): FrameworkHere[] {
  const groups = Map.groupBy(executors, ({ owner }) => owner.id);
  return [...groups.values()].flatMap((same) => {
    const [first] = same;
    if (first === undefined) return [];
    return {
      owner: first.owner,
      name: first.framework,
      roles: [...new Set(same.map(({ role }) => role))],
      isActive: same.some(({ isRunning }) => isRunning),
      executors: same,
    };
  });
}

/** `record` finds that of an executor by its uid. One that nothing is known of but its object is left out. */
export function executorsHere(
  tasks: readonly TaskHere[],
  objects: Iterable<Live<Executor>>,
  record: (uid: string) => TaskRecord | undefined,
): ExecutorHere[] {
  const byExecutor = Map.groupBy(tasks, ({ task }) => {
    const { executor } = task.spec;
    return executor && `${task.metadata.namespace}/${executor.name}`;
  });
  const own = byExecutor.get(undefined) ?? [];
  return [
    ...own.map(ownExecutor),
    ...[...objects].flatMap((object) => {
      const its = byExecutor.get(keyOf(object.metadata)) ?? [];
      return broughtExecutor(object, its, record(object.metadata.uid)) ?? [];
    }),
  ];
}

function broughtExecutor(
  object: Live<Executor>,
  tasks: readonly TaskHere[],
  record: TaskRecord | undefined,
): ExecutorHere | undefined {
  const { metadata, spec, status } = object;
  const owner = tasks[0]?.owner ?? (record && ownerOf(record));
  if (owner === undefined) return undefined;
  const live = tasks.filter(({ stage }) => stage === "launched").map(({ held }) => held);
  return {
    id: spec.executorId,
    name: spec.displayName ?? "",
    owner,
    framework: spec.framework,
    role: spec.role,
    container: metadata.uid,
    directory: record?.sandbox ?? status?.container?.sandbox ?? "",
    record,
    held: Resources.sum([fromSpec(spec.allocated ?? spec.resources ?? []), ...live]),
    isRunning: executorHasBegun(status) && !executorHasEnded(status),
    tasks,
    brought: object,
  };
}

/** The containers of an executor that run. */
export function containersOf(executor: ExecutorHere): ContainerHere[] {
  const { record, held, tasks } = executor;
  const all =
    record === undefined ? tasks.map((one) => ({ executor, ...one })) : [{ executor, record, held }];
  return all.filter((one) => one.record.phase === "running");
}

/** Named as by Mesos (src/slave/slave.cpp, getExecutorInfo). */
function ownExecutor(one: TaskHere): ExecutorHere {
  const { task, owner, held, record, stage } = one;
  const id = taskIdOf(task);
  const { value, arguments: args = [] } = task.spec.command ?? {};
  const line = [value ?? "", ...args.slice(1)].join(" ").slice(0, 15);
  const command = line === "" ? "NO COMMAND" : `sh -c '${line}...'`;
  return {
    id,
    name: `Command Executor (Task: ${id}) (Command: ${command})`,
    owner,
    framework: task.spec.framework ?? BUILT_IN_FRAMEWORK,
    role: task.spec.role,
    container: record.uid,
    directory: record.sandbox ?? "",
    record,
    held,
    isRunning: stage === "launched",
    tasks: [one],
  };
}
