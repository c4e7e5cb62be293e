import { isConflict, isNotFound } from "../../cluster/errors.ts";
import { sleep } from "../../cluster/time.ts";
import { closeOffer } from "../../controllers/offer/closer.ts";
import type { AgentView } from "../../controllers/world/agentview.ts";
import { heldPart } from "../../controllers/world/reservedform.ts";
import { Resources } from "../../resources/index.ts";
import type { OperatorService } from "./service.ts";

/** Looks of an allocation that was under way when the agent was frozen: its offers come a moment later. */
export const LOOKS = 10;
export const BETWEEN = 50;

/** The agent once what is needed is not offered, as far as that can be had. */
export async function withRoom(service: OperatorService, agent: string, needed: Resources) {
  const { deps, scheduling, signal } = service;
  for (let look = 1; ; look++) {
    await makeRoom(service, agent, needed);
    const view = scheduling.views.get(agent);
    if (view === undefined || freeOf(view).contains(needed) || look === LOOKS) return view;
    // What is held, or is not there, will not come by waiting.
    if (!view.total.subtract(view.held.nonShared()).contains(needed)) return view;
    await sleep(deps.clock, BETWEEN, signal);
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

export const freeOf = ({ total, held, offers }: AgentView): Resources =>
  total.subtract(Resources.sum([held, ...offers.map(({ resources }) => resources)]).nonShared());
