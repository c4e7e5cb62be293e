import { type Framework, mesosFrameworkId } from "../../api/framework.ts";
import type { Offer, OfferResponse } from "../../api/offer.ts";
import type { Task } from "../../api/task.ts";
import { isConflict } from "../../cluster/errors.ts";
import { keyOf, type Live } from "../../cluster/object.ts";
import type { Timer } from "../../cluster/time.ts";
import { frameworkKey } from "../../controllers/caches.ts";
import type { Dependencies } from "../../controllers/dependencies.ts";
import { domainOf } from "../../controllers/node/attributes.ts";
import { type Closing, closeOffer } from "../../controllers/offer/closer.ts";
import type { OfferStream, PreparedOffer } from "../../controllers/offer/streams.ts";
import type { Scheduling } from "../../controllers/world/scheduling.ts";
import { traits } from "../../convert/framework.ts";
import { type FrameworkTraits, inverseOfferMessage, offerMessage } from "../../convert/offer.ts";
import { updateStatus } from "../../convert/status.ts";
import { enumName } from "../../wire/enums.ts";
import type { MasterInfo, TaskStatus } from "../../wire/gen/mesos/v1/mesos_pb.ts";
import { Event_Type, Event_TypeSchema } from "../../wire/gen/mesos/v1/scheduler/scheduler_pb.ts";
import type { ExecutorMessages } from "../executors/messages.ts";
import type { GatewayMetrics } from "../metrics.ts";
import type { EventInit, EventStream } from "../server/eventstream.ts";
import { Deadlines } from "./deadlines.ts";
import type { Feedback } from "./feedback.ts";
import { InverseOffers } from "./inverse.ts";
import { persist } from "./persist.ts";
import { Updates } from "./updates.ts";

/** Field manager of answers to inverse offers. */
const ANSWER_MANAGER = "mesos-gateway";
/** Field manager of Task.spec.acknowledged. */
const ACKNOWLEDGE_MANAGER = "mesos-gateway-acknowledge";

export interface SessionContext {
  readonly deps: Dependencies;
  readonly scheduling: Scheduling;
  readonly signal: AbortSignal;
  /** Milliseconds between heartbeats. */
  readonly heartbeat: number;
  readonly metrics: GatewayMetrics;
  readonly messages: Pick<ExecutorMessages, "send">;
  readonly master?: MasterInfo;
}

/** One subscription of one framework: all that is told on its stream, and nothing that outlives it. */
export class Session implements OfferStream<Uint8Array> {
  readonly id: string;
  /** "namespace/name". */
  readonly key: string;
  readonly stream: EventStream;
  readonly feedback: Feedback;
  readonly #context: SessionContext;
  readonly #updates: Updates;
  readonly #expiries: Deadlines<Live<Offer>>;
  readonly #inverse = new InverseOffers();
  #traits: FrameworkTraits;
  #framework: Live<Framework>;
  #heartbeat: Timer | undefined;

  constructor(context: SessionContext, framework: Live<Framework>, stream: EventStream, feedback: Feedback) {
    this.#context = context;
    this.#framework = framework;
    this.id = mesosFrameworkId(framework);
    this.key = keyOf(framework.metadata);
    this.stream = stream;
    this.feedback = feedback;
    this.#traits = traits(framework, this.id);
    this.#expiries = new Deadlines(context.deps.clock, context.deps.breath, (offer) => this.#expire(offer));
    this.#updates = new Updates({
      clock: context.deps.clock,
      send: (task, update) => this.update(updateStatus(task, update, this.#traits.partitionAware)),
      acknowledge: (task, uuid) => void this.#acknowledge(task, uuid),
    });
  }

  get framework(): Live<Framework> {
    return this.#framework;
  }

  get traits(): FrameworkTraits {
    return this.#traits;
  }

  /** The framework as it is by now. */
  changed(framework: Live<Framework>): void {
    this.#framework = framework;
    this.#traits = traits(framework, this.id);
  }

  /** SUBSCRIBED, heartbeats, and from then on offers and updates. */
  start(): void {
    const { deps, heartbeat, master: masterInfo } = this.#context;
    const subscribed = {
      frameworkId: { value: this.id },
      heartbeatIntervalSeconds: heartbeat / 1000,
      ...(masterInfo && { masterInfo }),
    };
    this.tell({ type: Event_Type.SUBSCRIBED, subscribed });
    this.#beat();
    this.feedback.connect((status) =>
      this.tell({ type: Event_Type.UPDATE_OPERATION_STATUS, updateOperationStatus: { status } }),
    );
    deps.offerStreams.attach(this.key, this);
    for (const task of deps.caches.tasks.store.by("framework", this.key)) this.#updates.observe(task);
    for (const offer of deps.caches.offers.store.by("framework", this.key)) this.observeInverse(offer);
  }

  /** The framework is away: offers go to who has taken its place, or are taken back. The stream is left as it is. */
  stop(): void {
    this.silence();
    this.#context.deps.offerStreams.detach(this.key, this);
  }

