import { executorHasEnded } from "../../api/executor.ts";
import type { Framework } from "../../api/framework.ts";
import type { Offer, Operation, OperationResult } from "../../api/offer.ts";
import type { Reservation } from "../../api/reservation.ts";
import { ApiError, isAlreadyExists, isNotFound } from "../../cluster/errors.ts";
import type { Live } from "../../cluster/object.ts";
import { isPersistentVolume, Quantities, Resources } from "../../resources/index.ts";
import { executorIdKey, frameworkKey, taskIdKey } from "../caches.ts";
import type { Dependencies } from "../dependencies.ts";
import { type AgentView, offerFramework, offerResources } from "../world/agentview.ts";
import { reservationAgent } from "../world/agentviews.ts";
import { isCounted } from "../world/overlay.ts";
import { reservedForm } from "../world/reservedform.ts";
import type { Scheduling } from "../world/scheduling.ts";
import { contribution, operationKey } from "./contributions.ts";
import { decideLaunch, decideLaunchGroup } from "./launch.ts";
import { type Launched, Launcher } from "./launcher.ts";
import { claimOthers } from "./others.ts";
import { decideReserve, type ReservationChange } from "./reserve.ts";
import { begin, type Impediment, type Progress, type Situation } from "./situation.ts";

const MANAGER = "mesos-operator";
/** What the API takes. */
const LONGEST_MESSAGE = 4096;

export interface AcceptOutcome {
  readonly operations: readonly OperationResult[];
  /** What the operations left: declined under the answer's filters. */
  readonly rest: Resources;
}

/**
 * Carries out an accept, operation by operation, each durable before the next. Everything that is made is named after the Offer
 * and the place in its answer, so that after a crash all of it can be done again. The Offer itself is closed by the caller.
 */
export async function carryOut(
  deps: Dependencies,
  scheduling: Scheduling,
  offer: Live<Offer>,
  framework: Live<Framework>,
  signal: AbortSignal,
): Promise<AcceptOutcome> {
  const claimed = await claimOthers(deps, scheduling, offer, signal);
  const offered = Resources.sum([offer, ...claimed.offers].map(offerResources));
  const look = () => situation(deps, scheduling, offer, framework, offered, claimed.invalid);
  let progress = begin(look());
  const operations: OperationResult[] = [];
  for (const [index, operation] of (offer.spec.response?.accept?.operations ?? []).entries()) {
    // Each sees what those before it have changed.
    const done = await carryOutOne(deps, scheduling, look(), progress, index, operation, signal);
    progress = done.progress;
    operations.push(done.result);
  }
  return { operations, rest: progress.resources };
}

interface Done {
  readonly progress: Progress;
  readonly result: OperationResult;
}

function carryOutOne(
  deps: Dependencies,
  scheduling: Scheduling,
  situation: Situation,
  progress: Progress,
  index: number,
  operation: Operation,
  signal: AbortSignal,
): Promise<Done> {
  return operation.type === "LAUNCH" || operation.type === "LAUNCH_GROUP"
    ? launch(deps, scheduling, situation, progress, index, operation, signal)
    : reserve(deps, scheduling, situation, progress, index, operation, signal);
}

async function launch(
  deps: Dependencies,
  scheduling: Scheduling,
  situation: Situation,
  progress: Progress,
  index: number,
  operation: Operation,
  signal: AbortSignal,
): Promise<Done> {
  const launcher = new Launcher(deps, scheduling, situation, index, signal);
  const isGroup = operation.type === "LAUNCH_GROUP";
  const templates = (isGroup ? operation.launchGroup : operation.launch)?.tasks ?? [];
  const executors = operation.launch?.executors ?? [];
  const executor = operation.launchGroup?.executor;
  const decision = isGroup
    ? decideLaunchGroup(situation, progress, index, templates, executor)
    : await deps.breath.through(decideLaunch(situation, progress, index, templates, executors));
  const launched = isGroup
    ? await launcher.launchGroup(templates, decision.endings, executor, decision.progress.executors.has(0))
    : await launcher.launch(templates, decision.endings, executors, decision.progress.executors);
  return { progress: decision.progress, result: launchResult(index, operation, launched) };
}

function launchResult(index: number, operation: Operation, launched: readonly Launched[]): OperationResult {
  const names = launched.flatMap(({ name }) => (name === undefined ? [] : [name]));
  const refused = launched.flatMap(({ name, ending }) =>
    ending ? [{ name: name ?? "unnamed", ending }] : [],
  );
  const [first] = refused;
  const base = { ...resultOf(index, operation), tasks: names };
  if (first === undefined) return { ...base, status: "FINISHED" };
  const dropped = refused.every(({ ending }) => ending.state !== "TASK_ERROR");
  const words = refused.map(({ name, ending }) => `${name}: ${ending.message}`).join("; ");
  const message = `${refused.length} of ${launched.length} tasks are not launched: ${words}`;
  return { ...base, status: dropped ? "DROPPED" : "ERROR", message: message.slice(0, LONGEST_MESSAGE) };
}

