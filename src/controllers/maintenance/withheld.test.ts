import { expect, test } from "vitest";
import type { MaintenanceStatus } from "../../api/agent.ts";
import { operatorConfig } from "../../config/operator.ts";
import { notOffered } from "../node/readiness.ts";
import { agent } from "../objects.fixture.ts";
import { agentView } from "../world/agentview.ts";
import { unavailabilityOf } from "./window.ts";

const window = { start: "2026-03-01T00:00:00Z", duration: "1h" };
const at = (phase: MaintenanceStatus["phase"], maintenance: typeof window | undefined = window) => ({
  ...agent("n1", maintenance && { maintenance }),
  status: { maintenance: { unavailability: window, generation: 1, phase, frameworks: [] } },
});
const facts = (one: ReturnType<typeof at>) => ({
  agent: one,
  node: undefined,
  pods: [],
  lease: "fresh" as const,
});

test("an agent is withheld while its maintenance lasts, and only then", () => {
  const reason = (one: ReturnType<typeof at>) => notOffered(facts(one), undefined)?.reason;
  expect(reason(at("Planned"))).toBeUndefined();
  expect(reason(at("InProgress"))).toBe("Maintenance");
  expect(reason(at("Over"))).toBeUndefined();
  // Withdrawn, and the status does not say so yet.
  expect(reason({ ...at("InProgress"), spec: { unschedulable: false } })).toBeUndefined();
});

test("the allocator is told by its own word", () => {
  const node = {
    apiVersion: "v1",
    kind: "Node",
    metadata: { name: "n1", uid: "u", resourceVersion: "1", creationTimestamp: "2026-01-01T00:00:00Z" },
    status: { conditions: [{ type: "Ready", status: "True" }] },
  };
  const slot = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { ...node.metadata, name: "mesos-slot-n1", namespace: "mesos-system" },
    spec: { nodeName: "n1", containers: [{ name: "slot" }] },
    status: {
      phase: "Running",
      containerStatuses: [
        {
          name: "slot",
          image: "i",
          imageID: "i",
          ready: true,
          restartCount: 0,
          state: { running: {} },
        },
      ],
    },
  };
  const config = operatorConfig.parse({});
  const parts = { tasks: [], executors: [], offers: [], reservations: [], frozen: false };
  const view = (one: ReturnType<typeof at>) =>
    agentView({ ...facts(one), node, pods: [slot], ...parts }, config).state.withheld;
  expect(view(at("InProgress"))).toBe("Maintenance");
  expect(view(at("Planned"))).toBeUndefined();
});

test("Offers tell of a window until it is over", () => {
  const one = agent("n1", { maintenance: window });
  const end = Date.parse("2026-03-01T01:00:00Z");
  expect(unavailabilityOf(one, 0)).toEqual(window);
  expect(unavailabilityOf(one, end - 1)).toEqual(window);
  expect(unavailabilityOf(one, end)).toBeUndefined();
  expect(unavailabilityOf(agent("n1"), 0)).toBeUndefined();
});
