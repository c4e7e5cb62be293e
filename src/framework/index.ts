/**
 * The framework SDK: write a Scheduler, give it to a SchedulerDriver, call `run`.
 *
 * @example
 * const driver = await SchedulerDriver.connect(
 *   { resourceOffers: (driver, offers) => { for (const offer of offers) void driver.decline(offer); } },
 *   { name: "hello", roles: ["dev"] },
 * );
 * await driver.run();
 */
export type {
  Misfit,
  PlacementConstraint,
  PlacementOperator,
  PlacementPolicyName,
  RunningTask,
} from "../allocator/index.ts";
export { isTerminal, type TaskState } from "../api/taskstate.ts";
export {
  type Attribute,
  fromSpec,
  parseResources,
  type Resource,
  type ResourceSpec,
  Resources,
  toSpec,
} from "../resources/index.ts";
export { SchedulerDriver } from "./driver.ts";
export { CallbackError, FrameworkRefusedError, OfferGoneError } from "./errors.ts";
export type { SchedulerDriverOptions } from "./options.ts";
export {
  type KnownAgent,
  type Launch,
  type NotPlaced,
  type PlacementOptions,
  placeTasks,
  type WaitingTask,
} from "./placement.ts";
export type {
  Accept,
  Filters,
  InverseOffer,
  OfferedResources,
  Operation,
  Scheduler,
  TaskInfo,
  TaskUpdate,
} from "./scheduler.ts";
