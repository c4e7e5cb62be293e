import type { Task } from "../../api/task.ts";
import type { Live } from "../../cluster/object.ts";
import type { Phase } from "../checkpoint/record.ts";

/** A task of a LAUNCH_GROUP, as far as the agent has come with it. */
export interface Member {
  readonly uid: string;
  /** Undefined: not begun here. */
  readonly phase: Phase | undefined;
  /** Once it has ended. */
  readonly state: string | undefined;
  readonly ended: boolean;
}

/** Names a task's group on this agent; undefined: it has none. */
export function groupKey({ metadata, spec }: Pick<Live<Task>, "metadata" | "spec">): string | undefined {
  return spec.group && `${metadata.namespace}/${spec.framework ?? ""}/${spec.group.id}`;
}

/** Whether all of a group are prepared, so that they may be launched. */
export function isReady(members: readonly Member[], size: number): boolean {
  const ready = members.filter(({ phase }) => phase === "prepared");
  return ready.length >= size;
}

/**
 * Whether a task of the group has ended in another way than TASK_FINISHED: then the others are killed, as Mesos's default executor does
 * (src/launcher/default_executor.cpp waited()).
 */
export function isBroken(members: readonly Member[]): boolean {
  return members.some(({ ended, state }) => ended && state !== "TASK_FINISHED");
}
