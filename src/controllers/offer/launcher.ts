import type { Executor, ExecutorTemplate } from "../../api/executor.ts";
import { policyName } from "../../api/group.ts";
import type { Task, TaskTemplate } from "../../api/task.ts";
import { hasEnded } from "../../api/taskstate.ts";
import { ApiError, isAlreadyExists, isConflict, isForbidden, isInvalid } from "../../cluster/errors.ts";
import type { Live } from "../../cluster/object.ts";
import { frameworkKey } from "../caches.ts";
import type { Dependencies } from "../dependencies.ts";
import { eachLimited } from "../limited.ts";
import { writeTransition } from "../task/write.ts";
import type { Scheduling } from "../world/scheduling.ts";
import { executorName, executorObject, isExecutorFrom } from "./executors.ts";
import { type Ending, GROUP_INVALID } from "./launch.ts";
import type { Situation } from "./situation.ts";
import {
  bareTemplate,
  isFrom,
  type LaunchContext,
  type Origin,
  spareTaskName,
  taskName,
  taskObject,
} from "./taskobject.ts";

const MANAGER = "mesos-operator";
/** They say what a rule of the schema would say: that what was asked for is invalid. */
const OWN_POLICIES = ["tasks", "executors"].map(
  (plural) => `ValidatingAdmissionPolicy '${policyName(plural)}'`,
);
const WIDTH = 8;
const TRIES = 5;

/** What became of one task of a launch. */
export interface Launched {
  /** Of the Task object; absent if not even a record could be made. */
  readonly name?: string;
  /** Absent: it has its agent. */
  readonly ending?: Ending;
}

/**
 * Makes the Task objects of a launch. Doing it again after a crash makes nothing twice: names and origins are those of the
 * answer. A task that is refused becomes a Task too, without an agent and ended at once, so that each is accounted for.
 */
export class Launcher {
  readonly #deps: Dependencies;
  readonly #scheduling: Scheduling;
  readonly #situation: Situation;
  readonly #operation: number;
  readonly #signal: AbortSignal;

  constructor(
    deps: Dependencies,
    scheduling: Scheduling,
    situation: Situation,
    operation: number,
    signal: AbortSignal,
  ) {
    this.#deps = deps;
    this.#scheduling = scheduling;
    this.#situation = situation;
    this.#operation = operation;
    this.#signal = signal;
  }

  /** @param executors those of the operation; of them the `needed` ones are made first */
  async launch(
    templates: readonly TaskTemplate[],
    endings: readonly (Ending | undefined)[],
    executors: readonly ExecutorTemplate[] = [],
    needed: ReadonlySet<number> = new Set(),
  ): Promise<Launched[]> {
    const results: Launched[] = [];
    const refused = new Map<string, Ending>();
    for (const [index, executor] of executors.entries()) {
      if (!needed.has(index)) continue;
      const made = await this.makeExecutor(executor, index);
      if ("ending" in made) refused.set(executor.executorId, made.ending);
    }
    const all = templates.map((template, index) => ({
      template,
      index,
      ending: endings[index] ?? refused.get(template.executorId ?? ""),
    }));
    await eachLimited(all, WIDTH, async ({ template, index, ending }) => {
      results[index] = await this.#one(template, index, ending, undefined);
    });
    return results;
  }

