import type { TaskTemplate } from "../../api/task.ts";
import type { TaskState } from "../../api/taskstate.ts";
import { formatResources } from "../../resources/index.ts";
import { dropState } from "../task/ending.ts";
import { readTemplate } from "./launchrules.ts";
import type { Progress, Situation } from "./situation.ts";
import { isFrom, taskName } from "./taskobject.ts";

/** How a task that is not launched ends. */
export interface Ending {
  readonly state: TaskState;
  readonly reason: string;
  readonly message: string;
}

export interface LaunchDecision {
  /** One for each template, in order; undefined: launch it. */
  readonly endings: readonly (Ending | undefined)[];
  readonly progress: Progress;
}

export const GROUP_INVALID = "REASON_TASK_GROUP_INVALID";

type Step = { readonly progress: Progress } | { readonly ending: Ending };

/** Each task by itself: what a refused one would have held is there for those after it. */
export function decideLaunch(
  situation: Situation,
  progress: Progress,
  operation: number,
  templates: readonly TaskTemplate[],
): LaunchDecision {
  let left = progress;
  const endings = templates.map((template, index) => {
    const step = decideTask(situation, left, operation, index, template);
    if ("ending" in step) return step.ending;
    left = step.progress;
    return undefined;
  });
  return { endings, progress: left };
}

/** All tasks or none (Mesos: validation.cpp, namespace task::group). */
export function decideLaunchGroup(
  situation: Situation,
  progress: Progress,
  operation: number,
  templates: readonly TaskTemplate[],
): LaunchDecision {
  const known = situation.made.filter(({ spec }) => spec.offer?.operation === operation);
  // An earlier try has decided already; one task that is on its way takes all others along.
  const given = known.some(({ status }) => status?.reason === GROUP_INVALID);
  const decided = !given && known.some(({ spec }) => spec.agent !== undefined);
  let left = progress;
  const steps = templates.map((template, index): Step => {
    if (given) return invalid("an earlier try has given the group up");
    const step = decided
      ? takeAnyway(left, template, taskId(situation, operation, index, template))
      : decideTask(situation, left, operation, index, template);
    if ("progress" in step) left = step.progress;
    return step;
  });
  const failed = steps.flatMap((step) => ("ending" in step ? [step.ending] : []));
  const [first] = failed;
  if (first === undefined) return { endings: steps.map(() => undefined), progress: left };
  const endings = steps.map((step): Ending => {
    if ("ending" in step) return inGroup(step.ending);
    const message = `another task of the group is refused: ${first.message}`;
    return inGroup({ ...first, message });
  });
  return { endings, progress };
}

const inGroup = (ending: Ending): Ending =>
  ending.reason === "REASON_TASK_INVALID" ? { ...ending, reason: GROUP_INVALID } : ending;

function decideTask(
  situation: Situation,
  progress: Progress,
  operation: number,
  index: number,
  template: TaskTemplate,
): Step {
  const { framework, impediment, offer } = situation;
  const id = taskId(situation, operation, index, template);
  const made = situation.made.find((task) => isFrom(task, { offer, operation, index }));
  if (made?.spec.agent !== undefined) return takeAnyway(progress, template, id);
  const dropped = dropState(framework.spec.capabilities?.includes("PARTITION_AWARE") ?? false);
  const lose = (reason: string, message: string): Step => ({ ending: { state: dropped, reason, message } });
  if (made !== undefined) return lose("REASON_INVALID_OFFERS", "an earlier try has refused it");
  if (impediment !== undefined) return lose(impediment.reason, impediment.message);
  const read = readTemplate(template);
  if ("invalid" in read) return invalid(read.invalid);
  if (situation.isTaken(id) || progress.taskIds.has(id)) {
    return invalid(`the framework has a task with the id ${id} that has not ended`);
  }
  const { resources } = read;
  if (!progress.resources.contains(resources)) {
    const [wanted, left] = [formatResources(resources), formatResources(progress.resources)];
    return invalid(`the task needs ${wanted}, of the offer there is ${left === "" ? "nothing" : left} left`);
  }
  const amounts = resources.nonShared().scalarQuantities();
  if (!progress.room.contains(amounts)) {
    return lose("REASON_INVALID_OFFERS", `the node has only ${progress.room} left: other Pods took the rest`);
  }
  return {
    progress: {
      resources: progress.resources.subtract(resources.nonShared()),
      room: progress.room.subtract(amounts),
      taskIds: new Set([...progress.taskIds, id]),
    },
  };
}

const invalid = (message: string): Step => ({
  ending: { state: "TASK_ERROR", reason: "REASON_TASK_INVALID", message },
});

/** For a task that is on its way: whatever has changed since, it holds its resources. */
function takeAnyway(progress: Progress, template: TaskTemplate, id: string): Step {
  const read = readTemplate(template);
  const taskIds = new Set([...progress.taskIds, id]);
  if ("invalid" in read) return { progress: { ...progress, taskIds } };
  return {
    progress: { ...progress, resources: progress.resources.subtract(read.resources.nonShared()), taskIds },
  };
}

const taskId = ({ offer }: Situation, operation: number, index: number, template: TaskTemplate): string =>
  template.taskId ?? taskName({ offer, operation, index }, template);
