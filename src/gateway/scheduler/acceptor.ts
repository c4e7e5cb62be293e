import type { Offer, OperationResult } from "../../api/offer.ts";
import { isConflict } from "../../cluster/errors.ts";
import type { Live } from "../../cluster/object.ts";
import { sleep } from "../../cluster/time.ts";
import { answer } from "../../controllers/offer/answers.ts";
import { isLaunch, tasksOf } from "../../convert/operation.ts";
import { masterStatus } from "../../convert/status.ts";
import type { Offer_Operation, TaskInfo } from "../../wire/gen/mesos/v1/mesos_pb.ts";
import type { Call_Accept, Call_Decline } from "../../wire/gen/mesos/v1/scheduler/scheduler_pb.ts";
import { findOffers, outcomes, planAccept, refusal } from "./accept.ts";
import type { Session, SessionContext } from "./session.ts";

const FIRST_WAIT = 500;
const LONGEST_WAIT = 10_000;

/** Carries out ACCEPT and DECLINE: at once as far as the books go, and in the background what has to be written. */
export class Acceptor {
  readonly #context: SessionContext;
  /** Tasks whose launch is being written, by framework and Mesos id. */
  readonly #launching = new Map<string, Promise<void>>();

  constructor(context: SessionContext) {
    this.#context = context;
  }

  /** Resolves once a launch of the task that is under way has been written, or given up. */
  async launched(session: Session, taskId: string): Promise<void> {
    await this.#launching.get(launchKey(session, taskId));
  }

  /** Whether anything of the framework is being written: an answer about all its tasks has to wait. */
  async allLaunched(session: Session): Promise<void> {
    const prefix = launchKey(session, "");
    await Promise.all([...this.#launching].filter(([key]) => key.startsWith(prefix)).map(([, work]) => work));
  }

  accept(session: Session, { offerIds, operations, filters }: Call_Accept): void {
    const { assumed } = this.#context.scheduling;
    const found = findOffers(offerIds, (id) => this.#open(session, id));
    if ("problem" in found) {
      for (const offer of found.valid) this.#giveUp(offer);
      this.#refuseAll(session, operations, found.problem);
      return;
    }
    const [first, ...others] = found.offers;
    const plan = planAccept(operations, filters, first.spec.agent);
    for (const other of others) session.answered(other.metadata.name);
    const answered = assumed.offers.respond(first, plan.response, others);
    for (const { info, message, reason } of plan.refusedTasks) {
      this.#end(session, info, "TASK_ERROR", reason, message);
    }
    for (const { operation, message } of plan.refused) this.#refuse(session, operation, message);
    const launched = plan.sources.flatMap(tasksOf).map(({ taskId }) => taskId?.value ?? "");
    session.answered(first.metadata.name);
    const work = this.#carryOut(answered).then((results) => {
      for (const { operation, result } of outcomes(plan.sources, results)) {
        session.feedback.done(operation, first.spec.agent, result);
      }
      void this.#tellUnrecorded(session, answered, plan.sources, results);
    });
    for (const id of launched) {
      const key = launchKey(session, id);
      this.#launching.set(key, work);
      void work.then(() => {
        if (this.#launching.get(key) === work) this.#launching.delete(key);
      });
    }
  }

  async decline(session: Session, { offerIds, filters }: Call_Decline): Promise<void> {
    const { breath } = this.#context.deps;
    const refuse = refusal(filters);
    for (const { value } of offerIds) {
      const offer = this.#open(session, value);
      if (offer === undefined) continue;
      const decline = refuse === undefined ? {} : { filters: { refuse } };
      session.answered(value);
      void this.#carryOut(this.#context.scheduling.assumed.offers.respond(offer, { decline }));
      if (breath.isDue) await breath.take();
    }
  }

  /** One that was made to this framework on its stream, and that it has not answered. */
  #open(session: Session, id: string): Live<Offer> | undefined {
    const { offers } = this.#context.scheduling.assumed;
    const { namespace = "" } = session.framework.metadata;
    const offer = offers.get(`${namespace}/${id}`);
    if (offer === undefined || !offers.isStreamed(offer)) return undefined;
    const mine = offer.spec.framework === session.framework.metadata.name;
    return mine && offer.spec.response === undefined ? offer : undefined;
  }

  /** What became of the operations; none if this leader's term ends before. */
  async #carryOut(offer: Live<Offer>): Promise<readonly OperationResult[]> {
    const { deps, scheduling, signal } = this.#context;
    for (let wait = FIRST_WAIT; !signal.aborted; wait = Math.min(2 * wait, LONGEST_WAIT)) {
      try {
        return await answer(deps, scheduling, offer, signal);
      } catch (error) {
        if (signal.aborted) break;
        if (!isConflict(error)) deps.logger.warn({ err: error }, "an answer is carried out again");
        await sleep(deps.clock, wait, signal).catch(() => {});
      }
    }
    return [];
  }

