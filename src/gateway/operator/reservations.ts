import { randomUUID } from "node:crypto";
import { CAPABILITIES, type Framework } from "../../api/framework.ts";
import { API_VERSION } from "../../api/group.ts";
import type { Offer, Operation } from "../../api/offer.ts";
import type { Reservation } from "../../api/reservation.ts";
import type { Principal } from "../../auth/authenticator.ts";
import type { Action } from "../../auth/authorizer.ts";
import { isConflict, isNotFound } from "../../cluster/errors.ts";
import type { Live } from "../../cluster/object.ts";
import { writeReservation } from "../../controllers/offer/accept.ts";
import { closeOffer } from "../../controllers/offer/closer.ts";
import { decideReserve, type ReservationChange } from "../../controllers/offer/reserve.ts";
import { begin, type Situation } from "../../controllers/offer/situation.ts";
import type { AgentView } from "../../controllers/world/agentview.ts";
import { reservationAgent } from "../../controllers/world/agentviews.ts";
import { isCounted } from "../../controllers/world/overlay.ts";
import { heldPart, reservedForm } from "../../controllers/world/reservedform.ts";
import { resourceSpec, resourceSpecs } from "../../convert/resources.ts";
import { Unsupported } from "../../convert/unsupported.ts";
import { type Answer, badRequest, conflict } from "../../http/answer.ts";
import {
  applyOperation,
  fromSpec,
  type Resource as Held,
  isPersistentVolume,
  Quantities,
  ResourceError,
  type ResourceOperation,
  Resources,
  stripVolume,
  unitsToMilli,
} from "../../resources/index.ts";
import type { Resource } from "../../wire/gen/mesos/v1/mesos_pb.ts";
import { attempt } from "./attempt.ts";
import type { OperatorService } from "./service.ts";

type Kind = "RESERVE" | "UNRESERVE" | "CREATE" | "DESTROY";

const ACCEPTED: Answer = { status: 202 };
const VERBS: Readonly<Record<Kind | "GROW_VOLUME" | "SHRINK_VOLUME", Action["verb"]>> = {
  RESERVE: "create",
  UNRESERVE: "delete",
  CREATE: "update",
  DESTROY: "update",
  GROW_VOLUME: "update",
  SHRINK_VOLUME: "update",
};

/**
 * RESERVE_RESOURCES, UNRESERVE_RESOURCES, CREATE_VOLUMES, DESTROY_VOLUMES: Reservation objects, by the rules of a framework's operations.
 * Offers that stand in the way are taken back; what tasks hold is not.
 */
export function changeReservations(
  service: OperatorService,
  kind: Kind,
  agent: string,
  resources: readonly Resource[],
  principal: Principal | undefined,
): Promise<Answer> {
  return change(service, kind, agent, principal, () => {
    const wanted = fromSpec(resourceSpecs(resources));
    const operation: ResourceOperation =
      kind === "RESERVE" || kind === "UNRESERVE"
        ? { type: kind, resources: wanted }
        : { type: kind, volumes: wanted };
    const field = kind.toLowerCase() as Lowercase<Kind>;
    const asked = { type: kind, [field]: { resources: resourceSpecs(resources) } } as Operation;
    return { operation, decide: (situation) => decided(situation, asked) };
  });
}

/** GROW_VOLUME, SHRINK_VOLUME: the size of a volume within its Reservation. */
export function resizeVolume(
  service: OperatorService,
  agent: string,
  volume: Resource | undefined,
  by: { readonly addition: Resource | undefined } | { readonly subtract: number },
  principal: Principal | undefined,
): Promise<Answer> {
  const kind = "addition" in by ? "GROW_VOLUME" : "SHRINK_VOLUME";
  return change(service, kind, agent, principal, () => {
    const one = single(volume);
    const operation: ResourceOperation =
      "addition" in by
        ? { type: "GROW_VOLUME", volume: one, addition: single(by.addition) }
        : { type: "SHRINK_VOLUME", volume: one, subtractMilli: unitsToMilli(by.subtract, "subtract") };
    const applied = (situation: Situation) => applyOperation(situation.offered, operation);
    return {
      operation,
      decide: (situation) => {
        const result = applied(situation);
        return result.ok ? resized(situation, one, result.converted) : undefined;
      },
    };
  });
}

