import type { StatusUpdate, Task, TaskStatus } from "../../api/task.ts";
import { hasEnded, isTerminal } from "../../api/taskstate.ts";
import type { Live } from "../../cluster/object.ts";
import type { TaskRecord } from "../checkpoint/record.ts";
import { trimUpdates } from "./updates.ts";

/** What to do so that the API has a record's pending updates. */
export type Publication =
  /** A merge patch of the status subresource, conditional on the version that was read. */
  | { readonly kind: "write"; readonly patch: object; readonly uuids: ReadonlySet<string> }
  /** The API has them all. */
  | { readonly kind: "known"; readonly uuids: ReadonlySet<string> }
  /** The API has a terminal state of someone else's. */
  | { readonly kind: "overruled" };

export function publication(record: TaskRecord, task: Live<Task>): Publication {
  const before = task.status?.updates ?? [];
  const has = new Set(before.map(({ uuid }) => uuid));
  const uuids = new Set(record.pending.map(({ uuid }) => uuid));
  const fresh = record.pending.filter(({ uuid }) => !has.has(uuid));
  if (hasEnded(task.status)) {
    const ours =
      record.latest !== undefined && isTerminal(record.latest.state) && has.has(record.latest.uuid);
    return ours ? { kind: "known", uuids } : { kind: "overruled" };
  }
  if (fresh.length === 0) return { kind: "known", uuids };
  return { kind: "write", patch: statusPatch(record, task, [...before, ...fresh]), uuids };
}

function statusPatch(record: TaskRecord, task: Live<Task>, updates: readonly StatusUpdate[]): object {
  const latest = updates[updates.length - 1];
  const { container, exit } = record;
  return {
    metadata: { resourceVersion: task.metadata.resourceVersion, uid: record.uid },
    status: {
      observedGeneration: task.metadata.generation ?? 0,
      state: latest?.state,
      reason: latest?.reason ?? null,
      source: latest?.source ?? null,
      message: latest?.message ?? null,
      healthy: record.healthy ?? null,
      checkStatus: record.checkStatus ?? null,
      updates: trimUpdates(updates, task.spec),
      ...(task.status?.unreachableSince === undefined ? {} : { unreachableSince: null }),
      ...(record.sandbox === undefined ? {} : { container: containerStatus(record) }),
      ...(container === undefined ? {} : { addresses: addressesOf(record) }),
      ...(exit === undefined ? {} : { exit }),
    },
  };
}

export function addressesOf({ container, nodeAddress }: TaskRecord): readonly string[] {
  if (container === undefined || container.addresses.length > 0) return container?.addresses ?? [];
  return nodeAddress === undefined ? [] : [nodeAddress];
}

export function containerStatus(record: TaskRecord): TaskStatus["container"] {
  const { uid, container, image, sandbox, finishedAt } = record;
  return {
    id: uid,
    ...(container?.pid === undefined ? {} : { pid: container.pid }),
    ...(image === undefined ? {} : { image }),
    ...(sandbox === undefined ? {} : { sandbox }),
    ...(container === undefined ? {} : { startedAt: container.startedAt }),
    ...(finishedAt === undefined || container === undefined ? {} : { finishedAt }),
  };
}
