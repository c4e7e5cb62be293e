import type { Framework } from "../../api/framework.ts";
import type { Task } from "../../api/task.ts";
import type { Live } from "../../cluster/object.ts";
import { fromSpec, ResourceError } from "../../resources/index.ts";
import { type RolesByPath, roleRefusal } from "../world/roles.ts";

/** Why a task will not run, or not go on, as things are; `reason` is the condition's and the Event's. */
export interface Refusal {
  readonly reason: "FrameworkNotFound" | "RoleNotFound" | "RoleNotAllowed";
  readonly message: string;
}

/** Of a task that has not ended. A role is judged while the task waits for an agent only. */
export function refusalOf(
  task: Live<Task>,
  framework: Live<Framework> | undefined,
  roles: RolesByPath,
  implicitRoles: boolean,
): Refusal | undefined {
  const { namespace = "" } = task.metadata;
  const { framework: name, role, agent } = task.spec;
  if (name !== undefined && framework === undefined) {
    return {
      reason: "FrameworkNotFound",
      message: `there is no Framework ${name} in the namespace ${namespace}: nobody answers for the task`,
    };
  }
  return agent === undefined ? roleRefusal(roles, role, namespace, implicitRoles) : undefined;
}

/** What is wrong with the resources of a task that the schema cannot refuse; it can never run. */
export function invalidity(task: Task): string | undefined {
  try {
    fromSpec(task.spec.resources, { field: "spec.resources" });
    return undefined;
  } catch (error) {
    if (error instanceof ResourceError) return error.message;
    throw error;
  }
}
