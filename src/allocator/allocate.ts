/** One allocation of a whole world: whom to offer what. engine/ has the order of things, and keeps a world from round to round. */
import type { AllocationDecision, AllocationOptions } from "./decision.ts";
import { newEngineOf } from "./engine/snapshot.ts";
import type { AllocationWorld } from "./world.ts";

/** Pure: the same world, options and random numbers give the same decision. */
export function allocate(world: AllocationWorld, options: AllocationOptions): AllocationDecision {
  return newEngineOf(world).allocate(options);
}