interface Intent {
  readonly operation: ResourceOperation;
  /** What is to be written; undefined: the disk lies in several Reservations. */
  readonly decide: (situation: Situation) => readonly ReservationChange[] | undefined;
}

async function change(
  service: OperatorService,
  kind: keyof typeof VERBS,
  agent: string,
  principal: Principal | undefined,
  read: () => Intent,
): Promise<Answer> {
  const { access, scheduling } = service;
  if (scheduling.views.get(agent) === undefined) return badRequest("No agent found with specified ID");
  let intent: Intent;
  try {
    intent = read();
    const problem = problemOf(intent.operation, principal);
    if (problem !== undefined) return badRequest(`Invalid ${kind} operation on agent ${agent}: ${problem}`);
  } catch (error) {
    if (error instanceof Unsupported || error instanceof ResourceError) return badRequest(error.message);
    throw error;
  }
  const refusal = await access.refusal(principal, [{ verb: VERBS[kind], resource: "reservations" }]);
  if (refusal !== undefined) return refusal;
  return carryOut(service, agent, intent, principal);
}

/** Judged by itself, as if just what it needs were there. */
function problemOf(operation: ResourceOperation, principal: Principal | undefined): string | undefined {
  const enough = neededBy(operation);
  const context =
    operation.type === "RESERVE" || operation.type === "CREATE" ? { principal: principal?.name } : {};
  const result = applyOperation(enough, operation, {
    ...(context.principal !== undefined && { principal: context.principal }),
  });
  return result.ok ? undefined : result.reason;
}

function neededBy(operation: ResourceOperation): Resources {
  switch (operation.type) {
    case "RESERVE":
      return operation.resources.popReservation();
    case "UNRESERVE":
      return operation.resources;
    case "CREATE":
      return Resources.of(Array.from(operation.volumes, stripVolume));
    case "DESTROY":
      return operation.volumes;
    case "GROW_VOLUME":
      return Resources.of([operation.volume, operation.addition]);
    default:
      return Resources.of([operation.volume]);
  }
}

async function carryOut(
  service: OperatorService,
  agent: string,
  intent: Intent,
  principal: Principal | undefined,
): Promise<Answer> {
  const { deps, scheduling, signal } = service;
  const needed = neededBy(intent.operation);
  // Nothing more is offered of the agent meanwhile.
  const thaw = scheduling.views.freeze(agent);
  try {
    await makeRoom(service, agent, needed);
    const view = scheduling.views.get(agent);
    if (view === undefined) return badRequest("No agent found with specified ID");
    const situation = situationOf(service, view, principal);
    if (!situation.offered.contains(needed)) {
      return conflict(
        `what the operation needs on agent ${agent} is not free: ${situation.offered.isEmpty ? "nothing is" : "tasks hold it, or it is not there"}`,
      );
    }
    const changes = intent.decide(situation);
    if (changes === undefined) {
      return conflict("the disk lies in several Reservations: reserve it anew in one");
    }
    return await attempt(async () => {
      for (const one of changes) await writeReservation(deps, scheduling, one, signal);
    }, ACCEPTED);
  } finally {
    thaw();
    deps.requestAllocation("ReservationsChanged");
  }
}

/** Takes back offers, one by one, until what is needed is free or none is left that has any of it. */
async function makeRoom({ deps, scheduling, signal }: OperatorService, agent: string, needed: Resources) {
  const view = scheduling.views.get(agent);
  if (view === undefined) return;
  let free = freeOf(view);
  const closing = {
    state: "Rescinded",
    reason: "ReservationsChanged",
    message: "an operator needs them",
  } as const;
  for (const { offer, resources } of view.offers) {
    if (free.contains(needed)) return;
    if (offer.spec.response !== undefined || heldPart(needed, resources).isEmpty) continue;
    try {
      await closeOffer(deps, scheduling, offer, closing, signal);
      free = free.add(resources);
    } catch (error) {
      // Answered meanwhile, or gone.
      if (!isConflict(error) && !isNotFound(error)) throw error;
    }
  }
}

const freeOf = ({ total, held, offers }: AgentView): Resources =>
  total.subtract(Resources.sum([held, ...offers.map(({ resources }) => resources)]).nonShared());

