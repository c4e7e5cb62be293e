import { describe, expect, it } from "vitest";
import { parseAttributes, parseResources, type ResourceSpec } from "../resources/index.ts";
import { placeTasks, type WaitingTask } from "./placement.ts";
import type { OfferedResources } from "./scheduler.ts";

const offer = (agent: string, text: string, attributes = ""): OfferedResources => ({
  id: `offer-${agent}`,
  role: "eng",
  agent,
  hostname: `${agent}.example.org`,
  resources: parseResources(text),
  attributes: parseAttributes(attributes),
  expiresAt: new Date(0),
  revocable: false,
});
const waits = (name: string, more: Partial<WaitingTask> = {}): WaitingTask => ({
  task: { name, resources: [{ name: "cpus", scalar: 1 }], command: { value: "true" } },
  groups: ["web"],
  ...more,
});
const places = ({ launches }: ReturnType<typeof placeTasks>) =>
  launches.map(({ offer: { id }, tasks }) => [id, tasks.map(({ name }) => name)]);

describe("placeTasks", () => {
  const offers = [
    offer("n1", "cpus:4", "rack:r1"),
    offer("n2", "cpus:2", "rack:r2"),
    offer("n3", "cpus:4", "rack:r1"),
  ];

  it("says what to launch on which offer, by a policy", () => {
    const two = [waits("a"), waits("b")];
    expect(places(placeTasks(offers, two))).toEqual([["offer-n1", ["a", "b"]]]);
    expect(places(placeTasks(offers, two, { policy: "spread" }))).toEqual([
      ["offer-n1", ["a"]],
      ["offer-n3", ["b"]],
    ]);
    expect(places(placeTasks(offers, two, { policy: "bin-pack-cpu" }))).toEqual([["offer-n2", ["a", "b"]]]);
  });

  it("measures fullness by the whole agent where it is known", () => {
    const agents = [{ agent: "n1", hostname: "n1", attributes: [], total: parseResources("cpus:64") }];
    expect(places(placeTasks(offers, [waits("a")], { policy: "bin-pack-cpu", agents }))).toEqual([
      ["offer-n1", ["a"]],
    ]);
  });

  it("keeps to constraints, of tasks that run too", () => {
    const constraints = [{ attribute: "rack", operator: "Unique", peers: "web" } as const];
    const running = [{ agent: "n1", groups: ["web"] }];
    const found = placeTasks(offers, [waits("a", { constraints }), waits("b", { constraints })], { running });
    expect(places(found)).toEqual([["offer-n2", ["a"]]]);
    expect(found.unplaced.map(({ waiting, message }) => [waiting.task.name, message])).toEqual([
      ["b", "none of 3 agents will do: 3 outside rack Unique"],
    ]);
  });

  it("picks the resources out of the offer: reserved ones first, and ports", () => {
    const reserved = [offer("n1", "cpus(eng):1;cpus:1;ports:[31000-31009]")];
    const [launch] = placeTasks(reserved, [waits("a", { ports: 2 })]).launches;
    expect(launch?.tasks[0]?.resources).toEqual<ResourceSpec[]>([
      { name: "cpus", scalar: 1, reservations: [{ type: "STATIC", role: "eng" }] },
      { name: "ports", ranges: [{ begin: 31000, end: 31001 }] },
    ]);
  });
});
