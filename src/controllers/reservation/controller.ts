import { RESERVATION_FINALIZER } from "../../api/group.ts";
import type { Reservation, ReservationStatus } from "../../api/reservation.ts";
import { Controller, from, type Result, type Source } from "../../cluster/controller.ts";
import { addFinalizer, removeFinalizer } from "../../cluster/finalizers.ts";
import { keyOf, type Live } from "../../cluster/object.ts";
import { timestamp } from "../../cluster/time.ts";
import type { Dependencies, Runnable } from "../dependencies.ts";
import { StatusWriter } from "../statuswriter.ts";
import { ignoringConflicts } from "../task/conflicts.ts";
import { reservationAgent } from "../world/agentviews.ts";
import { holdings } from "../world/holdings.ts";
import { heldPart, reservedForm } from "../world/reservedform.ts";
import { roleFor } from "../world/roles.ts";
import type { Scheduling } from "../world/scheduling.ts";
import { reservationStatus } from "./status.ts";

const MANAGER = "mesos-operator-reservation";
/** Milliseconds between looks for room, and for an answer that is being carried out to end. */
const LOOK_AGAIN = 1_000;

/** Reservations: where they lie, who holds them, and that none goes while it is held. */
export function createReservationController(deps: Dependencies, scheduling: Scheduling): Runnable {
  const { caches, clients, clock, logger } = deps;
  const writer = new StatusWriter(clients.reservations, MANAGER, clock, (reservation) =>
    scheduling.assumed.reservations.assume(reservation),
  );
  const waiting = () =>
    [...caches.reservations.store.values()]
      .filter((one) => reservationAgent(one) === undefined)
      .map(({ metadata }) => metadata.name);
  const agents: Source = {
    synced: caches.agents.synced,
    start: (enqueue) =>
      scheduling.views.onChange((agent) => {
        for (const { metadata } of caches.reservations.store.by("agent", agent)) enqueue(metadata.name);
        for (const name of waiting()) enqueue(name, { after: LOOK_AGAIN });
      }),
  };
  return new Controller({
    name: "reservation",
    reconcile: ignoringConflicts((key, signal) => reconcile(deps, scheduling, writer, key, signal)),
    sources: [from(caches.reservations), from(caches.roles, waiting), agents],
    logger,
    clock,
    breath: deps.breath,
    metrics: deps.controllerMetrics,
  });
}

async function reconcile(
  deps: Dependencies,
  scheduling: Scheduling,
  writer: StatusWriter<ReservationStatus, Reservation>,
  key: string,
  signal: AbortSignal,
): Promise<Result> {
  const { caches, clients, clock, config, recorder } = deps;
  const reservation = caches.reservations.store.has(key)
    ? scheduling.assumed.reservations.get(key)
    : undefined;
  if (reservation === undefined) return {};
  const deleting = reservation.metadata.deletionTimestamp !== undefined;
  if (!deleting && !reservation.metadata.finalizers?.includes(RESERVATION_FINALIZER)) {
    await addFinalizer(clients.reservations, reservation, RESERVATION_FINALIZER, { signal });
  }
  const users = usersOf(deps, scheduling, reservation);
  const { role } = reservation.spec;
  const listed = roleFor((path) => caches.roles.store.by("path", path), role) !== undefined;
  const status = reservationStatus(reservation, {
    viewOf: (agent) => scheduling.views.get(agent),
    all: () => scheduling.views.all(),
    users,
    roleMissing:
      listed || config.roles.implicit
        ? undefined
        : `no Role has the path ${role}, and implicit roles are off`,
    now: timestamp(clock.now()),
  });
  const said = status.conditions?.find(({ type }) => type === "Reserved");
  const before = reservation.status?.conditions?.find(({ type }) => type === "Reserved");
  if (said !== undefined && said.reason !== before?.reason) {
    const type = said.status === "True" ? "Normal" : "Warning";
    recorder.record(reservation, { type, reason: said.reason, message: said.message });
  }
  const wait = await writer.write(reservation, status, signal);
  if (deleting) {
    if (users.length > 0 || isBeingUsed(deps, scheduling, reservation)) return { requeueAfter: LOOK_AGAIN };
    await removeFinalizer(clients.reservations, reservation, RESERVATION_FINALIZER, { signal });
    return {};
  }
  return wait === undefined ? {} : { requeueAfter: wait };
}

/** Tasks and executors that hold some of it: "namespace/name", sorted. Of reservations that look alike each is held by all of them. */
function usersOf(
  { caches }: Dependencies,
  { assumed }: Scheduling,
  reservation: Live<Reservation>,
): string[] {
  const agent = reservationAgent(reservation);
  const form = reservedForm(reservation);
  if (agent === undefined || "invalid" in form) return [];
  const tasks = assumed.tasks.with(
    caches.tasks.store.by("liveAgent", agent),
    ({ spec }) => spec.agent === agent,
  );
  const executors = assumed.executors.with(
    caches.executors.store.by("liveAgent", agent),
    ({ spec }) => spec.agent === agent,
  );
  return [...tasks, ...executors]
    .filter((holder) => !heldPart(form.reserved, holdings(holder)).isEmpty)
    .map(({ metadata }) => keyOf(metadata))
    .sort();
}

/** Whether an answer is being carried out that may hand some of it to a task. */
function isBeingUsed(
  { caches }: Dependencies,
  { assumed }: Scheduling,
  reservation: Live<Reservation>,
): boolean {
  const agent = reservationAgent(reservation);
  if (agent === undefined) return false;
  return assumed.offers
    .with(caches.offers.store.by("outstandingAgent", agent), ({ spec }) => spec.agent === agent, { agent })
    .some(
      ({ spec }) =>
        spec.response !== undefined &&
        spec.resources.some(({ reservations = [] }) => reservations.length > 0),
    );
}
