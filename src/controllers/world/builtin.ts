import {
  ConstraintError,
  compileTerms,
  type PlacementTerms,
  type TaskRequest,
} from "../../allocator/index.ts";
import type { Task, TaskSpec } from "../../api/task.ts";
import { keyOf, type Live } from "../../cluster/object.ts";
import { fromSpec, ResourceError, type Resources } from "../../resources/index.ts";
import type { Taint, Toleration } from "../node/taints.ts";
import { peerGroups, peersOf } from "./peers.ts";
import { bySeniority } from "./seniority.ts";
import { toleratedWords } from "./tolerations.ts";

/** Tasks of the built-in framework that wait for an agent: one client for each namespace and role. */
export interface PendingGroup {
  readonly namespace: string;
  readonly role: string;
  /** Oldest first. */
  readonly tasks: readonly PendingTask[];
}

export interface PendingTask {
  readonly task: Live<Task>;
  /** `id` is the Task's key. */
  readonly request: TaskRequest;
  readonly tolerations: readonly Toleration[];
}

export type RequestResult =
  | { readonly resources: Resources; readonly terms: PlacementTerms | undefined }
  | { readonly reason: "InvalidResources" | "InvalidConstraints"; readonly message: string };

const known = new WeakMap<TaskSpec, RequestResult>();

/** What a Task asks of its agent, taints apart, or what no agent could understand. */
export function taskTerms(spec: TaskSpec): RequestResult {
  const before = known.get(spec);
  if (before !== undefined) return before;
  const terms = read(spec);
  known.set(spec, terms);
  return terms;
}

function read(spec: TaskSpec): RequestResult {
  try {
    const { constraints = [], labels } = spec;
    const grouped = constraints.map((constraint) => ({
      ...constraint,
      peers: peersOf(labels, constraint.peers),
    }));
    return {
      resources: fromSpec(spec.resources, { field: "spec.resources" }),
      terms: grouped.length === 0 ? undefined : compileTerms(grouped, "spec.constraints"),
    };
  } catch (error) {
    if (error instanceof ResourceError) return { reason: "InvalidResources", message: error.message };
    if (error instanceof ConstraintError) return { reason: "InvalidConstraints", message: error.message };
    throw error;
  }
}

/** Groups tasks that may be placed; those whose terms are not understood are left out. */
export function pendingGroups(tasks: readonly Live<Task>[], taints: readonly Taint[]): PendingGroup[] {
  const groups = new Map<string, { namespace: string; role: string; tasks: PendingTask[] }>();
  for (const task of [...tasks].sort(bySeniority)) {
    const terms = taskTerms(task.spec);
    if ("reason" in terms) continue;
    const namespace = task.metadata.namespace ?? "";
    const { role } = task.spec;
    const key = JSON.stringify([namespace, role]);
    const group = groups.get(key) ?? { namespace, role, tasks: [] };
    groups.set(key, group);
    const tolerations = task.spec.tolerations ?? [];
    group.tasks.push({
      task,
      tolerations,
      request: {
        id: keyOf(task.metadata),
        resources: terms.resources,
        ...(terms.terms && { terms: terms.terms }),
        groups: peerGroups(task.spec),
        tolerated: toleratedWords(tolerations, taints),
      },
    });
  }
  return [...groups.values()];
}
