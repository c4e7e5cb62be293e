import { create } from "@bufbuild/protobuf";
import type { Task, TaskSpec } from "../api/task.ts";
import { fromSpec, quantityToMilli } from "../resources/index.ts";
import {
  type TaskResourceLimitation,
  TaskResourceLimitationSchema,
  Value_Type,
} from "../wire/gen/mesos/v1/mesos_pb.ts";

type Limits = NonNullable<TaskSpec["limits"]>;

/** Cores, or MiB. */
function amount(name: "cpus" | "mem", limit: string | number): number {
  if (limit === "Infinity") return Number.POSITIVE_INFINITY;
  // A bare number is cores, or bytes; what comes out are thousandths of cores, or of MiB.
  if (name === "cpus" && typeof limit === "number") return limit;
  return quantityToMilli(name, limit, `limits.${name}`) / 1000;
}

export const limitsMessage = ({ cpus, mem }: Limits) => ({
  ...(cpus !== undefined && { cpus: { value: amount("cpus", cpus) } }),
  ...(mem !== undefined && { mem: { value: amount("mem", mem) } }),
});

const LIMITED: Readonly<Record<string, "mem" | "disk">> = {
  REASON_CONTAINER_LIMITATION_MEMORY: "mem",
  REASON_CONTAINER_LIMITATION_DISK: "disk",
};

/**
 * What a task took more of than it may, in MiB: the limit, where Mesos's isolators tell of memory and disk what was used. Undefined for
 * other reasons, and for tasks of an executor, whose container is limited as a whole.
 */
export function limitationOf({ spec }: Task, reason: string | undefined): TaskResourceLimitation | undefined {
  const name = LIMITED[reason ?? ""];
  if (name === undefined || spec.executor !== undefined) return undefined;
  const { mem } = spec.limits ?? {};
  const value =
    name === "mem" && mem !== undefined
      ? amount("mem", mem)
      : fromSpec(spec.resources).scalarQuantities().get(name) / 1000;
  return create(TaskResourceLimitationSchema, {
    resources: [{ name, type: Value_Type.SCALAR, scalar: { value } }],
  });
}
