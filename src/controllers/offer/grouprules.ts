import type { ExecutorTemplate } from "../../api/executor.ts";
import type { TaskTemplate } from "../../api/task.ts";
import { fromSpec, Resources } from "../../resources/index.ts";
import { strangePort } from "./launchrules.ts";

/** Mesos's MIN_CPUS and MIN_MEM (src/master/constants.hpp), in thousandths of a cpu and of a MiB. */
const MINIMUM = [
  { name: "cpus", milli: 10, what: "CPUs", least: "0.01" },
  { name: "mem", milli: 32_000, what: "memory", least: "32MB" },
] as const;

/** Of a DEFAULT executor nothing runs, so nothing is fetched for it, mounted or set. */
const NOT_FOR_DEFAULT = ["command", "env", "uris", "volumes"] as const;

/**
 * Why no group can run below this executor (Mesos: validation.cpp, task::group::validateExecutor); its resources can be read.
 *
 * @param runs whether it is on the agent already: then its ports are mapped
 */
export function groupExecutorProblem(
  executor: ExecutorTemplate,
  templates: readonly TaskTemplate[],
  runs: boolean,
): string | undefined {
  const { executorId, type } = executor;
  const strayField = type === "DEFAULT" ? defaultExecutorProblem(executor) : undefined;
  if (strayField !== undefined) return strayField;
  const own = resourcesOf(executor);
  const amounts = own.scalarQuantities();
  const small = MINIMUM.find(({ name, milli }) => amounts.get(name) < milli);
  if (small !== undefined) {
    const has = own.names().includes(small.name) ? `${amounts.get(small.name) / 1000}` : "None";
    return `Executor '${executorId}' uses less ${small.what} (${has}) than the minimum required (${small.least})`;
  }
  const stranger = templates.find((task) => task.executorId !== undefined && task.executorId !== executorId);
  if (stranger !== undefined) {
    return `The executor of a task (${stranger.executorId}) is different from executor '${executorId}'`;
  }
  if (runs || type === "CUSTOM") return undefined;
  // Tasks hold the ports that their executor maps, as those of Marathon's pods do, or the executor does.
  const strange = strangePort(executor, [own, ...templates.map(resourcesOf)]);
  if (strange === undefined) return undefined;
  return `portMappings of the executor: hostPort ${strange} must be one of its ports or of its tasks'`;
}

function defaultExecutorProblem(executor: ExecutorTemplate): string | undefined {
  const given = NOT_FOR_DEFAULT.find((name) => executor[name] !== undefined);
  if (given !== undefined) return `'ExecutorInfo.${given}' must not be set for 'DEFAULT' executor`;
  const { image } = executor.container ?? {};
  return image === undefined ? undefined : "'ExecutorInfo.container' of a 'DEFAULT' executor has no image";
}

const resourcesOf = ({ resources }: Pick<TaskTemplate, "resources">): Resources =>
  resources.length === 0 ? Resources.empty : fromSpec(resources);

/** Whether a task wants to share what only tasks of a DEFAULT executor have. */
export const sharesExecutor = ({ volumes }: TaskTemplate): boolean =>
  volumes?.some(({ executorPath }) => executorPath !== undefined) ?? false;
