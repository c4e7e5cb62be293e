/** The order that a sorter puts clients in, told by who is offered an agent when all before have refused it. */
import { allocate } from "../allocate.ts";
import type { AllocationOptions } from "../decision.ts";
import { options } from "../world.fixture.ts";
import type { AllocationWorld } from "../world.ts";

/** Roles, or ids of frameworks, first who comes first. Something must be free. */
export function order(
  world: AllocationWorld,
  by: "role" | "framework" = "role",
  more: Partial<AllocationOptions> = {},
): string[] {
  const refused = new Set<string>();
  const found: string[] = [];
  const refusals = { refuses: (id: string, role: string) => refused.has(`${id} ${role}`) };
  for (;;) {
    const [first] = allocate({ ...world, refusals }, options(more)).offers;
    if (first === undefined) return found;
    found.push(first[by]);
    refused.add(`${first.framework} ${first.role}`);
  }
}