async function reserve(
  deps: Dependencies,
  scheduling: Scheduling,
  situation: Situation,
  progress: Progress,
  index: number,
  operation: Operation,
  signal: AbortSignal,
): Promise<Done> {
  const base = resultOf(index, operation);
  const decision = decideReserve(situation, progress, index, operation);
  if (!decision.ok) {
    const { status, message } = decision;
    return { progress, result: { ...base, status, message: message.slice(0, LONGEST_MESSAGE) } };
  }
  try {
    for (const change of decision.changes) await writeReservation(deps, scheduling, change, signal);
  } catch (error) {
    if (!(error instanceof ApiError) || error.code === 409 || error.code === 429 || error.code >= 500)
      throw error;
    const message = (error.status.message ?? error.message).slice(0, LONGEST_MESSAGE);
    return { progress, result: { ...base, status: "FAILED", message } };
  }
  return { progress: decision.progress, result: { ...base, status: "FINISHED" } };
}

/** One step of what a decision about reservations has come to. */
export async function writeReservation(
  { clients }: Dependencies,
  { assumed }: Scheduling,
  change: ReservationChange,
  signal: AbortSignal,
): Promise<void> {
  const options = { fieldManager: MANAGER, signal };
  if (change.kind === "create") {
    try {
      assumed.reservations.assume(await clients.reservations.create(change.object, options));
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
      assumed.reservations.assume(await clients.reservations.get(change.object.metadata, { signal }));
    }
    return;
  }
  const { uid, resourceVersion } = change.object.metadata;
  if (change.kind === "delete") {
    await clients.reservations
      .delete(change.object.metadata, { uid, resourceVersion, signal })
      .catch((error) => {
        if (!isNotFound(error)) throw error;
      });
    return;
  }
  const { annotations, spec } = change;
  assumed.reservations.assume(
    await clients.reservations.mergePatch(
      change.object.metadata,
      { metadata: { uid, resourceVersion, annotations }, spec },
      options,
    ),
  );
}

function resultOf(index: number, { id, type }: Operation): Pick<OperationResult, "index" | "id" | "type"> {
  return { index, ...(id !== undefined && { id }), type };
}

function situation(
  deps: Dependencies,
  { assumed, views }: Scheduling,
  offer: Live<Offer>,
  framework: Live<Framework>,
  offered: Resources,
  invalid: string | undefined,
): Situation {
  const { caches } = deps;
  const { agent } = offer.spec;
  const { uid } = offer.metadata;
  const view = views.get(agent);
  const id = offerFramework(offer);
  const reservations = assumed.reservations
    .with(caches.reservations.store.by("agent", agent), (one) => reservationAgent(one) === agent)
    .filter((one) => isCounted(one) && one.metadata.deletionTimestamp === undefined);
  const impediment: Impediment | undefined =
    invalid !== undefined
      ? { reason: "REASON_INVALID_OFFERS", message: invalid }
      : agentImpediment(agent, view);
  return {
    offer,
    framework,
    offered,
    ...(impediment && { impediment }),
    room: view === undefined ? Quantities.empty : roomOf(view),
    made: assumed.tasks.with(caches.tasks.store.by("offer", uid), ({ spec }) => spec.offer?.uid === uid),
    madeExecutors: assumed.executors.with(
      caches.executors.store.by("offer", uid),
      ({ spec }) => spec.offer?.uid === uid,
    ),
    executor: (executorId) => {
      const key = executorIdKey(id, agent, executorId);
      const [found] = assumed.executors.with(
        caches.executors.store.by("liveId", key),
        (one) =>
          !executorHasEnded(one.status) &&
          executorIdKey(frameworkKey(one), one.spec.agent, one.spec.executorId) === key,
      );
      return found;
    },
    isTaken: (taskId) =>
      assumed.tasks
        .with(
          caches.tasks.store.by("liveTaskId", taskIdKey(id, taskId)),
          (task) => frameworkKey(task) === id && (task.spec.taskId ?? task.metadata.name) === taskId,
        )
        .some(({ spec }) => spec.offer?.uid !== uid),
    reservations,
    volumes: volumesOf(offer, reservations),
    used: view?.held ?? Resources.empty,
  };
}

/** An answer that came before a cordon counts; one to an agent that cannot start anything does not. */
function agentImpediment(agent: string, view: AgentView | undefined): Impediment | undefined {
  if (view === undefined) return { reason: "REASON_AGENT_REMOVED", message: `the agent ${agent} is gone` };
  const held = view.node.held;
  if (held === undefined || held.reason === "Cordoned" || held.reason === "Deactivated") return undefined;
  if (held.reason === "Draining" || held.reason === "Drained") {
    return { reason: "REASON_AGENT_DRAINING", message: held.message };
  }
  const gone = held.reason === "NodeGone" || held.reason === "AgentDeleting";
  return { reason: gone ? "REASON_AGENT_REMOVED" : "REASON_AGENT_DISCONNECTED", message: held.message };
}

const roomOf = ({ node, held }: AgentView): Quantities =>
  node.offerable.scalarQuantities().subtract(held.scalarQuantities());

/** Volumes of the agent that this answer has not made itself. */
function volumesOf({ metadata, spec }: Live<Offer>, reservations: readonly Live<Reservation>[]): Resources {
  const operations = (spec.response?.accept?.operations ?? []).map((_, i) => operationKey(metadata.uid, i));
  return Resources.sum(
    reservations.map((reservation) => {
      const form = reservedForm(reservation);
      if ("invalid" in form) return Resources.empty;
      const own = operations.map((key) => contribution(reservation, key) ?? Resources.empty);
      return form.reserved.filter(isPersistentVolume).subtract(Resources.sum(own));
    }),
  );
}
