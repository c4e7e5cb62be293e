import { randomUUID } from "node:crypto";
import type { Framework } from "../api/framework.ts";
import { frameworkLeaseName } from "../api/group.ts";
import type { Offer } from "../api/offer.ts";
import type { Task } from "../api/task.ts";
import { frameworks, offers, tasks } from "../client/handles.ts";
import { aborted } from "../cluster/aborted.ts";
import { findCondition } from "../cluster/conditions.ts";
import { Connection } from "../cluster/connection.ts";
import { leases } from "../cluster/core.ts";
import { isInvalid, isNotFound } from "../cluster/errors.ts";
import { Heartbeat } from "../cluster/heartbeat.ts";
import { createLogger, type Logger } from "../cluster/logger.ts";
import type { Live } from "../cluster/object.ts";
import { Reflector } from "../cluster/reflector.ts";
import type { Resource } from "../cluster/resource.ts";
import { CallbackError, FrameworkRefusedError, OfferGoneError } from "./errors.ts";
import { OfferStream } from "./offerstream.ts";
import { frameworkFields, type SchedulerDriverOptions } from "./options.ts";
import type {
  Accept,
  Filters,
  InverseOffer,
  OfferedResources,
  Operation,
  Scheduler,
  TaskInfo,
} from "./scheduler.ts";
import { Serial } from "./serial.ts";
import { SpecWriter } from "./specwriter.ts";
import { reconciliation, taskIdOf, unknownTask } from "./updates.ts";
import { UpdateStream } from "./updatestream.ts";

const MANAGER = "mesos-framework-sdk";
const RENEW_MS = 4_000;
const LEASE_MS = 15_000;

type OfferId = string | Pick<OfferedResources, "id">;
type InverseId = string | Pick<InverseOffer, "id">;
const idOf = (offer: OfferId): string => (typeof offer === "string" ? offer : offer.id);

/**
 * Connects a Scheduler to the operator: keeps its Framework object and its Lease, hands it offers and
 * status updates, and carries out what it decides. The counterpart of Mesos's SchedulerDriver.
 * Calls reject with ApiError, ConnectionError or DeadlineError, and OfferGoneError where it is said.
 */
export class SchedulerDriver {
  readonly #scheduler: Scheduler;
  readonly #options: SchedulerDriverOptions;
  readonly #connection: Connection;
  /** The heartbeat's own, so that renewals never wait behind other calls. */
  readonly #heartConnection: Connection;
  readonly #logger: Logger;
  readonly #frameworks: Resource<Framework>;
  readonly #tasks: Resource<Task>;
  readonly #taskCache: Reflector<Task>;
  readonly #offerCache: Reflector<Offer>;
  readonly #offerWriter: SpecWriter<Offer>;
  readonly #taskWriter: SpecWriter<Task>;
  readonly #offerStream: OfferStream;
  readonly #updates: UpdateStream;
  readonly #offerQueue: Serial;
  readonly #inverseQueue: Serial;
  readonly #lifeQueue: Serial;
  readonly #stop = new AbortController();
  /** Resolves when `registered` has returned for the first time. */
  readonly #known = Promise.withResolvers<void>();
  #connected = false;
  #registeredBefore = false;
  #refusal = "";

  /** A driver for the cluster that the options or the environment name; `run` starts it. */
  static async connect(scheduler: Scheduler, options: SchedulerDriverOptions): Promise<SchedulerDriver> {
    const common = {
      userAgent: `mesos-framework/${options.name}`,
      ...(options.kubeconfig === undefined ? {} : { kubeconfig: options.kubeconfig }),
    };
    const connection = await Connection.load({ ...common, ...options.client });
    return new SchedulerDriver(scheduler, options, connection, await Connection.load(common));
  }

