import { create } from "@bufbuild/protobuf";
import type { Executor } from "../../api/executor.ts";
import { agentLeaseName } from "../../api/group.ts";
import type { Task } from "../../api/task.ts";
import { hasEnded } from "../../api/taskstate.ts";
import type { Live } from "../../cluster/object.ts";
import { executorIdKey, frameworkKey, taskIdKey } from "../../controllers/caches.ts";
import { durationOfNanos } from "../../convert/amounts.ts";
import { taskIdOf, uuidText } from "../../convert/status.ts";
import { Unsupported } from "../../convert/unsupported.ts";
import {
  type Call,
  type Call_Kill,
  type Call_Message,
  type Call_Reconcile,
  Call_ReconcileSchema,
  type Call_Shutdown,
  Call_Type,
  Event_Type,
} from "../../wire/gen/mesos/v1/scheduler/scheduler_pb.ts";
import { refusal } from "./accept.ts";
import type { Acceptor } from "./acceptor.ts";
import type { Demand } from "./demand.ts";
import { persist } from "./persist.ts";
import { type AgentStanding, type Knowledge, reconcile } from "./reconcile.ts";
import type { Session, SessionContext } from "./session.ts";

const MANAGER = "mesos-gateway";
const MOST_ANSWERING = 64;

/** What a subscribed framework asks for, but for its subscription itself. Nothing that is written is waited for: the answer is 202. */
export class Calls {
  readonly #context: SessionContext;
  readonly #acceptor: Acceptor;
  readonly #demand: Demand;
  /** Reconciliations that wait for their subscriber to read. */
  readonly #answering = new WeakMap<Session, number>();
  /** Declines of many offers, which others have their turn amid. */
  readonly #declining = new WeakMap<Session, Promise<void>>();

  constructor(context: SessionContext, acceptor: Acceptor, demand: Demand) {
    this.#context = context;
    this.#acceptor = acceptor;
    this.#demand = demand;
  }

  /** False: a call of a type that is not known here. One after the other: a revive that follows declines ends their filters. */
  async perform(session: Session, call: Call): Promise<boolean> {
    for (let open = this.#declining.get(session); open !== undefined; open = this.#declining.get(session)) {
      await open;
    }
    if (call.type !== Call_Type.DECLINE) return this.#perform(session, call);
    if (call.decline === undefined) return true;
    const work = this.#acceptor.decline(session, call.decline).finally(() => this.#declining.delete(session));
    this.#declining.set(session, work);
    await work;
    return true;
  }

  #perform(session: Session, call: Call): boolean {
    switch (call.type) {
      case Call_Type.ACCEPT:
        if (call.accept) this.#acceptor.accept(session, call.accept);
        return true;
      case Call_Type.REVIVE:
        this.#demand.revive(session, call.revive?.roles ?? []);
        return true;
      case Call_Type.SUPPRESS:
        this.#demand.suppress(session, call.suppress?.roles ?? []);
        return true;
      case Call_Type.KILL:
        if (call.kill) this.#background(this.#kill(session, call.kill));
        return true;
      case Call_Type.ACKNOWLEDGE:
        if (call.acknowledge) this.#acknowledge(session, call.acknowledge);
        return true;
      case Call_Type.ACKNOWLEDGE_OPERATION_STATUS: {
        const { operationId, uuid } = call.acknowledgeOperationStatus ?? {};
        session.feedback.acknowledge(operationId?.value ?? "", uuidText(uuid ?? new Uint8Array()));
        return true;
      }
      case Call_Type.RECONCILE:
        if (call.reconcile) this.#background(this.#reconcile(session, call.reconcile));
        return true;
      case Call_Type.RECONCILE_OPERATIONS:
        for (const status of call.reconcileOperations
          ? session.feedback.reconcile(call.reconcileOperations, (agent) => this.#standing(agent))
          : []) {
          session.tell({ type: Event_Type.UPDATE_OPERATION_STATUS, updateOperationStatus: { status } });
        }
        return true;
      case Call_Type.ACCEPT_INVERSE_OFFERS:
        answerInverse(session, "accept", call.acceptInverseOffers);
        return true;
      case Call_Type.DECLINE_INVERSE_OFFERS:
        answerInverse(session, "decline", call.declineInverseOffers);
        return true;
      case Call_Type.SHUTDOWN:
        if (call.shutdown) this.#background(this.#shutdown(session, call.shutdown));
        return true;
      case Call_Type.MESSAGE:
        if (call.message) this.#background(this.#message(session, call.message));
        return true;
      // Resource requests: there is nobody to tell.
      case Call_Type.REQUEST:
        return true;
      default:
        return false;
    }
  }

  #background(work: Promise<void>): void {
    work.catch((error: unknown) => {
      if (!this.#context.signal.aborted) this.#context.deps.logger.error({ err: error }, "a call failed");
    });
  }

