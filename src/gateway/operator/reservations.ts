import type { Operation } from "../../api/offer.ts";
import type { Principal } from "../../auth/authenticator.ts";
import type { Action } from "../../auth/authorizer.ts";
import { isConflict } from "../../cluster/errors.ts";
import { sleep } from "../../cluster/time.ts";
import { writeReservation } from "../../controllers/offer/accept.ts";
import { growOperation, shrinkOperation } from "../../convert/operation.ts";
import { resourceSpecs } from "../../convert/resources.ts";
import { Unsupported } from "../../convert/unsupported.ts";
import { type Answer, badRequest, conflict } from "../../http/answer.ts";
import { consumedBy, formatResources, ResourceError } from "../../resources/index.ts";
import type { Resource } from "../../wire/gen/mesos/v1/mesos_pb.ts";
import { BETWEEN, LOOKS, withRoom } from "./agentroom.ts";
import { answering } from "./attempt.ts";
import { decided, type Intent, intentOf, problemOf } from "./intents.ts";
import { situationOf } from "./pretended.ts";
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
    const field = kind.toLowerCase() as Lowercase<Kind>;
    return { type: kind, [field]: { resources: resourceSpecs(resources) } } as Operation;
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
  return change(service, kind, agent, principal, () =>
    "addition" in by ? growOperation(volume, by.addition) : shrinkOperation(volume, by.subtract),
  );
}

async function change(
  service: OperatorService,
  kind: keyof typeof VERBS,
  agent: string,
  principal: Principal | undefined,
  read: () => Operation,
): Promise<Answer> {
  const { access, scheduling } = service;
  if (scheduling.views.get(agent) === undefined) return badRequest("No agent found with specified ID");
  let intent: Intent;
  try {
    intent = intentOf(read());
    const problem = problemOf(intent.operation, principal);
    if (problem !== undefined) return badRequest(`Invalid ${kind} operation on agent ${agent}: ${problem}`);
  } catch (error) {
    if (error instanceof Unsupported || error instanceof ResourceError) return badRequest(error.message);
    throw error;
  }
  const refusal = await access.refusal(principal, [{ verb: VERBS[kind], resource: "reservations" }]);
  if (refusal !== undefined) return refusal;
  return answering(() => carryOut(service, agent, intent, principal));
}

async function carryOut(
  service: OperatorService,
  agent: string,
  intent: Intent,
  principal: Principal | undefined,
): Promise<Answer> {
  const { deps, scheduling } = service;
  // Nothing more is offered of the agent meanwhile.
  const thaw = scheduling.views.freeze(agent);
  try {
    for (let tries = 1; ; tries++) {
      try {
        return await once(service, agent, intent, principal);
      } catch (error) {
        // A Reservation has changed meanwhile: its status is written after each change.
        if (!isConflict(error) || tries === LOOKS) throw error;
        await sleep(deps.clock, BETWEEN, service.signal);
      }
    }
  } finally {
    thaw();
    deps.requestAllocation("ReservationsChanged");
  }
}

/** Rejects with ApiError; can be done again. */
async function once(
  service: OperatorService,
  agent: string,
  intent: Intent,
  principal: Principal | undefined,
): Promise<Answer> {
  const { deps, scheduling, signal } = service;
  const needed = consumedBy(intent.operation);
  const view = await withRoom(service, agent, needed);
  if (view === undefined) return badRequest("No agent found with specified ID");
  const situation = situationOf(service, view, principal);
  if (!situation.offered.contains(needed)) {
    return conflict(
      `${formatResources(needed)} is not free on agent ${agent}: ${formatResources(situation.offered)} is`,
    );
  }
  const changes = decided(situation, intent.asked);
  if (changes === undefined) return conflict("the disk lies in several Reservations: reserve it anew in one");
  for (const one of changes) await writeReservation(deps, scheduling, one, signal);
  return ACCEPTED;
}
