export * from "./decide.ts";
export { type PlanOptions, planReclaim, type ReclaimPlan, type Step } from "./plan.ts";
export * from "./revocable.ts";
export * from "./snapshot.ts";
