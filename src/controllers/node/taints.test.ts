import { describe, expect, it } from "vitest";
import { type Taint, type Toleration, tolerates, untolerated } from "./taints.ts";

const taint = (text: string): Taint => {
  const [left = "", effect = ""] = text.split(":");
  const [key = "", value] = left.split("=");
  return { key, effect, ...(value !== undefined && { value }) };
};

const table: [string, Toleration, string, boolean][] = [
  ["all", { operator: "Exists" }, "a=b:NoSchedule", true],
  ["key exists", { key: "a", operator: "Exists" }, "a=b:NoSchedule", true],
  ["another key", { key: "c", operator: "Exists" }, "a=b:NoSchedule", false],
  ["equal", { key: "a", operator: "Equal", value: "b" }, "a=b:NoSchedule", true],
  ["equal by default", { key: "a", value: "b" }, "a=b:NoSchedule", true],
  ["another value", { key: "a", value: "c" }, "a=b:NoSchedule", false],
  ["no value on both", { key: "a" }, "a:NoSchedule", true],
  ["no value against one", { key: "a" }, "a=b:NoSchedule", false],
  ["the effect", { key: "a", value: "b", effect: "NoExecute" }, "a=b:NoExecute", true],
  ["another effect", { key: "a", value: "b", effect: "NoExecute" }, "a=b:NoSchedule", false],
  ["an effect of all keys", { operator: "Exists", effect: "NoSchedule" }, "x:NoSchedule", true],
  ["Equal without a key", { operator: "Equal" }, "a:NoSchedule", false],
  ["an operator of a later Kubernetes", { key: "a", operator: "Gt", value: "1" }, "a=2:NoSchedule", false],
];

it.each(table)("tolerates: %s", (_name, toleration, text, expected) => {
  expect(tolerates(toleration, taint(text))).toBe(expected);
});

describe("untolerated", () => {
  it("names the first taint that is not tolerated", () => {
    const taints = ["a:NoSchedule", "b:NoExecute", "c:NoSchedule"].map(taint);
    expect(untolerated(taints, [{ key: "a", operator: "Exists" }])?.key).toBe("b");
  });

  it("does not mind PreferNoSchedule, nor no taints", () => {
    expect(untolerated([taint("a:PreferNoSchedule")], undefined)).toBeUndefined();
    expect(untolerated(undefined, undefined)).toBeUndefined();
  });
});
