import type { Stepwise } from "../../allocator/index.ts";
import type { ExecutorTemplate } from "../../api/executor.ts";
import type { TaskTemplate } from "../../api/task.ts";
import type { TaskState } from "../../api/taskstate.ts";
import { formatResources, isPersistentVolume, type Resources } from "../../resources/index.ts";
import { dropState } from "../task/ending.ts";
import { decideExecutor, isExecutorFrom, readExecutor, typeOf } from "./executors.ts";
import { groupExecutorProblem, sharesExecutor } from "./grouprules.ts";
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

/** What a task that is launched leaves of the progress; its id is entered by the caller. */
interface Taken {
  readonly id: string;
  readonly left: Pick<Progress, "resources" | "room" | "executors">;
}

type Step = Taken | { readonly ending: Ending };

/** The progress of one operation: ids are entered as it goes, for it may have thousands of tasks. */
class Course {
  #left: Progress;
  readonly #taskIds: Set<string>;

  constructor(progress: Progress) {
    this.#taskIds = new Set(progress.taskIds);
    this.#left = { ...progress, taskIds: this.#taskIds, executors: new Set() };
  }

  get left(): Progress {
    return this.#left;
  }

  take({ id, left }: Taken): void {
    this.#taskIds.add(id);
    this.#left = { ...left, taskIds: this.#taskIds };
  }
}

/** Tasks between two yields. */
const BETWEEN = 32;

/** Each task by itself: what a refused one would have held is there for those after it. An answer may have thousands. */
export function* decideLaunch(
  situation: Situation,
  progress: Progress,
  operation: number,
  templates: readonly TaskTemplate[],
  executors: readonly ExecutorTemplate[] = [],
): Stepwise<LaunchDecision> {
  const course = new Course(progress);
  const endings: (Ending | undefined)[] = [];
  for (const [index, template] of templates.entries()) {
    const step = decideTask(situation, course.left, operation, index, template, executors);
    endings.push("ending" in step ? step.ending : undefined);
    if ("left" in step) course.take(step);
    if (endings.length % BETWEEN === 0) yield;
  }
  return { endings, progress: course.left };
}

/** All tasks or none (Mesos: validation.cpp, namespace task::group). */
export function decideLaunchGroup(
  situation: Situation,
  progress: Progress,
  operation: number,
  templates: readonly TaskTemplate[],
  executor?: ExecutorTemplate,
): LaunchDecision {
  const known = situation.made.filter(({ spec }) => spec.offer?.operation === operation);
  // An earlier try has decided already; one task that is on its way takes all others along.
  const given = known.some(({ status }) => status?.reason === GROUP_INVALID);
  const decided = !given && known.some(({ spec }) => spec.agent !== undefined);
  const executors = executor === undefined ? [] : [executor];
  const judged = decided || situation.impediment !== undefined;
  const wrong = judged ? undefined : groupProblem(situation, templates, executor);
  const course = new Course(progress);
  const steps = templates.map((bare, index): Step => {
    if (given) return invalid("an earlier try has given the group up");
    if (wrong !== undefined) return invalid(wrong);
    const template = executor === undefined ? bare : { ...bare, executorId: executor.executorId };
    const step = decided
      ? takeAnyway(situation, course.left, operation, index, template, executors)
      : decideTask(situation, course.left, operation, index, template, executors, true);
    if ("left" in step) course.take(step);
    return step;
  });
  const failed = steps.flatMap((step) => ("ending" in step ? [step.ending] : []));
  const [first] = failed;
  if (first === undefined) return { endings: steps.map(() => undefined), progress: course.left };
  const endings = steps.map((step): Ending => {
    if ("ending" in step) return inGroup(step.ending);
    const message = `another task of the group is refused: ${first.message}`;
    return inGroup({ ...first, message });
  });
  return { endings, progress };
}

/** What is wrong with the group as a whole. */
function groupProblem(
  situation: Situation,
  templates: readonly TaskTemplate[],
  executor: ExecutorTemplate | undefined,
): string | undefined {
  if (executor === undefined) {
    const named = templates.some(({ executorId }) => executorId !== undefined);
    return named ? "the tasks of a group have the executor of the group" : undefined;
  }
  const read = readExecutor(executor);
  if ("invalid" in read) return read.invalid;
  // A task that cannot be read is told of as such.
  const unreadable = templates.some((template) => "invalid" in readTemplate(template));
  return unreadable
    ? undefined
    : groupExecutorProblem(executor, templates, situation.executor(executor.executorId) !== undefined);
}

const inGroup = (ending: Ending): Ending =>
  ending.reason === "REASON_TASK_INVALID" ? { ...ending, reason: GROUP_INVALID } : ending;