/** As if the free resources of the agent had been offered to a framework of the caller's. */
function situationOf(
  { deps, scheduling }: OperatorService,
  view: AgentView,
  principal: Principal | undefined,
): Situation {
  const { caches } = deps;
  const reservations = scheduling.assumed.reservations
    .with(caches.reservations.store.by("agent", view.name), (one) => reservationAgent(one) === view.name)
    .filter((one) => isCounted(one) && one.metadata.deletionTimestamp === undefined);
  const free = freeOf(view);
  return {
    offer: pretended(view.name),
    framework: pretendedFramework(principal),
    offered: free,
    room: Quantities.empty,
    made: [],
    madeExecutors: [],
    executor: () => undefined,
    isTaken: () => false,
    reservations,
    volumes: Resources.sum(reservations.map(volumesOf)),
    used: view.held,
  };
}

function volumesOf(reservation: Live<Reservation>): Resources {
  const form = reservedForm(reservation);
  return "invalid" in form ? Resources.empty : form.reserved.filter(isPersistentVolume);
}

/** One decision for each role that is reserved for: an offer is made to one. */
function decided(situation: Situation, operation: Operation): readonly ReservationChange[] | undefined {
  const resources = operation.reserve?.resources;
  const parts: Operation[] =
    resources === undefined
      ? [operation]
      : [...Map.groupBy(resources, ({ reservations }) => reservations?.at(-1)?.role ?? "")].map(
          ([, same]) => ({
            ...operation,
            reserve: { resources: same },
          }),
        );
  const changes: ReservationChange[] = [];
  let progress = begin(situation);
  for (const [index, part] of parts.entries()) {
    const role = part.reserve?.resources[0]?.reservations?.at(-1)?.role ?? "*";
    const { offer } = situation;
    const asked = { ...situation, offer: { ...offer, spec: { ...offer.spec, role } } };
    const decision = decideReserve(asked, progress, index, part);
    if (!decision.ok) {
      if (decision.status === "FAILED") return undefined;
      throw new Unsupported(decision.message);
    }
    progress = decision.progress;
    changes.push(...decision.changes);
  }
  return changes;
}

function resized(
  { reservations }: Situation,
  volume: Held,
  converted: Resources,
): readonly ReservationChange[] | undefined {
  const grown = [...converted].find(isPersistentVolume);
  const id = volume.disk?.persistence?.id;
  const object = reservations.find((one) => {
    const form = reservedForm(one);
    return !("invalid" in form) && form.reserved.contains(Resources.of([volume]));
  });
  const form = object && reservedForm(object);
  if (object === undefined || form === undefined || "invalid" in form || grown?.value.kind !== "scalar")
    return undefined;
  const rest = form.reserved.subtract(Resources.of([volume]));
  const disk = stripVolume(grown);
  const before = stripVolume(volume);
  if (!rest.add(Resources.of([before])).contains(Resources.of([disk]))) return undefined;
  const scalar = grown.value.milli / 1000;
  const volumes = (object.spec.volumes ?? []).map((one) => {
    if (one.id !== id) return one;
    const { quantity: _quantity, ...others } = one;
    return { ...others, scalar };
  });
  return [{ kind: "patch", object, annotations: {}, spec: { volumes } }];
}

function single(resource: Resource | undefined): Held {
  const [one] = resource === undefined ? [] : fromSpec([resourceSpec(resource)]);
  if (one === undefined) throw new Unsupported("a volume must be given");
  return one;
}

const IDENTITY = { resourceVersion: "0", creationTimestamp: "1970-01-01T00:00:00Z" };

const pretended = (agent: string): Live<Offer> => ({
  apiVersion: API_VERSION,
  kind: "Offer",
  metadata: { name: "operator", uid: randomUUID(), ...IDENTITY },
  spec: { framework: "operator", role: "*", agent, resources: [], expiresAt: IDENTITY.creationTimestamp },
});

const pretendedFramework = (principal: Principal | undefined): Live<Framework> => ({
  apiVersion: API_VERSION,
  kind: "Framework",
  metadata: { name: "operator", uid: "", ...IDENTITY },
  spec: {
    roles: ["*"],
    capabilities: [...CAPABILITIES],
    connection: { type: "Manual", leaseDuration: "15s" },
    failoverTimeout: "0s",
    ...(principal && { principal: principal.name }),
  },
});
