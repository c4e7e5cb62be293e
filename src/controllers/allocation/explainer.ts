import type { Explanation, Question, Stepwise } from "../../allocator/index.ts";
import type { Task } from "../../api/task.ts";
import { Applier } from "../../cluster/apply.ts";
import { findCondition, setCondition } from "../../cluster/conditions.ts";
import { isConflict, isNotFound } from "../../cluster/errors.ts";
import type { Live } from "../../cluster/object.ts";
import { timestamp } from "../../cluster/time.ts";
import type { Dependencies } from "../dependencies.ts";
import { eachLimited } from "../limited.ts";
import type { PendingGroup, PendingTask } from "../world/builtin.ts";
import { builtInId } from "../world/world.ts";
import { kindOf } from "./pending.ts";
import { type WaitingReason, waitingReason } from "./reasons.ts";

/** Manager of the condition Placed, whoever of this folder writes it. */
export const PLACED_MANAGER = "mesos-operator-placed";

/** Counts change with every task that ends somewhere: the same reason's text is renewed no sooner than this. */
const RENEW_AFTER = 15_000;
/** An explanation serves all tasks that ask for the same for so long. */
const REUSE_FOR = 2_000;
/** Milliseconds of a round, turns of others included: each explanation looks at every agent; more wait for the next round. */
const BUDGET = 1_500;
const WRITES_A_ROUND = 64;
const WIDTH = 8;

interface Said extends WaitingReason {
  readonly at: number;
}

/** Says on each Task that waits why it waits: the condition Placed and an Event, written only when there is news. */
export class Explainer {
  readonly #deps: Dependencies;
  readonly #applier: Applier<Task>;
  /** By what is asked for. */
  readonly #known = new Map<string, Said>();
  /** By the Task's uid. */
  readonly #said = new Map<string, Said>();

  constructor(deps: Dependencies) {
    this.#deps = deps;
    this.#applier = new Applier(deps.clients.tasks, PLACED_MANAGER);
  }

  /** `refusal`: why the API server would not have a task bound, by its uid. */
  async explain(
    ask: (question: Question) => Stepwise<Explanation>,
    groups: readonly PendingGroup[],
    refusal: (uid: string) => string | undefined,
    signal: AbortSignal,
  ): Promise<void> {
    const now = this.#deps.clock.monotonic();
    this.#forget(now);
    const news: { task: Live<Task>; why: WaitingReason }[] = [];
    // Who was never told first: there may be time for one explanation a round only.
    const since = ({ pending }: Waiting) => this.#said.get(pending.task.metadata.uid)?.at ?? 0;
    const waiting = groups.flatMap(each).sort((a, b) => since(a) - since(b));
    for (const { namespace, role, pending } of waiting) {
      const { task, request } = pending;
      if (news.length >= WRITES_A_ROUND) break;
      if (!this.#mayBeNews(task, now)) continue;
      const refused = refusal(task.metadata.uid);
      const key = JSON.stringify([namespace, role, kindOf(pending)]);
      let why = refused === undefined ? this.#known.get(key) : refusedBy(refused, now);
      if (why === undefined) {
        if (this.#deps.clock.monotonic() > now + BUDGET) continue;
        const question = { ...request, framework: builtInId(namespace), role };
        why = { ...waitingReason(await this.#deps.breath.through(ask(question))), at: now };
        this.#known.set(key, why);
      }
      if (this.#isNews(task, why, now)) news.push({ task, why });
    }
    await eachLimited(news, WIDTH, ({ task, why }) => this.say(task, why, signal));
  }

  /** Writes the reason unless the Task has it already. Does not reject for a Task that has changed meanwhile. */
  async say(task: Live<Task>, { reason, message }: WaitingReason, signal: AbortSignal): Promise<void> {
    const { clock, recorder } = this.#deps;
    this.#said.set(task.metadata.uid, { reason, message, at: clock.monotonic() });
    const before = task.status?.conditions;
    const condition = { type: "Placed", status: "False" as const, reason, message };
    const conditions = setCondition(before, condition, timestamp(clock.now()));
    const placed = findCondition(conditions, "Placed");
    if (conditions === before || placed === undefined) return;
    try {
      await this.#applier.conditions(task, [placed], { signal });
      recorder.record(task, { type: "Warning", reason, message: `not placed: ${message}` });
    } catch (error) {
      if (!isNotFound(error) && !isConflict(error)) throw error;
    }
  }

  #forget(now: number): void {
    for (const [key, { at }] of this.#known) if (at + REUSE_FOR < now) this.#known.delete(key);
    for (const [uid, { at }] of this.#said) if (at + 10 * RENEW_AFTER < now) this.#said.delete(uid);
  }

  #mayBeNews(task: Live<Task>, now: number): boolean {
    const said = this.#said.get(task.metadata.uid);
    return said === undefined || said.at + REUSE_FOR <= now;
  }

  #isNews(task: Live<Task>, why: WaitingReason, now: number): boolean {
    const said = this.#said.get(task.metadata.uid);
    if (said === undefined || said.reason !== why.reason) return true;
    return said.message !== why.message && said.at + RENEW_AFTER <= now;
  }
}

interface Waiting extends Pick<PendingGroup, "namespace" | "role"> {
  readonly pending: PendingTask;
}

const each = ({ namespace, role, tasks }: PendingGroup): Waiting[] =>
  tasks.map((pending) => ({ namespace, role, pending }));

const refusedBy = (words: string, at: number): Said => ({
  reason: "Refused",
  message: `the API server refuses to place it: ${words}`,
  at,
});
