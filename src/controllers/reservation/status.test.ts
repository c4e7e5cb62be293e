import { describe, expect, it } from "vitest";
import { findCondition } from "../../cluster/conditions.ts";
import { parseResources } from "../../resources/index.ts";
import { agentState, list, reservation, view } from "../objects.fixture.ts";
import type { AgentView } from "../world/agentview.ts";
import { reservedForm } from "../world/reservedform.ts";
import { type ReservationFacts, reservationStatus } from "./status.ts";

const facts = (views: readonly AgentView[], more: Partial<ReservationFacts> = {}): ReservationFacts => ({
  viewOf: (name) => views.find((one) => one.name === name),
  all: () => views,
  users: [],
  roleMissing: undefined,
  now: "2026-01-01T00:00:00Z",
  ...more,
});
const outcome = (one: ReturnType<typeof reservation>, given: ReservationFacts) => {
  const status = reservationStatus(one, given);
  return [findCondition(status.conditions, "Reserved")?.reason, status.reserved?.[0]?.agent];
};
const rack = (name: string, total: string, text: string): AgentView => ({
  ...view(total),
  name,
  state: agentState(name, total, { attributes: [{ name: "rack", value: { kind: "text", text } }] }),
});

describe("a Reservation", () => {
  it("is placed where tasks leave room; offers do not keep it off", () => {
    expect(outcome(reservation("r"), facts([view("cpus:2")]))).toEqual(["Reserved", "n1"]);
    expect(outcome(reservation("r"), facts([view("cpus:2", "cpus:1")]))).toEqual([
      "InsufficientResources",
      undefined,
    ]);
    const offered = [{ offer: { metadata: {} } as never, resources: parseResources("cpus:2") }];
    expect(outcome(reservation("r"), facts([view("cpus:2", "", offered)]))).toEqual(["Reserved", "n1"]);
    expect(outcome(reservation("r"), facts([]))).toEqual(["AgentNotFound", undefined]);
  });

  it("by selector goes to the first agent that fits", () => {
    const spec = { agent: undefined, selector: { attributes: { rack: "x" } } };
    const { agent: _agent, ...bySelector } = { ...reservation("r").spec, ...spec };
    const one = { ...reservation("r"), spec: bySelector };
    const views = [rack("n3", "cpus:9", "x"), rack("n2", "cpus:9", "x"), rack("n1", "cpus:9", "y")];
    expect(outcome(one, facts(views))).toEqual(["Reserved", "n2"]);
    expect(outcome(one, facts([rack("n1", "cpus:9", "y")]))).toEqual(["NoAgentFits", undefined]);
  });

  it("that is placed stays where it is, and says when its room is gone", () => {
    const placed = reservation("r", {}, { reserved: [{ agent: "n1", resources: list("cpus:2") }] });
    expect(outcome(placed, facts([view("cpus:1")]))).toEqual(["Displaced", "n1"]);
    const form = reservedForm(placed);
    if ("invalid" in form) throw new Error(form.invalid);
    const there = { ...view("cpus:9"), reserved: new Map([["uid-r", form.reserved]]) };
    expect(outcome(placed, facts([there]))).toEqual(["Reserved", "n1"]);
    expect(outcome(placed, facts([]))).toEqual(["AgentNotFound", "n1"]);
  });

  it("says what is wrong with it", () => {
    const volumes = [{ id: "v", scalar: 9, containerPath: "d", mode: "RW" as const }];
    expect(outcome(reservation("r", { volumes }), facts([view("cpus:9")]))[0]).toBe("InvalidResources");
    expect(outcome(reservation("r"), facts([view("cpus:9")], { roleMissing: "no Role" }))[0]).toBe(
      "RoleNotFound",
    );
  });

  it("tells who holds it", () => {
    const status = reservationStatus(reservation("r"), facts([view("cpus:9")], { users: ["ns/t"] }));
    expect(status.inUseBy).toEqual(["ns/t"]);
    expect(findCondition(status.conditions, "InUse")?.status).toBe("True");
  });
});
