/** What of a role or a framework as a whole keeps a request from being offered anything: see ../explain.ts. */
import type { AllocationOptions } from "../decision.ts";
import type { Question, Reason } from "../explain.ts";
import type { FrameworkState } from "../world.ts";
import type { Books } from "./books.ts";

export function obstacles(
  books: Books,
  question: Question,
  framework: FrameworkState | undefined,
  options: AllocationOptions,
): Reason[] {
  const { role } = question;
  const known = books.clients.byId.get(question.framework);
  if (framework === undefined || known === undefined) return [{ reason: "UnknownFramework" }];
  const found: Reason[] = [];
  if (!framework.active) found.push({ reason: "FrameworkInactive" });
  if (!framework.roles.includes(role)) found.push({ reason: "NotInRole" });
  if (known.suppressed.has(role)) found.push({ reason: "RoleSuppressed" });
  const most = framework.maxOffers ?? options.maxOffersPerFramework;
  if (known.outstanding >= most) found.push({ reason: "OffersAtLimit" });
  return [...found, ...quotaObstacles(books, question)];
}

function quotaObstacles({ space, roles, headroom }: Books, question: Question): Reason[] {
  if (!headroom.hasQuotas) return [];
  const role = roles.get(question.role);
  const wanted = new Map(openAmounts(question));
  const [claim, room, surplus] = [0, 0, 0].map(() => new Float64Array(space.size));
  if (claim === undefined || room === undefined || surplus === undefined) return [];
  headroom.claim(role, claim);
  headroom.room(role, room);
  headroom.surplus(surplus);
  return [...wanted].sort().flatMap(([resource, milli]): Reason[] => {
    const slot = space.known(resource);
    if (slot === undefined) return [];
    if (milli > (room[slot] ?? 0)) return [{ reason: "RoleOverLimit", resource }];
    if (milli > (surplus[slot] ?? 0) + (claim[slot] ?? 0)) return [{ reason: "HeldForGuarantees", resource }];
    return [];
  });
}

/** What must come from unreserved resources if nothing is reserved for the role. */
function openAmounts({ resources, portCount }: Question): [string, number][] {
  const amounts = [...resources.unreserved().nonRevocable().quantities()];
  return portCount === undefined ? amounts : [...amounts, ["ports", portCount * 1000]];
}
