import { describe, expect, test } from "vitest";
import { amountsOf, type Candidate, grantable } from "./grant.ts";
import { NO_AMOUNTS, type SlotState } from "./slotState.ts";

const slot = (cpus: number, fields: Partial<SlotState> = {}): SlotState => ({
  podUid: "p",
  containerId: "containerd://c",
  granted: { cpus, mem: 1_000_000 },
  resizePending: false,
  ending: false,
  ...fields,
});
const task = (name: string, cpus: number, age: number, group?: Candidate["group"]): Candidate => ({
  uid: name,
  namespace: "default",
  name,
  createdAt: `2026-01-01T00:00:${String(age).padStart(2, "0")}Z`,
  wants: { cpus, mem: 1_000 },
  ...(group ? { group } : {}),
});
const names = (list: readonly Candidate[]) => list.map(({ name }) => name);

test("tasks start within what the kubelet has granted and others do not hold", () => {
  const waiting = [task("a", 500, 1), task("b", 500, 2)];
  expect(names(grantable(waiting, slot(1_000), NO_AMOUNTS))).toEqual(["a", "b"]);
  expect(names(grantable(waiting, slot(1_000), { cpus: 500, mem: 0 }))).toEqual(["a"]);
  expect(names(grantable(waiting, slot(999), NO_AMOUNTS))).toEqual(["a"]);
  const tight = slot(1_000, { granted: { cpus: 1_000, mem: 1_999 } });
  expect(names(grantable(waiting, tight, NO_AMOUNTS))).toEqual(["a"]);
});

test("the order is by age, then by name, whatever order they come in", () => {
  const waiting = [task("z", 1, 1), task("b", 1, 2), task("a", 1, 2)];
  expect(names(grantable(waiting, slot(10), NO_AMOUNTS))).toEqual(["z", "a", "b"]);
});

test("a younger task does not pass by an older one that does not fit yet", () => {
  expect(grantable([task("big", 900, 1), task("small", 1, 2)], slot(500), NO_AMOUNTS)).toEqual([]);
});

describe("nothing starts", () => {
  test.each([
    ["without a slot", undefined],
    ["while a resize is pending", slot(1_000, { resizePending: true })],
    ["while the slot is being ended", slot(1_000, { ending: true })],
  ])("%s", (_name, state) => {
    expect(grantable([task("a", 1, 1)], state, NO_AMOUNTS)).toEqual([]);
  });

  test("before the slot's container runs", () => {
    const { containerId: _, ...waiting } = slot(1_000);
    expect(grantable([task("a", 1, 1)], waiting, NO_AMOUNTS)).toEqual([]);
  });
});

describe("a group", () => {
  const group = { key: "g", size: 2 };

  test("starts whole", () => {
    const waiting = [task("g1", 400, 1, group), task("x", 100, 2), task("g2", 400, 3, group)];
    expect(names(grantable(waiting, slot(900), NO_AMOUNTS))).toEqual(["g1", "g2", "x"]);
    expect(grantable(waiting, slot(799), NO_AMOUNTS)).toEqual([]);
  });

  test("that is not complete holds nobody up", () => {
    const waiting = [task("g1", 400, 1, group), task("x", 100, 2)];
    expect(names(grantable(waiting, slot(900), NO_AMOUNTS))).toEqual(["x"]);
  });
});

test("what a task wants of the slot is its cpus and mem, reserved or not", () => {
  expect(
    amountsOf([
      { name: "cpus", scalar: 0.5 },
      { name: "cpus", scalar: 0.25, reservations: [{ type: "DYNAMIC", role: "ads" }] },
      { name: "mem", quantity: "64Mi" },
      { name: "disk", scalar: 10 },
      { name: "ports", ranges: [{ begin: 1, end: 2 }] },
    ]),
  ).toEqual({ cpus: 750, mem: 64_000 });
});

describe("an executor", () => {
  const executor = { uid: "e", wants: { cpus: 100, mem: 1_000 } };
  const waiting = [
    { ...task("a", 400, 1), executor },
    { ...task("b", 400, 2), executor },
  ];

  test("counts once, with the first of its tasks", () => {
    expect(names(grantable(waiting, slot(900), NO_AMOUNTS))).toEqual(["a", "b"]);
    expect(names(grantable(waiting, slot(899), NO_AMOUNTS))).toEqual(["a"]);
    expect(names(grantable(waiting, slot(499), NO_AMOUNTS))).toEqual([]);
  });

  test("that was started is among what is held", () => {
    const held = { cpus: 100, mem: 1_000 };
    expect(names(grantable(waiting, slot(900), held, new Set(["e"])))).toEqual(["a", "b"]);
    expect(names(grantable(waiting, slot(499), NO_AMOUNTS, new Set(["e"])))).toEqual(["a"]);
  });
});
