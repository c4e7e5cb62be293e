import type { PlannedOffer } from "../../allocator/index.ts";
import { TASK_FINALIZER } from "../../api/group.ts";
import type { Offer } from "../../api/offer.ts";
import {
  ApiError,
  isAlreadyExists,
  isConflict,
  isForbidden,
  isInvalid,
  isNotFound,
} from "../../cluster/errors.ts";
import type { Live } from "../../cluster/object.ts";
import { formatResources, toSpec } from "../../resources/index.ts";
import { frameworkKey, isOutstanding } from "../caches.ts";
import type { Dependencies } from "../dependencies.ts";
import { eachLimited } from "../limited.ts";
import type { Scheduling } from "../world/scheduling.ts";
import { offerObject } from "./offerobject.ts";
import type { Binding, Plan } from "./plan.ts";
import { revocableNow } from "./revocable.ts";
import { streamOffers } from "./streamed.ts";

/** Writes at a time; the connection's own limits come on top. */
const WIDTH = 32;
const MANAGER = "mesos-operator";
/** Milliseconds for which nothing more is tried for whom the API server refuses a write; doubled each time. */
const FIRST_REST = 1_000;
const LONGEST_REST = 60_000;

interface Rest {
  readonly until: number;
  readonly length: number;
  readonly message: string;
}

/** Carries out plans. What was written counts as done at once; what was not is planned anew from what is there. */
export class PlanWriter {
  readonly #deps: Dependencies;
  readonly #scheduling: Scheduling;
  readonly #rests = new Map<string, Rest>();

  constructor(deps: Dependencies, scheduling: Scheduling) {
    this.#deps = deps;
    this.#scheduling = scheduling;
  }

  /** Why a framework's offers ("namespace/name") or a task (its uid) rest now: the API server's words. */
  refusal(id: string): string | undefined {
    const rest = this.#rests.get(id);
    return rest !== undefined && rest.until > this.#deps.clock.monotonic() ? rest.message : undefined;
  }

  /** Tasks first: they wait for nobody's answer. Answers with how many writes failed. */
  async write(plan: Plan, signal: AbortSignal): Promise<number> {
    let failed = 0;
    const attempt = (work: Promise<boolean>) =>
      work.then((done) => {
        if (!done) failed++;
      });
    await eachLimited(plan.bindings, WIDTH, (binding) => attempt(this.#bind(binding, signal)));
    const revocable = await revocableNow(this.#deps, this.#scheduling, plan);
    const written = await streamOffers(this.#deps, this.#scheduling, plan.offers, revocable);
    await eachLimited(written, WIDTH, (planned) =>
      attempt(this.#offer(planned, revocable.has(planned), signal)),
    );
    return failed;
  }

  async #bind({ pending, agent, resources }: Binding, signal: AbortSignal): Promise<boolean> {
    const { task, request } = pending;
    const { clients, logger, metrics } = this.#deps;
    const { resourceVersion, uid, finalizers = [] } = task.metadata;
    const allocated = resources.equals(request.resources) ? {} : { allocated: toSpec(resources) };
    const kept = finalizers.includes(TASK_FINALIZER) ? finalizers : [...finalizers, TASK_FINALIZER];
    try {
      const bound = await clients.tasks.mergePatch(
        task.metadata,
        { metadata: { uid, resourceVersion, finalizers: kept }, spec: { agent, ...allocated } },
        { fieldManager: MANAGER, signal },
      );
      this.#rests.delete(uid);
      this.#scheduling.assumed.tasks.assume(bound);
      metrics.tasksLaunched.inc({ framework: frameworkKey(bound) });
      logger.info({ task: request.id, agent, resources: formatResources(resources) }, "placed a task");
      return true;
    } catch (error) {
      if (isConflict(error) || isNotFound(error)) return false;
      this.#failed(uid, error, signal, { task: request.id, agent });
      return false;
    }
  }

  async #offer(planned: PlannedOffer, revocable: boolean, signal: AbortSignal): Promise<boolean> {
    const state = this.#scheduling.views.get(planned.agent)?.state;
    const { caches, clients, clock, config } = this.#deps;
    const framework = caches.frameworks.store.get(planned.framework);
    const agent = caches.agents.store.get(planned.agent);
    if (framework === undefined || agent === undefined || state === undefined) return false;
    const known = this.#scheduling.assumed.offers.with(
      caches.offers.store.by("agent", planned.agent),
      ({ spec }) => spec.agent === planned.agent,
      { agent: planned.agent },
    );
    const object = offerObject(planned, {
      framework,
      agent,
      state,
      knownOffers: known.map(({ metadata }) => metadata.uid),
      now: clock.now(),
      defaultTimeout: config.offers.timeout,
      revocable,
    });
    try {
      const made = await clients.offers
        .create(object, { fieldManager: MANAGER, signal })
        .catch((error: unknown) => this.#existing(object, error, signal));
      if (made === undefined) return false;
      this.#rests.delete(planned.framework);
      this.#scheduling.assumed.offers.assume(made);
      return true;
    } catch (error) {
      this.#failed(planned.framework, error, signal, { framework: planned.framework, agent: planned.agent });
      const rest = this.#rests.get(planned.framework);
      if (rest !== undefined) this.#scheduling.mirror.rest(planned.framework, rest.until);
      return false;
    }
  }

  /** The Offer that an earlier try has made although no answer came; undefined if it is another's or closed by now. */
  async #existing(object: Offer, error: unknown, signal: AbortSignal): Promise<Live<Offer> | undefined> {
    if (!isAlreadyExists(error)) throw error;
    const found = await this.#deps.clients.offers.get(object.metadata, { signal });
    const owner = found.metadata.ownerReferences?.[0]?.uid;
    this.#scheduling.assumed.offers.assume(found);
    return isOutstanding(found) && owner === object.metadata.ownerReferences?.[0]?.uid ? found : undefined;
  }

  #failed(id: string, error: unknown, signal: AbortSignal, what: object): void {
    if (signal.aborted) return;
    const { clock, logger } = this.#deps;
    logger.warn({ err: error, ...what }, "a decision could not be written");
    // Of what is no answer, or an overloaded server's, the next round tries again.
    if (!(isForbidden(error) || isInvalid(error) || isNotFound(error) || isAlreadyExists(error))) return;
    const length = Math.min(LONGEST_REST, (this.#rests.get(id)?.length ?? FIRST_REST / 2) * 2);
    const message = error instanceof ApiError ? (error.status.message ?? error.message) : String(error);
    this.#rests.set(id, { until: clock.monotonic() + length, length, message });
  }

  /** Forgets rests that have long been over. */
  sweep(): void {
    const limit = this.#deps.clock.monotonic() - LONGEST_REST;
    for (const [id, { until }] of this.#rests) if (until < limit) this.#rests.delete(id);
  }
}