function decideTask(
  situation: Situation,
  progress: Progress,
  operation: number,
  index: number,
  template: TaskTemplate,
  executors: readonly ExecutorTemplate[] = [],
  inGroup = false,
): Step {
  const { framework, impediment, offer } = situation;
  const id = taskId(situation, operation, index, template);
  const made = situation.made.find((task) => isFrom(task, { offer, operation, index }));
  if (made?.spec.agent !== undefined) {
    return takeAnyway(situation, progress, operation, index, template, executors);
  }
  const dropped = dropState(framework.spec.capabilities?.includes("PARTITION_AWARE") ?? false);
  const lose = (reason: string, message: string): Step => ({ ending: { state: dropped, reason, message } });
  if (made !== undefined) return lose("REASON_INVALID_OFFERS", "an earlier try has refused it");
  if (impediment !== undefined) return lose(impediment.reason, impediment.message);
  const read = readTemplate(template);
  if ("invalid" in read) return invalid(read.invalid);
  if (situation.isTaken(id) || progress.taskIds.has(id)) {
    return invalid(`the framework has a task with the id ${id} that has not ended`);
  }
  if (sharesExecutor(template) && !(inGroup && executors.some(({ type }) => type === "DEFAULT"))) {
    return invalid(
      "executorPath (SANDBOX_PATH of type PARENT) is for the tasks of a group with a DEFAULT executor",
    );
  }
  const { executorId, command } = template;
  if (executorId !== undefined && command !== undefined && !inGroup) {
    return invalid("Task should have at least one (but not both) of CommandInfo or ExecutorInfo present");
  }
  const type = executorId === undefined ? "DEFAULT" : typeOf(situation, executorId, executors);
  if (type === "CUSTOM" && hasAbsoluteVolume(read.resources)) {
    return invalid(
      "a persistent volume of an executor's task has a relative container path: it appears in the executor's sandbox",
    );
  }
  const executor = decideExecutor(situation, progress, operation, executorId, executors, inGroup);
  if ("invalid" in executor) return invalid(executor.invalid);
  if ("lost" in executor) return lose("REASON_EXECUTOR_TERMINATED", executor.lost);
  const resources = read.resources.add(executor.resources);
  if (!progress.resources.contains(resources)) {
    const [wanted, left] = [formatResources(resources), formatResources(progress.resources)];
    return invalid(`the task needs ${wanted}, of the offer there is ${left === "" ? "nothing" : left} left`);
  }
  const amounts = resources.nonShared().scalarQuantities();
  if (!progress.room.contains(amounts)) {
    return lose("REASON_INVALID_OFFERS", `the node has only ${progress.room} left: other Pods took the rest`);
  }
  return {
    id,
    left: {
      resources: progress.resources.subtract(resources.nonShared()),
      room: progress.room.subtract(amounts),
      executors: withIndex(progress.executors, executor.index),
    },
  };
}

/** Mesos mounts volumes into executors that run below their sandbox only (filesystem/posix and linux, update()). */
const hasAbsoluteVolume = (resources: Resources): boolean =>
  [...resources.filter(isPersistentVolume)].some(({ disk }) => disk?.volume?.containerPath.startsWith("/"));

const invalid = (message: string): Step => ({
  ending: { state: "TASK_ERROR", reason: "REASON_TASK_INVALID", message },
});

/** For a task that is on its way: whatever has changed since, it holds its resources, and those of an executor made with it. */
function takeAnyway(
  situation: Situation,
  progress: Progress,
  operation: number,
  index: number,
  template: TaskTemplate,
  executors: readonly ExecutorTemplate[],
): Step {
  const read = readTemplate(template);
  const id = taskId(situation, operation, index, template);
  if ("invalid" in read) return { id, left: progress };
  const { offer } = situation;
  const at = executors.findIndex(({ executorId }) => executorId === template.executorId);
  const [own] = executors.slice(at, at + 1);
  const isMade = situation.madeExecutors.some((one) => isExecutorFrom(one, { offer, operation, index: at }));
  const first = own !== undefined && isMade && !progress.executors.has(at) ? readExecutor(own) : undefined;
  const held = first && "resources" in first ? read.resources.add(first.resources) : read.resources;
  return {
    id,
    left: {
      ...progress,
      resources: progress.resources.subtract(held.nonShared()),
      executors: withIndex(progress.executors, isMade ? at : undefined),
    },
  };
}

const withIndex = (set: ReadonlySet<number>, index: number | undefined): ReadonlySet<number> =>
  index === undefined ? set : new Set([...set, index]);

const taskId = ({ offer }: Situation, operation: number, index: number, template: TaskTemplate): string =>
  template.taskId ?? taskName({ offer, operation, index }, template);