  private constructor(
    scheduler: Scheduler,
    options: SchedulerDriverOptions,
    connection: Connection,
    heartConnection: Connection,
  ) {
    this.#scheduler = scheduler;
    this.#options = options;
    this.#connection = connection;
    this.#heartConnection = heartConnection;
    this.#logger = options.logger ?? createLogger({ name: options.name, level: "warn" });
    this.#frameworks = frameworks(this.#connection);
    this.#tasks = tasks(this.#connection);
    const report = (callback: string) => (cause: unknown) => this.#report(new CallbackError(callback, cause));
    this.#offerQueue = new Serial(report("resourceOffers"));
    this.#lifeQueue = new Serial(report("registered"));
    this.#inverseQueue = new Serial(report("inverseOffers"));
    this.#offerStream = new OfferStream({
      offers: (batch) =>
        void this.#offerQueue.run(() => this.#whenKnown(() => this.#scheduler.resourceOffers(this, batch))),
      rescinded: (id) => void this.#offerQueue.run(() => this.#scheduler.offerRescinded?.(this, id)),
      inverse: (batch) =>
        void this.#inverseQueue.run(() =>
          this.#whenKnown(() => this.#scheduler.inverseOffers?.(this, batch)),
        ),
      inverseRescinded: (id) =>
        void this.#inverseQueue.run(() => this.#scheduler.inverseOfferRescinded?.(this, id)),
      operations: (id, results) =>
        void this.#offerQueue.run(() => this.#scheduler.offerOperations?.(this, id, results)),
    });
    const mirrored = { ...this.#selection(), logger: this.#logger };
    const offerClient = offers(this.#connection);
    this.#offerCache = new Reflector(offerClient, mirrored);
    this.#offerWriter = new SpecWriter(offerClient, this.#offerCache.store);
    this.#taskCache = new Reflector(this.#tasks, mirrored);
    this.#taskWriter = new SpecWriter(this.#tasks, this.#taskCache.store);
    this.#updates = new UpdateStream({
      deliver: (update) => this.#scheduler.statusUpdate?.(this, update),
      acknowledge: (name, uuid) => this.#acknowledge(name, uuid),
      implicit: options.implicitAcknowledgements ?? true,
      onError: (cause) => this.#report(new CallbackError("statusUpdate", cause)),
      signal: this.#stop.signal,
    });
  }

  get namespace(): string {
    return this.#options.namespace ?? this.#connection.namespace;
  }

  get connected(): boolean {
    return this.#connected;
  }

  /** Runs until `stop` is called or the signal aborts. Rejects when the Framework object cannot be written. */
  async run(signal?: AbortSignal): Promise<void> {
    signal?.addEventListener("abort", () => this.#stop.abort(), { once: true });
    const stopped = this.#stop.signal;
    const framework = await this.#frameworks.apply(
      { name: this.#options.name, namespace: this.namespace },
      frameworkFields(this.#options, this.namespace),
      { fieldManager: MANAGER, force: true },
    );
    const own = new Reflector(this.#frameworks, {
      namespace: this.namespace,
      fieldSelector: `metadata.name=${this.#options.name}`,
      logger: this.#logger,
    });
    own.onChange((change) => this.#observe(change.type === "deleted" ? undefined : change.object));
    this.#offerStream.attach(this.#offerCache);
    this.#updates.attach(this.#taskCache);
    const running = [own.run(stopped), this.#offerCache.run(stopped), this.#taskCache.run(stopped)];
    await Promise.all([...running, this.#heartbeat(framework).run(stopped)]);
    const queues = [this.#offerQueue, this.#inverseQueue, this.#lifeQueue, this.#updates];
    await Promise.all(queues.map((queue) => queue.idle()));
    this.#connection.close();
    this.#heartConnection.close();
  }

  /** Ends `run`. The tasks go on; a driver with the same name takes over within `failoverTimeout`. */
  stop(): void {
    this.#stop.abort();
  }

  /** Uses offers of one agent and one role; what the operations leave is declined under the filters. */
  async accept(
    offers: OfferId | readonly OfferId[],
    operations: Operation[],
    filters?: Filters,
  ): Promise<void> {
    const [first, ...others] = (Array.isArray(offers) ? offers : [offers]).map(idOf);
    if (first === undefined) throw new RangeError("accept needs at least one offer");
    const accept: Accept = { operations, ...(others.length > 0 ? { otherOffers: others } : {}) };
    await this.#respond(first, { accept: filters === undefined ? accept : { ...accept, filters } });
    for (const other of others) this.#offerStream.answered(other);
  }

  /** Launches tasks on an offer: `accept` with one LAUNCH. */
  launch(offers: OfferId | readonly OfferId[], tasks: TaskInfo[], filters?: Filters): Promise<void> {
    return this.accept(offers, [{ type: "LAUNCH", launch: { tasks } }], filters);
  }

  /** Gives an offer back; `refuse` (5s by default) is how long it shall not come again. */
  decline(offer: OfferId, filters?: Filters): Promise<void> {
    return this.#respond(idOf(offer), { decline: filters === undefined ? {} : { filters } });
  }

  /**
   * Agrees to the maintenance: the framework leaves the agent by then, as well as it can. It is not asked again about this window,
   * unless it revives or names a time (`refuse`). Rejects with OfferGoneError for the first that is void, once all were tried.
   */
  acceptInverseOffers(offers: InverseId | readonly InverseId[], filters?: Filters): Promise<void> {
    return this.#answerEach(offers, { accept: filters === undefined ? {} : { filters } });
  }

  /** Objects to the maintenance; asked again after `refuse` (5s by default). Rejects as acceptInverseOffers does. */
  declineInverseOffers(offers: InverseId | readonly InverseId[], filters?: Filters): Promise<void> {
    return this.#answerEach(offers, { decline: filters === undefined ? {} : { filters } });
  }

  /** Asks to be offered again what was declined, and for offers of suppressed roles. */
  async revive(roles: readonly string[] = []): Promise<void> {
    const spec = {
      revive: { id: randomUUID(), roles },
      suppressedRoles: await this.#suppressedWithout(roles),
    };
    await this.#patchFramework(spec);
  }

  /** No offers for these roles (all when empty) until `revive`. */
  async suppress(roles: readonly string[] = []): Promise<void> {
    await this.#patchFramework({ suppressedRoles: roles.length > 0 ? roles : this.#options.roles });
  }

  /** Kills a task by its object's name. Its end comes as a status update. */
  async kill(name: string, gracePeriod?: string): Promise<void> {
    const kill = gracePeriod === undefined ? {} : { gracePeriod };
    await this.#tasks.mergePatch(
      { name, namespace: this.namespace },
      { spec: { kill } },
      { fieldManager: MANAGER },
    );
  }

  /** Acknowledges an update and those before it; only with `implicitAcknowledgements: false`. */
  acknowledge(name: string, uuid: string): Promise<void> {
    return this.#acknowledge(name, uuid);
  }

  /** Asks for the latest state of these tasks (Mesos ids), or of all that have not ended when empty. */
  async reconcile(taskIds: readonly string[] = []): Promise<void> {
    const { items } = await this.#tasks.list(this.#selection());
    const now = new Date();
    const known = new Map(items.map((task) => [taskIdOf(task), task]));
    const asked = taskIds.length > 0 ? taskIds : [...known.keys()];
    for (const id of asked) {
      const task = known.get(id);
      const answer = task === undefined ? unknownTask(id, "TASK_UNKNOWN", now) : reconciliation(task, now);
      await this.#scheduler.statusUpdate?.(this, answer);
    }
  }

  /** Deletes the Framework: its offers are rescinded and its tasks are killed. Ends `run`. */
  async teardown(): Promise<void> {
    await this.#frameworks.delete({ name: this.#options.name, namespace: this.namespace });
    this.stop();
  }

  #selection(): { namespace: string; fieldSelector: string } {
    return { namespace: this.namespace, fieldSelector: `spec.framework=${this.#options.name}` };
  }

  #heartbeat(framework: Live<Framework>): Heartbeat {
    const { name, uid } = framework.metadata;
    return new Heartbeat(leases(this.#heartConnection), {
      namespace: this.namespace,
      name: frameworkLeaseName(name),
      identity: `${name}-${randomUUID()}`,
      interval: RENEW_MS,
      duration: LEASE_MS,
      ownerReferences: [{ apiVersion: framework.apiVersion, kind: framework.kind, name, uid }],
      logger: this.#logger,
    });
  }

  #observe(framework: Live<Framework> | undefined): void {
    const ready = findCondition(framework?.status?.conditions, "Ready");
    const refusal = ready?.status === "False" && framework?.status?.connected === true ? ready.message : "";
    if (refusal !== "" && refusal !== this.#refusal) this.#report(new FrameworkRefusedError(refusal));
    this.#refusal = refusal;
    const connected = framework?.status?.connected ?? false;
    if (connected === this.#connected) return;
    this.#connected = connected;
    const id = framework?.metadata.uid ?? "";
    if (!connected) {
      this.#offerStream.forget();
      const reason =
        framework === undefined ? "the Framework was deleted" : "the operator sees no heartbeats";
      void this.#lifeQueue.run(() => this.#scheduler.disconnected?.(this, reason));
      return;
    }
    const again = this.#registeredBefore;
    this.#registeredBefore = true;
    void this.#lifeQueue.run(() =>
      again ? this.#scheduler.reregistered?.(this, id) : this.#scheduler.registered?.(this, id),
    );
    void this.#lifeQueue.idle().then(this.#known.resolve);
  }

  /** Not before `registered`: who finds its tasks again there would launch them a second time. */
  async #whenKnown(hand: () => void | Promise<void>): Promise<void> {
    await Promise.race([this.#known.promise, aborted(this.#stop.signal)]);
    if (!this.#stop.signal.aborted) await hand();
  }

  async #respond(id: string, response: object): Promise<void> {
    this.#offerStream.answered(id);
    try {
      await this.#offerWriter.write({ name: id, namespace: this.namespace }, { response }, MANAGER);
    } catch (cause) {
      if (isNotFound(cause)) throw new OfferGoneError(id, { cause });
      if (isInvalid(cause) && /no longer outstanding|immutable/.test(String(cause)))
        throw new OfferGoneError(id, { cause });
      throw cause;
    }
  }

  async #answerEach(offers: InverseId | readonly InverseId[], response: object): Promise<void> {
    const ids = (Array.isArray(offers) ? offers : [offers]).map(idOf);
    const results = await Promise.allSettled(ids.map((id) => this.#respond(id, response)));
    for (const result of results) if (result.status === "rejected") throw result.reason;
  }

  async #suppressedWithout(roles: readonly string[]): Promise<readonly string[]> {
    if (roles.length === 0) return [];
    const framework = await this.#frameworks.get({ name: this.#options.name, namespace: this.namespace });
    return (framework.spec.suppressedRoles ?? []).filter((role) => !roles.includes(role));
  }

  async #patchFramework(spec: object): Promise<void> {
    await this.#frameworks.mergePatch(
      { name: this.#options.name, namespace: this.namespace },
      { spec },
      { fieldManager: `${MANAGER}-calls` },
    );
  }

  async #acknowledge(name: string, uuid: string): Promise<void> {
    try {
      const task = { name, namespace: this.namespace };
      await this.#taskWriter.write(task, { acknowledged: uuid }, `${MANAGER}-acknowledge`);
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  #report(error: Error): void {
    this.#logger.error({ err: error }, error.message);
    this.#scheduler.error?.(this, error);
  }
}
