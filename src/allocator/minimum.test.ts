import { describe, expect, it } from "vitest";
import { parseMinAllocatable } from "./minimum.ts";

describe("parseMinAllocatable", () => {
  it.each([
    ["cpus:0.01|mem:32", ["cpus:0.01", "mem:32"]],
    [" cpus:1 ; mem:64Mi | gpus:1 ", ["cpus:1;mem:64", "gpus:1"]],
    ["", []],
  ])("%j", (text, minima) => {
    expect(parseMinAllocatable(text).map(String)).toEqual(minima);
  });

  it.each(["cpus", "cpus:", "cpus:x", "cpus:1:2", "cpus:-1"])("refuses %j", (text) => {
    expect(() => parseMinAllocatable(text)).toThrow(/cpus/);
  });
});