  #acknowledge(session: Session, call: NonNullable<Call["acknowledge"]>): void {
    const taskId = call.taskId?.value ?? "";
    const uuid = uuidText(call.uuid);
    if (session.acknowledge(taskId, uuid)) return;
    this.#context.deps.logger.info(
      { framework: session.key, task: taskId, uuid },
      "an unexpected acknowledgement",
    );
  }

  async #kill(session: Session, { taskId, agentId, killPolicy }: Call_Kill): Promise<void> {
    const { deps, signal } = this.#context;
    const id = taskId?.value ?? "";
    await this.#acceptor.launched(session, id);
    const task = this.#tasks(session, id).find(({ status }) => !hasEnded(status));
    if (task === undefined) {
      const wanted = { ...(taskId && { taskId }), ...(agentId && { agentId }) };
      return this.#reconcile(session, create(Call_ReconcileSchema, { tasks: [wanted] }));
    }
    if (agentId !== undefined && agentId.value !== task.spec.agent) return;
    const gracePeriod = graceOf(killPolicy);
    if (task.spec.kill !== undefined && gracePeriod === undefined) return;
    const { metadata } = task;
    const kill = gracePeriod === undefined ? {} : { gracePeriod };
    await persist(deps, "a kill", signal, () =>
      deps.clients.tasks.mergePatch(
        metadata,
        { metadata: { uid: metadata.uid }, spec: { kill } },
        { fieldManager: MANAGER, signal },
      ),
    );
  }

  async #shutdown(session: Session, { executorId, agentId }: Call_Shutdown): Promise<void> {
    const { deps, signal } = this.#context;
    await this.#acceptor.allLaunched(session);
    const executor = this.#executor(session, agentId?.value ?? "", executorId?.value ?? "");
    if (executor === undefined || executor.spec.shutdown !== undefined) return;
    const { metadata } = executor;
    const shutdown = { message: "the framework shuts it down" };
    await persist(deps, "a shutdown", signal, () =>
      deps.clients.executors.mergePatch(
        metadata,
        { metadata: { uid: metadata.uid }, spec: { shutdown } },
        { fieldManager: MANAGER, signal },
      ),
    );
  }

  async #message(session: Session, { agentId, executorId, data }: Call_Message): Promise<void> {
    const agent = agentId?.value ?? "";
    const id = executorId?.value ?? "";
    const message = { frameworkId: session.id, executorId: id, data: Buffer.from(data).toString("base64") };
    if (this.#executor(session, agent, id) !== undefined) await this.#context.messages.send(agent, message);
  }

  #executor(session: Session, agent: string, executorId: string): Live<Executor> | undefined {
    const { caches } = this.#context.deps;
    return caches.executors.store.by("liveId", executorIdKey(session.key, agent, executorId))[0];
  }

  async #reconcile(session: Session, call: Call_Reconcile): Promise<void> {
    if (call.tasks.length === 0) await this.#acceptor.allLaunched(session);
    for (const { taskId } of call.tasks) await this.#acceptor.launched(session, taskId?.value ?? "");
    const answering = (this.#answering.get(session) ?? 0) + 1;
    if (answering > MOST_ANSWERING) return session.stream.overrun();
    this.#answering.set(session, answering);
    for (const status of reconcile(call, this.#knowledge(session))) {
      session.update(status);
      await session.stream.drained();
    }
    this.#answering.set(session, (this.#answering.get(session) ?? 1) - 1);
  }

  #knowledge(session: Session): Knowledge {
    const { deps, scheduling } = this.#context;
    const { caches, clock } = deps;
    return {
      tasks: () =>
        scheduling.assumed.tasks.with(
          caches.tasks.store.by("framework", session.key),
          (task) => frameworkKey(task) === session.key,
        ),
      task: (id) => this.#tasks(session, id),
      agent: (agent) => this.#standing(agent),
      partitionAware: session.traits.partitionAware,
      now: clock.now(),
    };
  }

  /** Of a Mesos id: at most one that has not ended, and ended ones. */
  #tasks(session: Session, id: string): readonly Live<Task>[] {
    const { deps, scheduling } = this.#context;
    const { store } = deps.caches.tasks;
    const mine = (task: Live<Task>) => frameworkKey(task) === session.key && taskIdOf(task) === id;
    return scheduling.assumed.tasks.with(store.by("taskId", taskIdKey(session.key, id)), mine);
  }

  #standing(agent: string): AgentStanding {
    const { caches, agentLeases, config } = this.#context.deps;
    if (!caches.agents.store.has(agent)) return "unknown";
    const state = agentLeases.state(`${config.namespace}/${agentLeaseName(agent)}`);
    return state === "lapsed" || state === "absent" ? "unreachable" : "registered";
  }
}

type InverseAnswer = Call["acceptInverseOffers"] | Call["declineInverseOffers"];

function answerInverse(session: Session, kind: "accept" | "decline", answer: InverseAnswer): void {
  const refuse = refusal(answer?.filters);
  const filters = refuse === undefined ? {} : { filters: { refuse } };
  for (const { value } of answer?.inverseOfferIds ?? []) session.answerInverse(value, { [kind]: filters });
}

/** A policy that makes no sense is as good as none. */
function graceOf(policy: Call_Kill["killPolicy"]): string | undefined {
  if (policy?.gracePeriod === undefined) return undefined;
  try {
    return durationOfNanos(policy.gracePeriod, "kill_policy.grace_period");
  } catch (error) {
    if (error instanceof Unsupported) return undefined;
    throw error;
  }
}
