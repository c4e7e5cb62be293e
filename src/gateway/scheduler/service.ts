import { type Executor, executorHasEnded } from "../../api/executor.ts";
import type { Framework, OperationRecord } from "../../api/framework.ts";
import { agentLeaseName } from "../../api/group.ts";
import type { Principal } from "../../auth/authenticator.ts";
import type { Authorizer } from "../../auth/authorizer.ts";
import { aborted } from "../../cluster/aborted.ts";
import type { Breath } from "../../cluster/breath.ts";
import { isTransient } from "../../cluster/errors.ts";
import { keyOf, type Live } from "../../cluster/object.ts";
import { sleep } from "../../cluster/time.ts";
import { frameworkKey, isUnanswered } from "../../controllers/caches.ts";
import type { Dependencies, Runnable } from "../../controllers/dependencies.ts";
import { offerFramework } from "../../controllers/world/agentview.ts";
import type { Scheduling } from "../../controllers/world/scheduling.ts";
import type { Wishes } from "../../convert/framework.ts";
import { enumName } from "../../wire/enums.ts";
import type { ExecutorMessage } from "../../wire/executormessage.ts";
import type { MasterInfo } from "../../wire/gen/mesos/v1/mesos_pb.ts";
import {
  type Call,
  Call_Type,
  Call_TypeSchema,
  Event_Type,
} from "../../wire/gen/mesos/v1/scheduler/scheduler_pb.ts";
import { ExecutorMessages, type MessagesOptions } from "../executors/messages.ts";
import type { GatewayMetrics } from "../metrics.ts";
import type { EventStream } from "../server/eventstream.ts";
import { Acceptor } from "./acceptor.ts";
import { Calls } from "./calls.ts";
import { Demand } from "./demand.ts";
import { Feedback } from "./feedback.ts";
import { type Attempt, Frameworks, firstAttempt } from "./frameworks.ts";
import { insist, persist } from "./persist.ts";
import { Session, type SessionContext } from "./session.ts";
import { type Admission, admit, Refusal, revise } from "./subscription.ts";

/** Field manager of Framework.status.operations. */
const FEEDBACK_MANAGER = "mesos-gateway-feedback";

/** Mesos's agent_reregister_timeout: how long after a change of the leader its frameworks may take to come back. Milliseconds. */
const FORGIVEN_FOR = 600_000;
/** Milliseconds in which a SUBSCRIBE is tried again while the API server does not answer. */
const SUBSCRIBE_PATIENCE = 10_000;

export interface ServiceOptions {
  /** Milliseconds between heartbeats. */
  readonly heartbeat: number;
  readonly namespace: string;
  readonly authorizer: Authorizer;
  readonly metrics: GatewayMetrics;
  /** File of the token for agents, and how their API is reached. */
  readonly agents: Pick<MessagesOptions, "token" | "tls"> & { readonly port: number };
  /** This replica, as subscribers are told; absent: it does not know its address. */
  readonly master?: MasterInfo;
}

/** What the leader does for frameworks that speak the Mesos scheduler API. One a term of leadership. */
export class SchedulerService implements Runnable {
  readonly name = "gateway";
  readonly breath: Breath;
  readonly frameworks: Frameworks;
  readonly #deps: Dependencies;
  readonly #context: SessionContext;
  readonly #admission: Admission;
  readonly #calls: Calls;
  readonly #demand: Demand;
  readonly #metrics: GatewayMetrics;
  readonly #messages: ExecutorMessages;
  readonly #stop = new AbortController();
  /** By framework: "namespace/name". */
  readonly #sessions = new Map<string, Session>();
  readonly #feedback = new Map<string, Feedback>();
  /** SUBSCRIBEs of one id, one after the other. */
  readonly #subscribing = new Map<string, Promise<void>>();

