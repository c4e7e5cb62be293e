export * from "./judge.ts";
export * from "./match.ts";
export * from "./place.ts";
export * from "./policy.ts";
export * from "./request.ts";
export * from "./sentence.ts";
export * from "./situation.ts";
export * from "./terms.ts";
