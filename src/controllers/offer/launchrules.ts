import { type TaskTemplate, taskTemplate } from "../../api/task.ts";
import {
  fromSpec,
  quantityToMilli,
  ResourceError,
  type Resources,
  unitsToMilli,
} from "../../resources/index.ts";

export type TemplateResult = { readonly resources: Resources } | { readonly invalid: string };

/**
 * What a task of a LAUNCH asks for, or why it can never run (Mesos: src/master/validation.cpp, namespace task). The API server
 * has checked most of it; what its rules cannot afford to check in an Offer is checked here.
 */
export function readTemplate(template: TaskTemplate): TemplateResult {
  const parsed = taskTemplate.safeParse(template);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    return { invalid: `${issue?.path.join(".") ?? ""}: ${issue?.message ?? "invalid"}` };
  }
  try {
    const resources = fromSpec(template.resources, { field: "resources" });
    const wrong =
      resourceProblem(resources) ?? limitProblem(template, resources) ?? portProblem(template, resources);
    return wrong === undefined ? { resources } : { invalid: wrong };
  } catch (error) {
    if (error instanceof ResourceError) return { invalid: error.message };
    throw error;
  }
}

function resourceProblem(resources: Resources): string | undefined {
  const amounts = resources.scalarQuantities();
  for (const name of ["cpus", "mem"]) {
    if (amounts.get(name) <= 0) return `a task needs ${name}`;
  }
  if (amounts.get("gpus") % 1000 !== 0) return "gpus are given as whole numbers";
  const revocable = new Set(resources.revocable().names());
  const mixed = resources
    .nonRevocable()
    .names()
    .find((name) => revocable.has(name));
  return mixed === undefined ? undefined : `${mixed} must be either revocable or not, not both`;
}

function limitProblem({ limits }: TaskTemplate, resources: Resources): string | undefined {
  const amounts = resources.scalarQuantities();
  for (const name of ["cpus", "mem"] as const) {
    const limit = limits?.[name];
    if (limit === undefined || limit === "Infinity") continue;
    const field = `limits.${name}`;
    // A bare number is cores, or bytes.
    const milli =
      typeof limit === "number" && name === "cpus"
        ? unitsToMilli(limit, field)
        : quantityToMilli(name, limit, field);
    if (milli < amounts.get(name)) return `${field} must not be less than the ${name} requested`;
  }
  return undefined;
}

/** As in src/api/task.ts, where the rule is too dear for the tasks of an Offer. */
function portProblem(template: TaskTemplate, resources: Resources): string | undefined {
  const strange = strangePort(template, [resources]);
  if (strange === undefined) return undefined;
  return `container.network.portMappings: hostPort ${strange} must be one of the ports of resources`;
}

/** A port of the node that is mapped, and that none of the holders has. */
export function strangePort(
  { container }: Pick<TaskTemplate, "container">,
  holders: readonly Resources[],
): number | undefined {
  const ports = holders
    .flatMap((resources) => [...resources])
    .flatMap(({ name, value }) => (name === "ports" && value.kind === "ranges" ? value.ranges : []));
  return container?.network?.portMappings?.find(
    ({ hostPort }) => !ports.some(({ begin, end }) => begin <= hostPort && hostPort <= end),
  )?.hostPort;
}
