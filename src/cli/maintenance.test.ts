import { expect, test } from "vitest";
import type { Agent } from "../api/agent.ts";
import { describe as describeMaintenance, patchOf } from "./maintenance.ts";

const now = new Date("2026-01-01T00:00:00Z");

test("options become a window, its withdrawal, or nothing", () => {
  expect(patchOf({}, now)).toBeUndefined();
  expect(patchOf({ clear: true }, now)).toEqual({ maintenance: null });
  expect(patchOf({ start: "now", duration: "2h" }, now)).toEqual({
    maintenance: { start: "2026-01-01T00:00:00Z", duration: "2h" },
  });
  // One without an end gives up the end of the one before.
  expect(patchOf({ start: "+1h30m" }, now)).toEqual({
    maintenance: { start: "2026-01-01T01:30:00Z", duration: null },
  });
  expect(patchOf({ start: "2026-02-01T00:00:00+01:00" }, now)).toMatchObject({
    maintenance: { start: "2026-02-01T00:00:00+01:00" },
  });
});

test("what cannot be meant is refused with a sentence", () => {
  expect(() => patchOf({ start: "tomorrow" }, now)).toThrow(/"tomorrow" is no time/);
  expect(() => patchOf({ start: "+soon" }, now)).toThrow(/"soon" is not a duration/);
  expect(() => patchOf({ duration: "1h" }, now)).toThrow(/--duration needs --start/);
  expect(() => patchOf({ clear: true, start: "now" }, now)).toThrow(/--clear goes without/);
});

test("the view shows who has answered what, and what is left", () => {
  const agent: Agent = {
    apiVersion: "mesos.dev/v1alpha1",
    kind: "Agent",
    metadata: { name: "n1" },
    spec: { unschedulable: false, maintenance: { start: "2026-01-01T01:00:00Z", duration: "2h" } },
    status: {
      maintenance: {
        unavailability: { start: "2026-01-01T01:00:00Z", duration: "2h" },
        generation: 1,
        phase: "Planned",
        frameworks: [
          {
            namespace: "a",
            framework: "fw",
            id: "u",
            response: "ACCEPT",
            at: "2025-12-31T23:59:30Z",
            asked: 1,
          },
        ],
      },
    },
  };
  const tasks = new Map([
    ["a/fw", 2],
    ["b/", 1],
  ]);
  expect(describeMaintenance(agent, tasks, now).split("\n")).toEqual([
    "Maintenance: 2026-01-01T01:00:00Z for 2h",
    "Phase:       Planned",
    "",
    "NAMESPACE   FRAMEWORK    RESPONSE   AGO   TASKS",
    "a           fw           ACCEPT     30s   2",
    "b           (built-in)                    1",
    "",
  ]);
});
