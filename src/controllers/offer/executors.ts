import { createHash } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import {
  type Executor,
  Executor as ExecutorKind,
  type ExecutorSpec,
  type ExecutorTemplate,
  executorTemplate,
} from "../../api/executor.ts";
import {
  API_VERSION,
  EXECUTOR_FINALIZER,
  LABEL_AGENT,
  LABEL_FRAMEWORK,
  LABEL_ROLE,
} from "../../api/group.ts";
import { typeMeta } from "../../api/kind.ts";
import type { Live } from "../../cluster/object.ts";
import { fromSpec, ResourceError, Resources } from "../../resources/index.ts";
import { labelsOf } from "../allocation/offerobject.ts";
import type { Progress, Situation } from "./situation.ts";
import { type Origin, withDefaultUser } from "./taskobject.ts";

/** What an executor of a LAUNCH asks for, or why it can never run. */
export type ReadExecutor = { readonly resources: Resources } | { readonly invalid: string };

export function readExecutor(template: ExecutorTemplate): ReadExecutor {
  const parsed = executorTemplate.safeParse(template);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    return { invalid: `executor: ${issue?.path.join(".") ?? ""}: ${issue?.message ?? "invalid"}` };
  }
  if (template.type === "CUSTOM" && template.command === undefined && template.container?.image === undefined)
    return { invalid: "'ExecutorInfo.command' must be set for 'CUSTOM' executor" };
  try {
    const { resources = [] } = template;
    return {
      resources: resources.length === 0 ? Resources.empty : fromSpec(resources, { field: "resources" }),
    };
  } catch (error) {
    if (error instanceof ResourceError) return { invalid: `executor: ${error.message}` };
    throw error;
  }
}

/** The name of an executor is made of where it stands: a replay gives the same. */
export function executorName({ offer, operation, index }: Origin): string {
  const id = createHash("sha256").update(offer.metadata.uid).digest("hex").slice(0, 12);
  const prefix = offer.spec.framework.slice(0, 200).replace(/[-.]+$/, "");
  return `${prefix}-${id}-${operation}-x${index}`;
}

/** Whether an Executor was made from exactly that place. */
export function isExecutorFrom({ spec }: Executor, { offer, operation, index }: Origin): boolean {
  const from = spec.offer;
  return from?.uid === offer.metadata.uid && from.operation === operation && from.index === index;
}

export function executorObject(
  origin: Origin,
  template: ExecutorTemplate,
  framework: { readonly name: string; readonly uid: string; readonly user?: string | undefined },
): Executor {
  const { offer, operation, index } = origin;
  const { namespace } = offer.metadata;
  const { role, agent } = offer.spec;
  return {
    ...typeMeta(ExecutorKind),
    metadata: {
      name: executorName(origin),
      ...(namespace !== undefined && { namespace }),
      labels: labelsOf({
        [LABEL_FRAMEWORK]: offer.spec.framework,
        [LABEL_ROLE]: role,
        [LABEL_AGENT]: agent,
      }),
      finalizers: [EXECUTOR_FINALIZER],
      ownerReferences: [
        { apiVersion: API_VERSION, kind: "Framework", name: framework.name, uid: framework.uid },
      ],
    },
    spec: {
      ...withDefaultUser(template, framework.user),
      framework: offer.spec.framework,
      role,
      agent,
      offer: { name: offer.metadata.name, uid: offer.metadata.uid, operation, index },
    },
  };
}

/** Whether a task may say that this executor, which is there, is its own: same ExecutorID means identical ExecutorInfo. */
export function isSameExecutor(
  there: Live<Executor>,
  wanted: ExecutorTemplate,
  user: string | undefined,
): boolean {
  return isDeepStrictEqual(infoOf(there.spec), withDefaultUser(executorTemplate.parse(wanted), user));
}

function infoOf(spec: ExecutorSpec): ExecutorTemplate {
  const { framework: _f, role: _r, agent: _a, offer: _o, allocated: _l, shutdown: _s, ...info } = spec;
  return executorTemplate.parse(info);
}

export type ExecutorDecision =
  /** `resources`: what has to be taken for an executor that is not there yet; `index`: which one it is. */
  | { readonly resources: Resources; readonly index?: number }
  | { readonly invalid: string }
  | { readonly lost: string };

/** What the executor of a task is, new or there; one that is neither counts as CUSTOM. */
export const typeOf = (
  { executor }: Pick<Situation, "executor">,
  executorId: string,
  executors: readonly ExecutorTemplate[],
): ExecutorTemplate["type"] =>
  executors.find((one) => one.executorId === executorId)?.type ?? executor(executorId)?.spec.type ?? "CUSTOM";

/** Who runs the task (Mesos: validation.cpp, validateExecutor). */
export function decideExecutor(
  { framework, executor, madeExecutors, offer }: Situation,
  progress: Progress,
  operation: number,
  executorId: string | undefined,
  executors: readonly ExecutorTemplate[],
  inGroup: boolean,
): ExecutorDecision {
  if (executorId === undefined) return { resources: Resources.empty };
  const index = executors.findIndex((one) => one.executorId === executorId);
  const [wanted] = executors.slice(index, index + 1);
  const there = executor(executorId);
  if (typeOf({ executor }, executorId, executors) !== "CUSTOM" && !inGroup)
    return { invalid: "'ExecutorInfo.type' must be 'CUSTOM'" };
  const own = madeExecutors.find((one) => isExecutorFrom(one, { offer, operation, index }));
  if (there !== undefined && there.metadata.uid !== own?.metadata.uid) {
    if (wanted !== undefined && !isSameExecutor(there, wanted, framework.spec.user)) {
      return {
        invalid: `ExecutorInfo is not compatible with existing ExecutorInfo with same ExecutorID '${executorId}'`,
      };
    }
    const going = there.spec.shutdown !== undefined || there.metadata.deletionTimestamp !== undefined;
    return going ? { lost: `the executor ${executorId} is shutting down` } : { resources: Resources.empty };
  }
  if (wanted === undefined) {
    return { invalid: `no executor ${executorId} runs on the agent, and the operation has none` };
  }
  const read = readExecutor(wanted);
  if ("invalid" in read) return read;
  return { resources: progress.executors.has(index) ? Resources.empty : read.resources, index };
}
