import { describe, expect, it } from "vitest";
import { ManualClock } from "../../cluster/manual-clock.ts";
import type { Demand } from "./demand.ts";
import { Patience } from "./patience.ts";
import { planSlot, type SlotPlan, type SlotSituation, type SlotTimes } from "./plan.ts";
import { BASE, minus, NO_SIZE, plus, type Size } from "./size.ts";
import type { SlotState } from "./state.ts";

const MI = 2 ** 20;
const size = (cpuMilli: number, mebibytes: number): Size => ({ cpuMilli, memoryBytes: mebibytes * MI });
const withBase = (cpuMilli: number, mebibytes: number): Size => plus(BASE, size(cpuMilli, mebibytes));
const demand = (cpuMilli: number, mebibytes: number, begun = false): Demand => ({
  tasks: [],
  executors: [],
  size: size(cpuMilli, mebibytes),
  begun,
});
const times: SlotTimes = { deferred: 5000, silent: 60000, linger: 2000 };

const slot = (asked: Size, granted: Size = asked, more: Partial<SlotState> = {}): SlotState => ({
  phase: "running",
  asked,
  granted,
  ...more,
});
const deferred = { pending: { reason: "Deferred", message: "Node didn't have enough resource: cpu" } };
const infeasible = { pending: { reason: "Infeasible", message: "too much" } };

function plan(situation: Partial<SlotSituation> & { slot: SlotState }, waited = 0): SlotPlan {
  return planSlot(
    { demands: [], coming: NO_SIZE, room: size(8000, 8192), minimum: BASE, kubeletSince: "", ...situation },
    () => waited,
    times,
  );
}
/** What was dropped, by its cpu. */
const dropped = (found: SlotPlan) =>
  found.kind === "shed" ? found.drop.map((one) => one.size.cpuMilli) : found.kind;
const target = (found: SlotPlan) =>
  (found.kind === "shed" || found.kind === "resize") && found.to
    ? minus(found.to, BASE).cpuMilli
    : found.kind;

describe("planSlot: growing and shrinking", () => {
  it("is settled when it asks for what the tasks hold", () => {
    expect(plan({ slot: slot(BASE) }).kind).toBe("settled");
    expect(plan({ slot: slot(withBase(500, 64)), demands: [demand(500, 64, true)] }).kind).toBe("settled");
  });

  it("asks for all that has come, at once", () => {
    expect(target(plan({ slot: slot(BASE), demands: [demand(500, 64), demand(100, 1)] }))).toBe(600);
  });

  it("asks in the same breath for what is coming, and keeps to it when it has come", () => {
    const coming = size(300, 16);
    expect(target(plan({ slot: slot(BASE), demands: [demand(100, 16)], coming }))).toBe(400);
    expect(plan({ slot: slot(withBase(400, 32)), demands: [demand(400, 32)] }).kind).toBe("settled");
  });

  it("grows in one and shrinks in the other without waiting", () => {
    const found = plan({ slot: slot(withBase(500, 64)), demands: [demand(100, 128)] });
    expect(found).toEqual({ kind: "resize", to: withBase(100, 128) });
  });

  it("gives back after a while", () => {
    const idle = { slot: slot(withBase(500, 64)) };
    expect(plan(idle, 500)).toEqual({ kind: "wait", after: 1500 });
    expect(plan(idle, 2000)).toEqual({ kind: "resize", to: BASE });
  });

  it("has one resize at a time", () => {
    const busy = { slot: slot(withBase(500, 64), BASE), demands: [demand(500, 64), demand(100, 1)] };
    expect(plan(busy, 1000)).toEqual({ kind: "wait", after: 59000 });
  });
});

