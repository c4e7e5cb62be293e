import { BUILT_IN_FRAMEWORK } from "../../api/group.ts";
import type { Task } from "../../api/task.ts";
import { isTerminal } from "../../api/taskstate.ts";
import { keyOf, type Live } from "../../cluster/object.ts";
import { taskIdOf } from "../../convert/status.ts";
import type { TaskOwner } from "../../convert/taskmessage.ts";
import { fromSpec, Resources } from "../../resources/index.ts";
import type { TaskRecord } from "../checkpoint/record.ts";
import { isRunByExecutor } from "../lifecycle/executorTask.ts";

/** A task that the agent has taken on, with its object. */
export interface TaskHere {
  readonly record: TaskRecord;
  readonly task: Live<Task>;
  readonly owner: TaskOwner;
  readonly held: Resources;
  /** launched: it has not ended; terminated: its end is not acknowledged yet. */
  readonly stage: "launched" | "terminated" | "completed";
}

/**
 * A program of a framework, or what Mesos calls the executor of a task that brings none along: the agent's own, of the task's id.
 */
export interface ExecutorHere {
  readonly id: string;
  readonly name: string;
  readonly owner: TaskOwner;
  /** The framework's name. */
  readonly framework: string;
  readonly role: string;
  /** Whose container and sandbox it has. */
  readonly record: TaskRecord;
  /** What its container may use. */
  readonly held: Resources;
  readonly isRunning: boolean;
  readonly tasks: readonly TaskHere[];
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
    const { id, user = "", partitionAware } = record.framework;
    const held = fromSpec(task.spec.allocated ?? task.spec.resources);
    found.push({ record, task, owner: { id, user, partitionAware }, held, stage: stageOf(task) });
  }
  return found;
}

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

/** Each executor once: the frameworks' own, also while they run nothing, and what stands for one of each other task. */
export function executorsHere(
  tasks: readonly TaskHere[],
  records: Iterable<TaskRecord>,
): readonly ExecutorHere[] {
  const byExecutor = Map.groupBy(tasks, ({ record: { spec, namespace } }) =>
    isRunByExecutor(spec) ? `${namespace}/${spec.executor?.name}` : "",
  );
  const programs = [...records].flatMap((record) => programOf(record, byExecutor.get(keyOf(record)) ?? []));
  return [...(byExecutor.get("") ?? []).map(executorOf), ...programs];
}

/** Of the record of an executor. */
function programOf(record: TaskRecord, tasks: readonly TaskHere[]): ExecutorHere[] {
  const { executor, framework, spec, phase } = record;
  if (executor === undefined) return [];
  const { id, user = "", partitionAware } = framework;
  const live = tasks.filter(({ stage }) => stage === "launched");
  return [
    {
      id: executor.spec.executorId,
      name: executor.spec.displayName ?? "",
      owner: { id, user, partitionAware },
      framework: spec.framework ?? "",
      role: spec.role,
      record,
      held: Resources.sum([fromSpec(spec.resources), ...live.map(({ held }) => held)]),
      isRunning: phase !== "ended" && phase !== "settled",
      tasks,
    },
  ];
}

/** Named as by Mesos (src/slave/slave.cpp, getExecutorInfo). */
function executorOf(one: TaskHere): ExecutorHere {
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
    record,
    held,
    isRunning: stage === "launched",
    tasks: [one],
  };
}
