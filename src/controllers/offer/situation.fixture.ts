import { Resources } from "../../resources/index.ts";
import { framework, offer } from "../objects.fixture.ts";
import type { Situation } from "./situation.ts";

/** An offer whose agent has just what is offered; what a test does not say is the plainest there is. */
export const situationOf = (offered: Resources, more: Partial<Situation> = {}): Situation => ({
  offer: offer("o"),
  framework: framework(),
  offered,
  room: offered.scalarQuantities(),
  made: [],
  madeExecutors: [],
  executor: () => undefined,
  isTaken: () => false,
  reservations: [],
  volumes: Resources.empty,
  used: Resources.empty,
  ...more,
});
