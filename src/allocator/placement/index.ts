export * from "./match.ts";
export * from "./place.ts";
export * from "./policy.ts";
export * from "./request.ts";
