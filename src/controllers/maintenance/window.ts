import type { Agent, MaintenanceStatus } from "../../api/agent.ts";
import { durationMs } from "../../api/duration.ts";

/** Mesos's Unavailability; without a duration it does not end. */
export type Window = MaintenanceStatus["unavailability"];
export type Phase = MaintenanceStatus["phase"];

export const startOf = ({ start }: Window): number => Date.parse(start);

/** Milliseconds since the epoch; infinity for one that does not end. */
export const endOf = (window: Window): number =>
  window.duration === undefined ? Number.POSITIVE_INFINITY : startOf(window) + durationMs(window.duration);

export function phaseOf(window: Window, now: number): Phase {
  if (now >= endOf(window)) return "Over";
  return now >= startOf(window) ? "InProgress" : "Planned";
}

/** Whether they are the same as they are written: an Offer repeats what its Agent says, word for word. */
export const sameWindow = (a: Window | undefined, b: Window | undefined): boolean =>
  a?.start === b?.start && a?.duration === b?.duration;

/** What Offers of the agent tell: the window that is planned, as long as it is not over. */
export function unavailabilityOf({ spec: { maintenance } }: Agent, now: number): Window | undefined {
  if (maintenance === undefined || phaseOf(maintenance, now) === "Over") return undefined;
  const { start, duration } = maintenance;
  return { start, ...(duration !== undefined && { duration }) };
}
