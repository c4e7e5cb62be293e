import type { Task } from "../../api/task.ts";
import { fromSpec, Resources } from "../../resources/index.ts";

const known = new WeakMap<Task["spec"]["resources"], Resources>();

/**
 * What a task that has not ended holds, with reservations and volumes. Resources that say what the schema
 * cannot refuse count as nothing: such a task is never given an agent.
 */
export function holdings(task: Task): Resources {
  const list = task.spec.resources;
  const before = known.get(list);
  if (before !== undefined) return before;
  const held = read(list);
  known.set(list, held);
  return held;
}

function read(list: Task["spec"]["resources"]): Resources {
  try {
    return fromSpec(list, { field: "spec.resources" });
  } catch {
    return Resources.empty;
  }
}
