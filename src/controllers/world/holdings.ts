import type { TaskSpec } from "../../api/task.ts";
import { Shared } from "../../cluster/shared.ts";
import { fromSpec, ResourceError, Resources } from "../../resources/index.ts";

/** What of a Task, or of an Executor, says what it holds. */
type Holding = Pick<TaskSpec, "resources" | "allocated">;

const known = new WeakMap<Holding, Resources>();
/** Tasks of one kind are many. */
const alike = new Shared<Resources>();

/**
 * What a task, or an executor, that has not ended holds, with reservations and volumes. Resources that say what the schema
 * cannot refuse count as nothing: such a task is never given an agent.
 */
export function holdings({ spec }: { readonly spec: Holding }): Resources {
  const before = known.get(spec);
  if (before !== undefined) return before;
  const key = JSON.stringify([spec.resources, spec.allocated]);
  const held = alike.get(key, () => read(spec));
  known.set(spec, held);
  return held;
}

/** As they were allocated, as long as that is as much as was asked for: nobody holds less by saying so. */
function read({ resources, allocated }: Holding): Resources {
  try {
    const asked = fromSpec(resources, { field: "spec.resources" });
    if (allocated === undefined) return asked;
    const taken = fromSpec(allocated, { field: "spec.allocated" });
    return taken.toUnreserved().equals(asked.toUnreserved()) ? taken : asked;
  } catch (error) {
    if (error instanceof ResourceError) return Resources.empty;
    throw error;
  }
}
