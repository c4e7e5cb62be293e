/** Pure algebra of Mesos resources: amounts are integers in thousandths of a unit (mem and disk: of a MiB). */
export * from "./attributes.ts";
export * from "./convert.ts";
export * from "./errors.ts";
export * from "./operations.ts";
export * from "./quantities.ts";
export * from "./quantity.ts";
export * from "./ranges.ts";
export * from "./resource.ts";
export * from "./resources.ts";
export * from "./role.ts";
export * from "./spec.ts";
export * from "./text.ts";