  /** Nothing is told any more; that the framework is away is not said. */
  silence(): void {
    this.#heartbeat?.cancel();
    this.#expiries.stop();
    this.#updates.stop();
    this.feedback.disconnect();
  }

  tell(event: EventInit): void {
    this.#told(event.type ?? 0, this.stream.send(event));
  }

  #told(type: Event_Type, sent: boolean): void {
    if (sent) this.#context.metrics.events.inc({ type: enumName(Event_TypeSchema, type) });
  }

  update(status: TaskStatus): void {
    this.tell({ type: Event_Type.UPDATE, update: { status } });
  }

  /** ERROR, after which nothing comes. */
  fail(message: string): void {
    this.tell({ type: Event_Type.ERROR, error: { message } });
    this.stream.end();
  }

  observe(task: Live<Task>): void {
    this.#updates.observe(task);
  }

  /** An inverse offer to this framework, as it is now, or was when it went. */
  observeInverse(offer: Live<Offer>, gone = false): void {
    const news = this.#inverse.observe(offer, gone);
    if (news === "offered") {
      const inverseOffers = [inverseOfferMessage(offer, this.#traits)];
      this.tell({ type: Event_Type.INVERSE_OFFERS, inverseOffers: { inverseOffers } });
    } else if (news === "rescinded") {
      const inverseOfferId = { value: offer.metadata.name };
      this.tell({ type: Event_Type.RESCIND_INVERSE_OFFER, rescindInverseOffer: { inverseOfferId } });
    }
  }

  /** Writes the framework's answer into the Offer object, from which the maintenance controller takes it. */
  answerInverse(id: string, response: OfferResponse): void {
    const { deps, signal } = this.#context;
    const offer = this.#inverse.answer(id);
    if (offer === undefined) return;
    const { metadata } = offer;
    const patch = { metadata: { uid: metadata.uid }, spec: { response } };
    void persist(deps, "an answer to an inverse offer", signal, () =>
      deps.clients.offers.mergePatch(metadata, patch, { fieldManager: ANSWER_MANAGER, signal }),
    );
  }

  forget(task: Live<Task>): void {
    this.#updates.forget(task);
  }

  acknowledge(taskId: string, uuid: string): boolean {
    return this.#updates.acknowledge(taskId, uuid);
  }

  prepare(offer: Live<Offer>): PreparedOffer<Uint8Array> {
    const { caches } = this.#context.deps;
    const { agent } = offer.spec;
    const known = caches.agents.store.get(agent);
    const { region, zone } = known === undefined ? {} : domainOf(known, caches.nodes.store.get(agent));
    const ip = known?.status?.addresses?.[0];
    const executorIds = caches.executors.store
      .by("liveAgent", agent)
      .filter((executor) => frameworkKey(executor) === this.key)
      .map(({ spec }) => spec.executorId);
    const message = offerMessage(offer, this.#traits, { region, zone, ip, executorIds });
    return { offer, told: this.stream.encodeOffer(message) };
  }

  offered(offers: readonly PreparedOffer<Uint8Array>[]): void {
    for (const { offer } of offers) {
      this.#expiries.add(offer.metadata.name, offer, Date.parse(offer.spec.expiresAt));
    }
    this.#count();
    this.#told(Event_Type.OFFERS, this.stream.sendOffers(offers.map(({ told }) => told)));
  }

  closed(offer: Live<Offer>, closing: Closing): void {
    const { name } = offer.metadata;
    this.answered(name);
    if (closing.state === "Rescinded" || closing.state === "Expired") {
      this.tell({ type: Event_Type.RESCIND, rescind: { offerId: { value: name } } });
    }
  }

  /** The framework has answered an offer: it does not expire any more. */
  answered(offer: string): void {
    this.#expiries.delete(offer);
    this.#count();
  }

  #count(): void {
    const { offersOutstanding } = this.#context.deps.metrics;
    offersOutstanding.set({ framework: this.key }, this.#expiries.size);
  }

  #expire(offer: Live<Offer>): void {
    const { deps, scheduling, signal } = this.#context;
    const closing = { state: "Expired" as const, reason: "Expired", message: "not answered in time" };
    closeOffer(deps, scheduling, offer, closing, signal).catch((error: unknown) => {
      // Answered or taken back meanwhile.
      if (!isConflict(error)) deps.logger.error({ err: error }, "an offer did not expire");
    });
  }

  #beat(): void {
    const { deps, heartbeat } = this.#context;
    this.#heartbeat = deps.clock.setTimeout(() => {
      this.tell({ type: Event_Type.HEARTBEAT });
      if (this.stream.open) this.#beat();
    }, heartbeat);
  }

  /** Tries until it is written: the framework will not say it again. */
  async #acknowledge({ metadata }: Live<Task>, uuid: string): Promise<boolean> {
    const { deps, signal } = this.#context;
    const work = () =>
      deps.clients.tasks.mergePatch(
        metadata,
        { metadata: { uid: metadata.uid }, spec: { acknowledged: uuid } },
        { fieldManager: ACKNOWLEDGE_MANAGER, signal },
      );
    return persist(deps, "an acknowledgement", signal, work);
  }
}
