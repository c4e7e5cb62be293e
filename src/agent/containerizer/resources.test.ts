import { expect, test } from "vitest";
import { linuxResources } from "./resources.ts";

const facts = { swapAccounting: true };

test("cpus become shares, at least two", () => {
  const shares = (cpus: number) => linuxResources({ cpus }, facts, "create").cpu?.shares;
  expect([0, 0.001, 0.1, 1, 1.5, 1000].map(shares)).toEqual([2, 2, 102, 1024, 1536, 262_144]);
});

test("a limit of cpus becomes a quota, at least a millisecond", () => {
  expect(linuxResources({ cpus: 1, cpuLimit: 0.5 }, facts, "create").cpu).toEqual({
    shares: 1024,
    quota: 50_000,
    period: 100_000,
  });
  expect(linuxResources({ cpus: 1, cpuLimit: 0.001 }, facts, "create").cpu?.quota).toBe(1000);
});

test("memory is hard, and swap none where it is counted", () => {
  const limits = { cpus: 1, memoryBytes: 1 << 20, pids: 5 };
  expect(linuxResources(limits, facts, "create")).toMatchObject({
    memory: { limit: 1 << 20, swap: 1 << 20 },
    pids: { limit: 5 },
  });
  expect(linuxResources(limits, { swapAccounting: false }, "create").memory).toEqual({ limit: 1 << 20 });
});

test("what is not limited is left out at creation and taken off by an update", () => {
  expect(linuxResources({ cpus: 1 }, facts, "create")).toEqual({ cpu: { shares: 1024 } });
  expect(linuxResources({ cpus: 1 }, facts, "update")).toEqual({
    cpu: { shares: 1024, quota: -1, period: 100_000 },
    memory: { limit: -1, swap: -1 },
    pids: { limit: -1 },
  });
});
