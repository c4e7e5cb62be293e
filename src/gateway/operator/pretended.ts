import { randomUUID } from "node:crypto";
import { CAPABILITIES, type Framework } from "../../api/framework.ts";
import { API_VERSION } from "../../api/group.ts";
import type { Offer } from "../../api/offer.ts";
import type { Reservation } from "../../api/reservation.ts";
import type { Principal } from "../../auth/authenticator.ts";
import type { Live } from "../../cluster/object.ts";
import type { Situation } from "../../controllers/offer/situation.ts";
import type { AgentView } from "../../controllers/world/agentview.ts";
import { reservationAgent } from "../../controllers/world/agentviews.ts";
import { isCounted } from "../../controllers/world/overlay.ts";
import { reservedForm } from "../../controllers/world/reservedform.ts";
import { isPersistentVolume, Quantities, Resources } from "../../resources/index.ts";
import { freeOf } from "./agentroom.ts";
import type { OperatorService } from "./service.ts";

/** As if the free resources of the agent had been offered to a framework of the caller's. */
export function situationOf(
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
