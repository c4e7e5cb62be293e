import { BUILT_IN_FRAMEWORK } from "../../api/group.ts";
import type { Task } from "../../api/task.ts";
import { isTerminal } from "../../api/taskstate.ts";
import { keyOf, type Live } from "../../cluster/object.ts";
import { taskIdOf } from "../../convert/status.ts";
import type { TaskOwner } from "../../convert/taskmessage.ts";
import { fromSpec, type Resources } from "../../resources/index.ts";
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

/** What Mesos calls the executor of a task that brings none along: the agent's own, of the task's id. */
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

/** Named as by Mesos (src/slave/slave.cpp, getExecutorInfo). */
export function executorOf(one: TaskHere): ExecutorHere {
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
