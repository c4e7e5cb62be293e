import type { Reservation } from "../../api/reservation.ts";
import { attributeMatches } from "../../resources/index.ts";
import type { AgentView } from "../world/agentview.ts";
import type { ReservedForm } from "../world/reservedform.ts";

/** Where a Reservation comes to lie, or why nowhere yet. */
export type Placement =
  | { readonly agent: string }
  | { readonly reason: "AgentNotFound" | "InsufficientResources" | "NoAgentFits"; readonly message: string };

/**
 * Finds room for a Reservation that has none yet. Tasks keep what they hold; Offers do not, they are taken back. Of several agents that fit
 * a selector the one with the first name is chosen, and kept.
 */
export function placeReservation(
  { spec }: Reservation,
  form: ReservedForm,
  viewOf: (agent: string) => AgentView | undefined,
  all: () => Iterable<AgentView>,
): Placement {
  if (spec.agent !== undefined) {
    const view = viewOf(spec.agent);
    if (view === undefined) return { reason: "AgentNotFound", message: `there is no agent ${spec.agent}` };
    if (hasRoom(view, form)) return { agent: view.name };
    const message = `tasks, other Pods or other reservations hold what it needs on ${view.name}`;
    return { reason: "InsufficientResources", message };
  }
  const candidates = [...all()].filter((view) => matches(spec.selector?.attributes ?? {}, view));
  const [chosen] = candidates
    .filter((view) => hasRoom(view, form))
    .map(({ name }) => name)
    .sort();
  if (chosen !== undefined) return { agent: chosen };
  const message =
    candidates.length === 0
      ? "no agent has the attributes of the selector"
      : `${candidates.length} agents have the attributes, none has the resources free of tasks`;
  return { reason: "NoAgentFits", message };
}

function hasRoom({ total, held, node }: AgentView, { plain }: ReservedForm): boolean {
  const room = node.offerable.scalarQuantities().subtract(held.scalarQuantities());
  return total.subtract(held.nonShared()).contains(plain) && room.contains(plain.scalarQuantities());
}

function matches(wanted: Readonly<Record<string, string>>, { state }: AgentView): boolean {
  return Object.entries(wanted).every(([name, text]) =>
    state.attributes.some((attribute) => attribute.name === name && attributeMatches(attribute, text)),
  );
}
