import { z } from "zod";
import type { ExecutorSpec } from "../../api/executor.ts";
import { statusUpdate, type TaskSpec, taskStatus } from "../../api/task.ts";

/**
 * How far a task has come on this node.
 * - `claiming`: the intent is on disk; TASK_STARTING may not be in the API yet
 * - `preparing`: TASK_STARTING is in the API; image and files are fetched
 * - `prepared`: waits for the other tasks of its group
 * - `launching`: the container may exist
 * - `running`: its process was started
 * - `ended`: its terminal update is on disk
 * - `settled`: the API has that update and the node holds nothing but the sandbox; kept until the Task object is gone
 */
export const PHASES = [
  "claiming",
  "preparing",
  "prepared",
  "launching",
  "running",
  "ended",
  "settled",
] as const;

/**
 * Why a task is being ended: a `request` (kill or deletion), the same while the agent is drained (`drain`; `drainGone`: for good), a
 * request that takes the task back for another role (`preempt`), another task of its `group`, the loss of its `executor`, its `health` check, its `deadline` (maxCompletionTime), a limit of
 * `disk` or `memory`, an executor's `registration` that did not come in time (`reregistration`: after a restart of the agent), or because the API `overruled` the agent with a
 * terminal state.
 */
export const KILL_CAUSES = [
  "request",
  "drain",
  "drainGone",
  "preempt",
  "group",
  "executor",
  "health",
  "deadline",
  "disk",
  "memory",
  "registration",
  "reregistration",
  "overruled",
] as const;

const spec = z.custom<TaskSpec>(
  (value) => typeof value === "object" && value !== null && "resources" in value,
  "not the spec of a Task",
);

const executorSpec = z.custom<ExecutorSpec>(
  (value) => typeof value === "object" && value !== null && "executorId" in value,
  "not the spec of an Executor",
);

/** What the agent must know of a task to finish with it when neither API server nor memory of its own is there. */
export const taskRecord = z.object({
  version: z.literal(1),
  uid: z.string().min(1),
  namespace: z.string().min(1),
  name: z.string().min(1),
  /** As it was when the agent took the task on, without kill and acknowledged. */
  spec,
  framework: z.object({
    /** MESOS_FRAMEWORK_ID. */
    id: z.string(),
    partitionAware: z.boolean(),
    killingState: z.boolean(),
    user: z.string().optional(),
  }),
  /** The DEFAULT executor below which it runs. */
  parent: z.object({ uid: z.string(), executorId: z.string() }).optional(),
  /** Address of the node, for tasks on its network. */
  nodeAddress: z.string().optional(),
  /** Of the boot in which the task was taken on. */
  bootId: z.string(),
  /** Folder on the node; absent for a task that was never begun. */
  sandbox: z.string().optional(),
  phase: z.enum(PHASES),
  /** Uid of the slot Pod under whose cgroup it was launched. */
  slot: z.string().optional(),
  image: z.string().optional(),
  container: z
    .object({
      pid: z.int().optional(),
      startedAt: z.string(),
      /** Of a network of its own; empty on the node's. */
      addresses: z.array(z.string()),
    })
    .optional(),
  kill: z
    .object({
      cause: z.enum(KILL_CAUSES),
      message: z.string().optional(),
      /** Milliseconds of the epoch at which SIGKILL is due. */
      killAt: z.number(),
    })
    .optional(),
  /** Of an executor: what it speaks to this agent by. */
  executor: z
    .object({
      spec: executorSpec,
      /** MESOS_EXECUTOR_AUTHENTICATION_TOKEN. */
      token: z.string(),
      /** It has subscribed, once at least. */
      subscribed: z.boolean(),
    })
    .optional(),
  /** uuids of the last updates that the task's executor has sent: one that comes again is the same. */
  told: z.array(z.string()).optional(),
  healthy: z.boolean().optional(),
  checkStatus: taskStatus.shape.checkStatus,
  exit: taskStatus.shape.exit,
  finishedAt: z.string().optional(),
  /** The newest update, in the API or not. */
  latest: statusUpdate.optional(),
  /** Updates that the API is not known to have, oldest first. */
  pending: z.array(statusUpdate),
  /** The node holds no container of it any more. */
  released: z.boolean(),
});

export type TaskRecord = Readonly<z.output<typeof taskRecord>>;
export type Phase = TaskRecord["phase"];
export type FrameworkFacts = TaskRecord["framework"];
export type Kill = NonNullable<TaskRecord["kill"]>;
export type KillCause = Kill["cause"];
export type CheckStatus = NonNullable<TaskRecord["checkStatus"]>;
