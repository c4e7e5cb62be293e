/** Who is offered what: pure decisions over plain data. Start at world.ts. */
export { allocate } from "./allocate.ts";
export * from "./constraints.ts";
export * from "./decision.ts";
export { AllocationEngine } from "./engine/engine.ts";
export type * from "./engine/interface.ts";
export * from "./explain.ts";
export * from "./failover.ts";
export * from "./filters.ts";
export { parseMinAllocatable } from "./minimum.ts";
export { once } from "./once.ts";
export * from "./placement/index.ts";
export * from "./reclaim/index.ts";
export * from "./shares.ts";
export * from "./stepwise.ts";
export * from "./world.ts";
