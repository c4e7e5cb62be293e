import type { Dependencies, Runnable } from "../dependencies.ts";
import type { Scheduling } from "../world/scheduling.ts";
import { AllocationLoop } from "./loop.ts";
import { createPlacedController } from "./placed.ts";

/** Decides who is offered what, places tasks without a framework, and says why those wait that do. */
export function createAllocationController(deps: Dependencies, scheduling: Scheduling): Runnable {
  const breath = deps.breath.in("allocation");
  const loop = new AllocationLoop({ ...deps, breath }, scheduling);
  const placed = createPlacedController(deps);
  return {
    name: "allocation",
    run: async (signal) => {
      await Promise.all([loop.run(signal), placed.run(signal)]);
    },
  };
}