  /** Used up by an answer that cannot be carried out. */
  #giveUp(offer: Live<Offer>): void {
    const { deps, scheduling } = this.#context;
    scheduling.assumed.offers.close(offer);
    deps.requestAllocation("InvalidOffers");
  }

  #refuseAll(session: Session, operations: readonly Offer_Operation[], problem: string): void {
    for (const operation of operations) {
      if (!isLaunch(operation)) {
        this.#refuse(session, operation, `Operation attempted with invalid offers: ${problem}`);
        continue;
      }
      const message = `Task launched with invalid offers: ${problem}`;
      for (const info of tasksOf(operation)) {
        this.#end(session, info, "TASK_DROPPED", "REASON_INVALID_OFFERS", message);
      }
    }
  }

  #refuse(session: Session, { id }: Offer_Operation, message: string): void {
    if (id === undefined)
      this.#context.deps.logger.info({ framework: session.key, message }, "drops an operation");
    else session.feedback.refused(id.value, undefined, message);
  }

  #end(
    session: Session,
    info: TaskInfo,
    state: "TASK_ERROR" | "TASK_DROPPED",
    reason: string,
    message: string,
  ): void {
    const status = { taskId: info.taskId?.value ?? "", agent: info.agentId?.value, state, reason, message };
    session.update(masterStatus(status, session.traits.partitionAware, this.#context.deps.clock.now()));
  }

  /** A task that is refused leaves a Task behind whose end is told; one of which not even that could be made is told here. */
  async #tellUnrecorded(
    session: Session,
    offer: Live<Offer>,
    sources: readonly Offer_Operation[],
    results: readonly OperationResult[],
  ): Promise<void> {
    const { deps, signal } = this.#context;
    const { namespace = "" } = offer.metadata;
    for (const { index, status, tasks = [], message = "" } of results) {
      const source = sources[index];
      if (source === undefined || status === "FINISHED" || !isLaunch(source)) continue;
      const made = offer.spec.response?.accept?.operations?.[index];
      const wanted = (made?.launch ?? made?.launchGroup)?.tasks ?? [];
      if (tasks.length === wanted.length) continue;
      try {
        const there = await Promise.all(
          tasks.map((name) => deps.clients.tasks.get({ namespace, name }, { signal })),
        );
        const ids = new Set(there.map(({ spec }) => spec.taskId));
        for (const info of tasksOf(source)) {
          const id = info.taskId?.value;
          if (wanted.some(({ taskId }) => taskId === id) && !ids.has(id)) {
            this.#end(session, info, "TASK_ERROR", "REASON_TASK_INVALID", message);
          }
        }
      } catch (error) {
        if (!signal.aborted) deps.logger.warn({ err: error }, "a refused task is not told");
      }
    }
  }
}

const launchKey = (session: Session, taskId: string): string => `${session.key} ${taskId}`;
