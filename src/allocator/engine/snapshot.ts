/** An engine that was told a whole world. */
import type { AllocationWorld } from "../world.ts";
import { AllocationEngine } from "./engine.ts";

/** For `allocate`, which changes it. */
export function newEngineOf(world: AllocationWorld): AllocationEngine {
  const engine = new AllocationEngine(world.refusals);
  engine.setRoles(world.roles);
  engine.setQuotas(world.quotas);
  for (const framework of world.frameworks) engine.upsertFramework(framework);
  for (const agent of world.agents) engine.upsertAgent(agent);
  return engine;
}

const engines = new WeakMap<AllocationWorld, AllocationEngine>();

/** For questions, which change nothing: kept with the world. */
export function engineOf(world: AllocationWorld): AllocationEngine {
  const known = engines.get(world);
  if (known !== undefined) return known;
  const engine = newEngineOf(world);
  engines.set(world, engine);
  return engine;
}
