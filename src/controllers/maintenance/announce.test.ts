import { expect, test } from "vitest";
import type { MaintenanceStatus } from "../../api/agent.ts";
import { notes } from "./announce.ts";

const status = (
  response: "ACCEPT" | "DECLINE" | "UNKNOWN",
  more: Partial<MaintenanceStatus> = {},
): MaintenanceStatus => ({
  unavailability: { start: "2026-01-01T01:00:00Z" },
  generation: 1,
  phase: "Planned",
  frameworks: [{ namespace: "ns", framework: "fw", id: "u", response, asked: 0 }],
  ...more,
});
const reasons = (...args: Parameters<typeof notes>) => notes(...args).map(({ reason }) => reason);

test("a window is told once, and each of its phases", () => {
  expect(reasons(undefined, status("UNKNOWN"))).toEqual(["MaintenancePlanned"]);
  expect(reasons(status("UNKNOWN"), status("UNKNOWN"))).toEqual([]);
  expect(reasons(status("UNKNOWN"), status("UNKNOWN", { phase: "InProgress" }))).toEqual([
    "MaintenanceStarted",
  ]);
  expect(reasons(status("UNKNOWN"), undefined)).toEqual(["MaintenanceWithdrawn"]);
});

test("an answer is told when it is another than before", () => {
  expect(reasons(status("UNKNOWN"), status("DECLINE"))).toEqual(["MaintenanceDeclined"]);
  expect(reasons(status("DECLINE"), status("DECLINE"))).toEqual([]);
  expect(reasons(status("DECLINE"), status("ACCEPT"))).toEqual(["MaintenanceAccepted"]);
  // The same answer about another window is news.
  expect(reasons(status("ACCEPT"), status("ACCEPT", { generation: 2 }))).toEqual([
    "MaintenancePlanned",
    "MaintenanceAccepted",
  ]);
});