describe("planSlot: the minimum", () => {
  const minimum = withBase(400, 256);

  it("has launches that fit into it ask for nothing, and larger ones for no more than they need", () => {
    const idle = slot(minimum);
    expect(plan({ slot: idle, minimum }).kind).toBe("settled");
    expect(plan({ slot: idle, minimum, demands: [demand(400, 64)] }).kind).toBe("settled");
    const large = plan({ slot: idle, minimum, demands: [demand(500, 64)] });
    expect(large).toEqual({ kind: "resize", to: withBase(500, 256) });
  });

  it("is what a slot goes back to, and grows to, after a while", () => {
    for (const now of [withBase(900, 900), BASE]) {
      expect(plan({ slot: slot(now), minimum }, 500)).toEqual({ kind: "wait", after: 1500 });
      expect(plan({ slot: slot(now), minimum }, 2000)).toEqual({ kind: "resize", to: minimum });
    }
  });

  it("is no more than what other Pods leave of the node", () => {
    const found = plan({ slot: slot(BASE), minimum, room: withBase(100, 900) }, 2000);
    expect(found).toEqual({ kind: "resize", to: withBase(100, 256) });
    expect(plan({ slot: slot(BASE), minimum, room: size(0, 0) }, 2000).kind).toBe("settled");
  });

  it("is given up at once where the kubelet does not grant it, and no launch with it", () => {
    const refused = slot(minimum, BASE, deferred);
    expect(plan({ slot: refused, minimum })).toEqual({ kind: "resize", to: BASE });
    const demands = [demand(100, 16)];
    expect(plan({ slot: refused, minimum, demands })).toEqual({ kind: "resize", to: withBase(100, 16) });
  });
});

describe("planSlot: what the kubelet does not grant", () => {
  const asked = slot(withBase(900, 64), withBase(500, 32), deferred);
  const demands = [demand(500, 32, true), demand(300, 16), demand(100, 16)];

  it("waits while Deferred is young", () => {
    expect(plan({ slot: asked, demands }, 4000)).toEqual({ kind: "wait", after: 1000 });
  });

  it("drops the newest by what the operator knows of the node, keeps what fits", () => {
    const found = plan({ slot: asked, demands, room: withBase(800, 1024) }, 5000);
    expect(dropped(found)).toEqual([100]);
    expect(target(found)).toBe(800);
    expect(found.kind === "shed" && found.obstacle).toBe("ResizeDeferred");
    expect(found.kind === "shed" && found.message).toMatch(/didn't have enough resource: cpu/);
  });

  it("keeps a smaller one that fits beside an older one that does not", () => {
    expect(dropped(plan({ slot: asked, demands, room: withBase(600, 1024) }, 5000))).toEqual([300]);
  });

  it("believes the kubelet when by its own count all fits: only what is granted stays", () => {
    const found = plan({ slot: asked, demands }, 5000);
    expect(dropped(found)).toEqual([300, 100]);
    expect(target(found)).toBe(500);
  });

  it("never drops what has begun", () => {
    const begun = [demand(500, 32, true), demand(400, 32, true)];
    expect(plan({ slot: asked, demands: begun, room: BASE }, 5000).kind).toBe("settled");
  });

  it("drops at once when it is Infeasible", () => {
    const found = plan({ slot: slot(withBase(900, 64), withBase(500, 32), infeasible), demands }, 0);
    expect(dropped(found)).toEqual([300, 100]);
  });

  it("asks for less as soon as a task that waited is gone", () => {
    expect(target(plan({ slot: asked, demands: demands.slice(0, 2) }, 0))).toBe(800);
  });

  it("drops when the kubelet never answers", () => {
    const silent = slot(withBase(900, 64), withBase(500, 32));
    const found = plan({ slot: silent, demands }, 60000);
    expect(dropped(found)).toEqual([300, 100]);
    expect(found.kind === "shed" && found.obstacle).toBe("ResizeUnanswered");
  });

  it("gives a kubelet that has come back its time anew", async () => {
    const clock = new ManualClock();
    const patience = new Patience(clock);
    const silent = {
      slot: slot(withBase(900, 64), withBase(500, 32)),
      demands,
      coming: NO_SIZE,
      room: size(8000, 8192),
      minimum: BASE,
    };
    const look = (kubeletSince: string) =>
      planSlot({ ...silent, kubeletSince }, (key) => patience.waited("n1", key), times);
    look("down");
    await clock.advance(59_000);
    expect(look("down")).toEqual({ kind: "wait", after: 1000 });
    expect(look("up")).toEqual({ kind: "wait", after: 60_000 });
    await clock.advance(60_000);
    expect(look("up").kind).toBe("shed");
  });
});

describe("planSlot without a slot Pod that runs", () => {
  const starting = slot(BASE, BASE, { phase: "starting" });

  it("leaves tasks time, then drops those that have not begun", () => {
    const demands = [demand(500, 32, true), demand(100, 16)];
    expect(plan({ slot: starting, demands }, 0)).toEqual({ kind: "wait", after: 60000 });
    expect(dropped(plan({ slot: starting, demands }, 60000))).toEqual([100]);
  });

  it("has nothing to do without such tasks", () => {
    expect(plan({ slot: starting, demands: [demand(500, 32, true)] }, 60000).kind).toBe("settled");
  });
});
