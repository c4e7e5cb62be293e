import type { MessageInitShape } from "@bufbuild/protobuf";
import type { Task } from "../../api/task.ts";
import type { Live } from "../../cluster/object.ts";
import { stateNumber, updateStatus } from "../../convert/status.ts";
import { type TaskOwner, taskMessage, updatesOf } from "../../convert/taskmessage.ts";
import { Event_Type, type EventSchema } from "../../wire/gen/mesos/v1/master/master_pb.ts";
import { agentMessage, type RegisteredAgent } from "../state/agents.ts";
import type { KnownFramework } from "../state/cluster.ts";
import { frameworkHead } from "../state/frameworks.ts";

export type EventInit = MessageInitShape<typeof EventSchema>;

/** Mesos: src/common/protobuf_utils.cpp, namespace master::event. */
export const taskAdded = (task: Live<Task>, owner: TaskOwner): EventInit => ({
  type: Event_Type.TASK_ADDED,
  taskAdded: { task: taskMessage(task, owner) },
});

/** One for each status update that the older object does not have. */
export function taskUpdated(task: Live<Task>, old: Live<Task>, owner: TaskOwner): EventInit[] {
  const known = new Set(updatesOf(old).map(newsOf));
  const state = stateNumber(task.status?.state ?? "TASK_STAGING", owner.partitionAware);
  return updatesOf(task)
    .filter((update) => !known.has(newsOf(update)))
    .map((update) => ({
      type: Event_Type.TASK_UPDATED,
      taskUpdated: {
        frameworkId: { value: owner.id },
        status: updateStatus(task, update, owner.partitionAware),
        state,
      },
    }));
}

const newsOf = ({ uuid, state }: { readonly uuid: string; readonly state: string }): string =>
  `${uuid} ${state}`;

export const agentAdded = (agent: RegisteredAgent): EventInit => ({
  type: Event_Type.AGENT_ADDED,
  agentAdded: { agent: agentMessage(agent) },
});

export const agentRemoved = (name: string): EventInit => ({
  type: Event_Type.AGENT_REMOVED,
  agentRemoved: { agentId: { value: name } },
});

export const frameworkAdded = (known: KnownFramework): EventInit => ({
  type: Event_Type.FRAMEWORK_ADDED,
  frameworkAdded: { framework: frameworkHead(known) },
});

export const frameworkUpdated = (known: KnownFramework): EventInit => ({
  type: Event_Type.FRAMEWORK_UPDATED,
  frameworkUpdated: { framework: frameworkHead(known) },
});

export const frameworkRemoved = ({ info }: KnownFramework): EventInit => ({
  type: Event_Type.FRAMEWORK_REMOVED,
  frameworkRemoved: { frameworkInfo: info },
});
