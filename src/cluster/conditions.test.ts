import { describe, expect, it } from "vitest";
import {
  type Condition,
  findCondition,
  isConditionTrue,
  removeCondition,
  setCondition,
} from "./conditions.ts";

const T1 = "2026-01-01T00:00:00Z";
const T2 = "2026-01-02T00:00:00Z";
const ready = {
  type: "Ready",
  status: "True",
  reason: "Up",
  message: "is up",
  observedGeneration: 1,
} as const;
const placed: Condition = {
  type: "Placed",
  status: "False",
  reason: "Short",
  message: "",
  lastTransitionTime: T1,
};

describe("setCondition", () => {
  it("adds a condition with the time", () => {
    expect(setCondition(undefined, ready, T1)).toEqual([{ ...ready, lastTransitionTime: T1 }]);
  });

  it("keeps the transition time while the status stays", () => {
    const before = setCondition([placed], ready, T1);
    const after = setCondition(before, { ...ready, reason: "Better", observedGeneration: 2 }, T2);
    expect(after[1]).toEqual({ ...ready, reason: "Better", observedGeneration: 2, lastTransitionTime: T1 });
    expect(after[0]).toBe(placed);
  });

  it("moves the transition time when the status changes", () => {
    const after = setCondition(setCondition(undefined, ready, T1), { ...ready, status: "False" }, T2);
    expect(after).toEqual([{ ...ready, status: "False", lastTransitionTime: T2 }]);
  });

  it("answers with the same list when nothing changed, and never changes the one given", () => {
    const before = Object.freeze(setCondition([placed], ready, T1));
    expect(setCondition(before, { ...ready }, T2)).toBe(before);
    expect(setCondition(before, { ...ready, message: "other" }, T2)).not.toBe(before);
    expect(before[1]?.message).toBe("is up");
  });

  it.each([["reason"], ["message"], ["observedGeneration"]] as const)("sees a changed %s", (field) => {
    const before = setCondition(undefined, ready, T1);
    const changed = { ...ready, [field]: field === "observedGeneration" ? 2 : "Other" };
    expect(setCondition(before, changed, T2)).not.toBe(before);
  });
});

describe("reading conditions", () => {
  it("finds and judges by type", () => {
    const list = setCondition([placed], ready, T1);
    expect(findCondition(list, "Placed")).toBe(placed);
    expect(findCondition(undefined, "Placed")).toBeUndefined();
    expect([
      isConditionTrue(list, "Ready"),
      isConditionTrue(list, "Placed"),
      isConditionTrue(list, "No"),
    ]).toEqual([true, false, false]);
  });

  it("removes by type, answering with the same list if it is not there", () => {
    const list = setCondition([placed], ready, T1);
    expect(removeCondition(list, "Placed").map(({ type }) => type)).toEqual(["Ready"]);
    expect(removeCondition(list, "No")).toBe(list);
  });
});
