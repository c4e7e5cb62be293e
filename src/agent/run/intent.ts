import type { Executor } from "../../api/executor.ts";
import type { Task } from "../../api/task.ts";
import type { Live } from "../../cluster/object.ts";
import type { FrameworkFacts, TaskRecord } from "../checkpoint/record.ts";
import type { RecoveredContainer } from "../containerizer/containerizer.ts";
import type { Stamp, Step } from "../lifecycle/event.ts";
import { isRunByExecutor } from "../lifecycle/executorTask.ts";
import type { Outcome } from "../lifecycle/outcome.ts";
import { end, withUpdate } from "../lifecycle/transition.ts";
import { nestedSandbox } from "../sandbox/executorSandbox.ts";
import { type Layout, sandboxName } from "../sandbox/layout.ts";
import type { Admitted } from "./admission.ts";

/** Of the node and the agent, in every record. */
export interface RecordContext {
  readonly bootId: string;
  readonly nodeAddress: string | undefined;
  readonly layout: Layout;
  /** Of what is an executor: how it speaks to this agent. */
  readonly executor?: (task: Live<Task>) => TaskRecord["executor"];
}

/** The intent to start a task below a slot Pod: TASK_STARTING is the first thing to be written. */
export function intent(
  task: Live<Task>,
  { framework, executor }: Pick<Admitted, "framework" | "executor">,
  slot: string,
  context: RecordContext,
  stamp: Stamp,
): Step {
  const record = {
    ...blank(task, framework, context),
    slot,
    // A task that a program of the framework runs is in that one's.
    ...(isRunByExecutor(task.spec) ? {} : { sandbox: sandboxOf(task, executor, context) }),
    ...(executor && { parent: { uid: executor.metadata.uid, executorId: executor.spec.executorId } }),
  };
  const starting = withUpdate(record, { state: "TASK_STARTING", source: "SOURCE_EXECUTOR" }, stamp);
  return { record: starting, effects: [{ type: "claim" }] };
}

/** A task that ends here without having been begun. */
export function ending(
  task: Live<Task>,
  framework: FrameworkFacts,
  outcome: Outcome,
  context: RecordContext,
  stamp: Stamp,
): Step {
  return end(blank(task, framework, context), outcome, stamp);
}

/** A container that runs, or ran, without a record that could be read: what the API says of the task is taken for it. */
export function adoption(
  task: Live<Task>,
  framework: FrameworkFacts,
  container: RecoveredContainer,
  slot: string | undefined,
  context: RecordContext,
): TaskRecord {
  const updates = task.status?.updates ?? [];
  const latest = updates[updates.length - 1];
  const { image, sandbox } = task.status?.container ?? {};
  return {
    ...blank(task, framework, context),
    phase: "running",
    container: {
      startedAt: container.createdAt.toISOString(),
      addresses: [...container.addresses],
      ...(container.pid === undefined ? {} : { pid: container.pid }),
    },
    sandbox: sandbox ?? sandboxOf(task, undefined, context),
    ...(slot === undefined ? {} : { slot }),
    ...(image === undefined ? {} : { image }),
    ...(latest === undefined ? {} : { latest }),
  };
}

function blank(
  task: Live<Task>,
  framework: FrameworkFacts,
  { bootId, nodeAddress, executor: executorOf }: RecordContext,
): TaskRecord {
  const { kill: _kill, acknowledged: _acknowledged, ...lasting } = task.spec;
  const executor = executorOf?.(task);
  return {
    version: 1,
    uid: task.metadata.uid,
    namespace: task.metadata.namespace ?? "",
    name: task.metadata.name,
    spec: lasting,
    framework,
    ...(executor && { executor }),
    ...(nodeAddress === undefined ? {} : { nodeAddress }),
    bootId,
    phase: "claiming",
    pending: [],
    released: false,
  };
}

function sandboxOf(
  task: Live<Task>,
  executor: Live<Executor> | undefined,
  { layout }: RecordContext,
): string {
  if (executor === undefined) return layout.sandbox(sandboxName(task));
  return nestedSandbox(layout.executorSandbox(sandboxName(executor)), task.metadata);
}