  constructor(deps: Dependencies, scheduling: Scheduling, options: ServiceOptions) {
    const { heartbeat, namespace, authorizer, metrics, master, agents } = options;
    this.#metrics = metrics;
    this.#deps = deps;
    this.breath = deps.breath.in("calls");
    this.frameworks = new Frameworks(deps);
    this.#admission = { deps, frameworks: this.frameworks, authorizer, namespace };
    this.#messages = new ExecutorMessages({
      token: agents.token,
      tls: agents.tls,
      address: (agent) => {
        const ip = deps.caches.agents.store.get(agent)?.status?.addresses?.[0];
        return ip && `${ip.includes(":") ? `[${ip}]` : ip}:${agents.port}`;
      },
      onMessage: (agent, message) => this.#heard(agent, message),
      clock: deps.clock,
      logger: deps.logger,
    });
    this.#context = {
      messages: this.#messages,
      deps: { ...deps, breath: this.breath },
      scheduling,
      heartbeat,
      metrics,
      signal: this.#stop.signal,
      ...(master && { master }),
    };
    this.#demand = new Demand(this.#context, this.frameworks);
    this.#calls = new Calls(this.#context, new Acceptor(this.#context), this.#demand);
    deps.offerStreams.serve(deps.clock.now() + FORGIVEN_FOR);
  }

  get subscribers(): number {
    return this.#sessions.size;
  }

  async run(signal: AbortSignal): Promise<void> {
    const stops = this.#listen();
    await aborted(signal);
    // Who is still connected finds the next leader, which knows nothing of these streams.
    this.#stop.abort();
    this.#messages.follow(new Set());
    for (const stop of stops) stop();
    // That their streams end is this leader's doing: no failover_timeout begins with it.
    const sessions = [...this.#sessions.values()];
    this.#sessions.clear();
    for (const session of sessions) {
      session.silence();
      session.stream.end();
    }
    for (const feedback of this.#feedback.values()) feedback.stop();
    this.frameworks.close();
  }

  session(framework: Live<Framework>): Session | undefined {
    return this.#sessions.get(keyOf(framework.metadata));
  }

  /**
   * Answers on the stream: SUBSCRIBED and what follows, or one ERROR. To schedulers an ERROR is final (Mesos: SchedulerProcess::error aborts
   * the driver): where the API server is away, the stream ends without a word, and they subscribe again. Never rejects.
   */
  async subscribe(stream: EventStream, wishes: Wishes, principal: Principal | undefined): Promise<void> {
    const id = wishes.info.id?.value ?? "";
    if (id === "") return this.#subscribe(stream, wishes, principal);
    const before = this.#subscribing.get(id) ?? Promise.resolve();
    const now = before.then(() => this.#subscribe(stream, wishes, principal));
    this.#subscribing.set(id, now);
    await now;
    if (this.#subscribing.get(id) === now) this.#subscribing.delete(id);
  }

  async #subscribe(stream: EventStream, wishes: Wishes, principal: Principal | undefined): Promise<void> {
    const { clock } = this.#deps;
    const attempt = firstAttempt(wishes);
    const left = new AbortController();
    void stream.closed.then(() => left.abort());
    const signal = AbortSignal.any([this.#stop.signal, left.signal]);
    try {
      await this.#demanded(wishes.info.id?.value ?? "", signal);
      const { framework, made } = await insist(clock, SUBSCRIBE_PATIENCE, signal, () =>
        admit(this.#admission, wishes, principal, attempt),
      );
      if (!signal.aborted) this.#connect(framework, stream);
      else if (made) this.frameworks.abandon(attempt);
    } catch (error) {
      this.#refuse(stream, wishes, attempt, error);
    }
  }

  /** A SUPPRESS that is still being written must not undo what a SUBSCRIBE after it says. */
  async #demanded(id: string, signal: AbortSignal): Promise<void> {
    const framework = this.frameworks.find(id);
    if (framework === undefined) return;
    const done = new AbortController();
    const patience = sleep(this.#deps.clock, SUBSCRIBE_PATIENCE, AbortSignal.any([signal, done.signal]));
    const written = this.#demand.written(keyOf(framework.metadata)).finally(() => done.abort());
    await Promise.race([written, patience]).catch(() => {});
  }

  #refuse(stream: EventStream, { info }: Wishes, attempt: Attempt, error: unknown): void {
    const { logger } = this.#deps;
    const message = error instanceof Error ? error.message : String(error);
    this.frameworks.abandon(attempt);
    if (isTransient(error)) {
      logger.warn({ err: error, framework: info.name }, "cannot take a subscription now");
    } else {
      if (!(error instanceof Refusal)) logger.error({ err: error }, "a subscription failed");
      logger.info({ framework: info.name, message }, "refuses a subscription");
      stream.send({ type: Event_Type.ERROR, error: { message } });
    }
    stream.end();
  }

  #connect(framework: Live<Framework>, stream: EventStream): void {
    const key = keyOf(framework.metadata);
    const { logger } = this.#deps;
    const before = this.#sessions.get(key);
    if (before !== undefined) {
      before.fail("Framework failed over");
      this.#disconnect(before);
    }
    const feedback = this.#feedback.get(key) ?? this.#feedbackOf(framework);
    this.#feedback.set(key, feedback);
    const session = new Session(this.#context, framework, stream, feedback);
    this.#sessions.set(key, session);
    this.#metrics.subscribers.set(this.#sessions.size);
    session.start();
    this.#follow();
    logger.info({ framework: key, id: session.id, failover: before !== undefined }, "a framework subscribed");
    this.#deps.requestAllocation("Subscribed");
    void stream.closed.then((how) => {
      this.#metrics.streamsEnded.inc({ how });
      if (this.#sessions.get(key) !== session) return;
      logger.info({ framework: key, how }, "a framework's stream ended");
      this.#disconnect(session);
      // Mesos: HierarchicalAllocatorProcess::deactivateFramework.
      this.#context.scheduling.filters.revive(key, []);
    });
  }

  #feedbackOf({ metadata, status }: Live<Framework>): Feedback {
    const { clients, clock } = this.#deps;
    const { signal } = this.#stop;
    const options = { fieldManager: FEEDBACK_MANAGER, subresource: "status", signal };
    const record = (operations: readonly OperationRecord[]) =>
      persist(this.#deps, "feedback of operations", signal, () => {
        const patch = { metadata: { uid: metadata.uid }, status: { operations } };
        return clients.frameworks.mergePatch(metadata, patch, options);
      });
    return new Feedback({ clock, recorded: status?.operations ?? [], record });
  }

  /** Its offers are nobody's any more; failover_timeout runs, as the framework controller sees to. */
  #disconnect(session: Session): void {
    session.stop();
    if (this.#sessions.get(session.key) === session) this.#sessions.delete(session.key);
    this.#metrics.subscribers.set(this.#sessions.size);
    const { offers } = this.#context.scheduling.assumed;
    const open = [...offers.streamed({ framework: session.key })];
    for (const offer of open) if (isUnanswered(offer)) offers.close(offer);
  }

  /** False: a call of a type that is not known here. TEARDOWN and what Calls knows. */
  async perform(session: Session, call: Call): Promise<boolean> {
    this.#metrics.calls.inc({ type: enumName(Call_TypeSchema, call.type) });
    if (call.type !== Call_Type.TEARDOWN) return this.#calls.perform(session, call);
    this.#end(session, undefined);
    void persist(this.#deps, "a teardown", this.#stop.signal, () =>
      this.frameworks.remove(session.framework),
    );
    return true;
  }

  /** The end of any framework, by somebody else's will. Rejects with ApiError. */
  async teardown(framework: Live<Framework>): Promise<void> {
    const session = this.session(framework);
    await this.frameworks.remove(framework);
    if (session !== undefined) this.#end(session, "Framework has been removed");
  }

  /** UPDATE_FRAMEWORK. Rejects with Refusal. */
  async update(session: Session, wishes: Wishes, principal: Principal | undefined): Promise<void> {
    session.changed(await revise(this.#admission, session.framework, wishes, principal));
  }

  #end(session: Session, error: string | undefined): void {
    if (error === undefined) session.stream.end();
    else session.fail(error);
    this.#disconnect(session);
    this.#forget(session.key);
  }

  #forget(framework: string): void {
    this.#feedback.get(framework)?.stop();
    this.#feedback.delete(framework);
  }

  #listen(): (() => void)[] {
    const { caches, agentLeases, config } = this.#deps;
    const lease = `${config.namespace}/${agentLeaseName("")}`;
    return [
      // Nobody is subscribed yet whom what is there would matter to.
      caches.tasks.follow(({ type, object }) => {
        const session = this.#sessions.get(frameworkKey(object));
        if (type === "deleted") session?.forget(object);
        else session?.observe(object);
      }),
      caches.frameworks.onChange(({ type, object }) => {
        const key = keyOf(object.metadata);
        const session = this.#sessions.get(key);
        if (type === "deleted") this.#deps.offerStreams.forget(key);
        if (type === "deleted" && session === undefined) this.#forget(key);
        if (session?.framework.metadata.uid !== object.metadata.uid) return;
        const gone = type === "deleted" || object.metadata.deletionTimestamp !== undefined;
        if (gone) this.#end(session, "Framework has been removed");
        else if (isNewer(object, session.framework)) session.changed(object);
      }),
      caches.offers.follow(({ type, object }) => {
        if (object.spec.inverse !== true) return;
        this.#sessions.get(offerFramework(object))?.observeInverse(object, type === "deleted");
      }),
      caches.agents.follow(({ type, object }) => {
        if (type === "deleted") this.#agentLost(object.metadata.name);
      }),
      caches.executors.onChange((change) => {
        this.#follow();
        if (change.type !== "updated") return;
        const { object, old } = change;
        if (executorHasEnded(object.status) && !executorHasEnded(old.status)) this.#executorEnded(object);
      }),
      agentLeases.onChange((key, state) => {
        if (state === "lapsed" && key.startsWith(lease)) this.#agentLost(key.slice(lease.length));
      }),
    ];
  }

  /** Agents with executors of those who are subscribed. */
  #follow(): void {
    const { store } = this.#deps.caches.executors;
    const keys = [...this.#sessions.keys()];
    const agents = keys.flatMap((key) => store.by("liveFramework", key).map(({ spec }) => spec.agent));
    this.#messages.follow(new Set(agents));
  }

  #heard(agent: string, { frameworkId, executorId, data }: ExecutorMessage): void {
    const framework = this.frameworks.find(frameworkId);
    const session = framework && this.#sessions.get(keyOf(framework.metadata));
    const message = {
      agentId: { value: agent },
      executorId: { value: executorId },
      data: new Uint8Array(Buffer.from(data, "base64")),
    };
    session?.tell({ type: Event_Type.MESSAGE, message });
  }

  #executorEnded(executor: Live<Executor>): void {
    const { agent, executorId } = executor.spec;
    this.#sessions.get(frameworkKey(executor))?.tell({
      type: Event_Type.FAILURE,
      failure: {
        agentId: { value: agent },
        executorId: { value: executorId },
        status: waitStatus(executor.status?.exit),
      },
    });
  }

  #agentLost(agent: string): void {
    for (const session of this.#sessions.values()) {
      session.tell({ type: Event_Type.FAILURE, failure: { agentId: { value: agent } } });
    }
  }
}

/** As wait(2) has it; -1 where it is not known, as in Mesos. */
const waitStatus = (exit: NonNullable<Executor["status"]>["exit"]): number =>
  exit?.signal ?? (exit?.code === undefined ? -1 : exit.code << 8);

const isNewer = (a: Live<Framework>, b: Live<Framework>): boolean =>
  BigInt(a.metadata.resourceVersion) > BigInt(b.metadata.resourceVersion);