  /** Makes an executor of the operation; one that an earlier try has made is that. */
  async makeExecutor(
    template: ExecutorTemplate,
    index: number,
  ): Promise<{ readonly executor: Live<Executor> } | { readonly ending: Ending }> {
    const { offer, framework, madeExecutors } = this.#situation;
    const origin = this.#origin(index);
    const made = madeExecutors.find((one) => isExecutorFrom(one, origin));
    if (made !== undefined) return { executor: made };
    const { name, uid } = framework.metadata;
    const object = executorObject(origin, template, { name, uid, user: framework.spec.user });
    const { executors } = this.#deps.clients;
    try {
      const executor = await executors.create(object, { fieldManager: MANAGER, signal: this.#signal });
      this.#scheduling.assumed.executors.assume(executor);
      return { executor };
    } catch (error) {
      if (isAlreadyExists(error)) {
        const found = await executors.get(object.metadata, { signal: this.#signal });
        if (isExecutorFrom(found, origin)) {
          this.#scheduling.assumed.executors.assume(found);
          return { executor: found };
        }
        const message = `another Executor is named ${object.metadata.name}`;
        return { ending: { state: "TASK_ERROR", reason: "REASON_TASK_INVALID", message } };
      }
      const ending = refusalOf(error);
      if (ending === undefined) throw error;
      const { message } = ending;
      this.#deps.recorder.record(offer, { type: "Warning", reason: "LaunchRefused", message });
      return { ending };
    }
  }

  /**
   * All or none: what the API server would refuse is found before anything is made.
   *
   * @param executor of the operation, to be made first if it is `needed`
   */
  async launchGroup(
    bare: readonly TaskTemplate[],
    endings: readonly (Ending | undefined)[],
    executor?: ExecutorTemplate,
    needed = false,
  ): Promise<Launched[]> {
    const templates =
      executor === undefined ? bare : bare.map((one) => ({ ...one, executorId: executor.executorId }));
    const group = { id: `${this.#situation.offer.metadata.uid}-${this.#operation}`, size: templates.length };
    const refusal = endings.some((ending) => ending !== undefined)
      ? undefined
      : ((await this.#tryGroup(templates, group, executor?.type)) ??
        (executor !== undefined && needed ? await this.#executorRefusal(executor) : undefined));
    const results: Launched[] = [];
    const all = templates.map((template, index) => ({ template, index, ending: endings[index] ?? refusal }));
    await eachLimited(all, WIDTH, async ({ template, index, ending }) => {
      results[index] = await this.#one(template, index, ending, group);
    });
    // Refused all the same, say by a quota of objects: those that were made give up. No agent starts a part of a group.
    const late = results.find(({ ending }) => ending !== undefined)?.ending;
    if (late === undefined || all.every(({ ending }) => ending !== undefined)) return results;
    const ending = { ...late, reason: GROUP_INVALID };
    await eachLimited(results, WIDTH, async (result) => {
      if (result.ending === undefined && result.name !== undefined) await this.#giveUp(result.name, ending);
    });
    return results.map((result) => ({ ...result, ending: result.ending ?? ending }));
  }

  async #executorRefusal(executor: ExecutorTemplate): Promise<Ending | undefined> {
    const made = await this.makeExecutor(executor, 0);
    return "ending" in made ? { ...made.ending, reason: GROUP_INVALID } : undefined;
  }

  async #tryGroup(
    templates: readonly TaskTemplate[],
    group: LaunchContext["group"],
    type: ExecutorTemplate["type"] | undefined,
  ): Promise<Ending | undefined> {
    // The group's executor may not be there yet.
    const context: LaunchContext = {
      ...this.#context(group, true),
      executor: () => ({ name: executorName(this.#origin(0)), type }),
    };
    for (const [index, template] of templates.entries()) {
      const origin = this.#origin(index);
      if (this.#made(origin) !== undefined) continue;
      const object = taskObject(taskName(origin, template), origin, template, context);
      try {
        await this.#deps.clients.tasks.create(object, { dryRun: true, signal: this.#signal });
      } catch (error) {
        const ending = await this.#endingOf(error, origin, template);
        if (ending !== undefined) return { ...ending, reason: GROUP_INVALID };
      }
    }
    return undefined;
  }

  async #one(
    template: TaskTemplate,
    index: number,
    ending: Ending | undefined,
    group: LaunchContext["group"],
  ): Promise<Launched> {
    const origin = this.#origin(index);
    const made = this.#made(origin);
    if (made?.spec.agent !== undefined) return { name: made.metadata.name };
    if (ending !== undefined) return this.#refuse(origin, template, group, ending, made);
    const object = taskObject(taskName(origin, template), origin, template, this.#context(group, true));
    try {
      const task = await this.#create(object);
      this.#scheduling.assumed.tasks.assume(task);
      this.#deps.metrics.tasksLaunched.inc({ framework: frameworkKey(task) });
      return { name: task.metadata.name };
    } catch (error) {
      const ownTask = isAlreadyExists(error) ? await this.#ownTask(object, origin) : undefined;
      if (ownTask?.spec.agent !== undefined) {
        this.#scheduling.assumed.tasks.assume(ownTask);
        return { name: ownTask.metadata.name };
      }
      const refused = await this.#endingOf(error, origin, template);
      if (refused === undefined) throw error;
      return this.#refuse(origin, template, group, refused, ownTask);
    }
  }

  /** What the API server's no means for the task; undefined if it is no answer to the task itself. */
  async #endingOf(error: unknown, origin: Origin, template: TaskTemplate): Promise<Ending | undefined> {
    if (isAlreadyExists(error)) {
      const object = taskObject(taskName(origin, template), origin, template, this.#context(undefined, true));
      if (await this.#ownTask(object, origin)) return undefined;
      const message = `another Task is named ${object.metadata.name}`;
      return { state: "TASK_ERROR", reason: "REASON_TASK_INVALID", message };
    }
    return refusalOf(error);
  }

  /** The record of a task that is not launched. */
  async #refuse(
    origin: Origin,
    template: TaskTemplate,
    group: LaunchContext["group"],
    ending: Ending,
    made: Live<Task> | undefined,
  ): Promise<Launched> {
    const { message } = ending;
    const task = made ?? (await this.#record(origin, template, group));
    if (task === undefined) {
      const { offer } = this.#situation;
      this.#deps.recorder.record(offer, { type: "Warning", reason: "LaunchRefused", message });
      return { ending };
    }
    await this.#end(task, ending);
    this.#deps.recorder.record(task, { type: "Warning", reason: "LaunchRefused", message });
    return { name: task.metadata.name, ending };
  }

  /** Undefined if the API server will have none, whatever is left out of it. */
  async #record(
    origin: Origin,
    template: TaskTemplate,
    group: LaunchContext["group"],
  ): Promise<Live<Task> | undefined> {
    const context = this.#context(group, false);
    const attempts = [
      taskObject(taskName(origin, template), origin, template, context),
      taskObject(spareTaskName(origin), origin, template, context),
      taskObject(spareTaskName(origin), origin, bareTemplate(template), context),
    ];
    for (const object of attempts) {
      try {
        return await this.#create(object);
      } catch (error) {
        if (!(error instanceof ApiError) || error.code >= 500 || error.code === 429) throw error;
        const own = isAlreadyExists(error) ? await this.#ownTask(object, origin) : undefined;
        if (own !== undefined) return own;
      }
    }
    return undefined;
  }

  #create(object: Task): Promise<Live<Task>> {
    return this.#deps.clients.tasks.create(object, { fieldManager: MANAGER, signal: this.#signal });
  }

  /** The Task of that name if it is of this origin: made by a try whose answer was lost. */
  async #ownTask(object: Task, origin: Origin): Promise<Live<Task> | undefined> {
    const found = await this.#deps.clients.tasks.get(object.metadata, { signal: this.#signal });
    return isFrom(found, origin) ? found : undefined;
  }

  async #giveUp(name: string, ending: Ending): Promise<void> {
    const { namespace } = this.#situation.offer.metadata;
    const ref = { name, ...(namespace !== undefined && { namespace }) };
    const task = await this.#deps.clients.tasks.get(ref, { signal: this.#signal });
    await this.#end(task, ending);
  }

  /** Writes the end, unless the task has one. */
  async #end(task: Live<Task>, { state, reason, message }: Ending): Promise<void> {
    let current = task;
    for (let attempt = 1; !hasEnded(current.status); attempt++) {
      try {
        await writeTransition(
          this.#deps,
          current,
          { state, reason, message: message.slice(0, 4096) },
          this.#signal,
        );
        return;
      } catch (error) {
        if (!isConflict(error) || attempt === TRIES) throw error;
        current = await this.#deps.clients.tasks.get(task.metadata, { signal: this.#signal });
      }
    }
  }

  #origin(index: number): Origin {
    return { offer: this.#situation.offer, operation: this.#operation, index };
  }

  #made(origin: Origin): Live<Task> | undefined {
    return this.#situation.made.find((task) => isFrom(task, origin));
  }

  #context(group: LaunchContext["group"], launched: boolean): LaunchContext {
    const executor = (id: string) => {
      const found = this.#situation.executor(id);
      return found && { name: found.metadata.name, type: found.spec.type };
    };
    return { framework: this.#situation.framework, ...(group && { group }), launched, executor };
  }
}

/** What the API server's no means; undefined if it is no answer to what was asked. */
function refusalOf(error: unknown): Ending | undefined {
  if (!(error instanceof ApiError) || isNamespaceGoing(error)) return undefined;
  const { code } = error;
  const message = error.status.message ?? error.message;
  if (
    isForbidden(error) ||
    (/denied/.test(message) && !OWN_POLICIES.some((name) => message.includes(name)))
  ) {
    return { state: "TASK_ERROR", reason: "REASON_TASK_UNAUTHORIZED", message };
  }
  return isInvalid(error) || code === 400
    ? { state: "TASK_ERROR", reason: "REASON_TASK_INVALID", message }
    : undefined;
}

/** Nothing can be made in it any more: no word about the task. */
const isNamespaceGoing = ({ status }: ApiError): boolean =>
  status.details?.causes?.some(({ reason }) => reason === "NamespaceTerminating") ?? false;
