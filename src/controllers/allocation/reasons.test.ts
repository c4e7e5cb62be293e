import { expect, it } from "vitest";
import type { Reason } from "../../allocator/index.ts";
import { waitingReason } from "./reasons.ts";

const word = (agents: number, fitting: number, ...reasons: Reason[]) =>
  waitingReason({ agents, fitting, reasons, message: "" }).reason;

it("is one word for what all agents lack", () => {
  expect(word(0, 0)).toBe("NoAgents");
  expect(word(3, 1, { reason: "Short", resource: "cpus", agents: 2 })).toBe("Waiting");
  expect(
    word(
      2,
      0,
      { reason: "Short", resource: "cpus", agents: 1 },
      { reason: "TooSmall", resource: "mem", agents: 1 },
    ),
  ).toBe("InsufficientResources");
  expect(word(2, 0, { reason: "Taint", agents: 2 })).toBe("UntoleratedTaint");
  expect(word(2, 0, { reason: "Cordoned", agents: 2 })).toBe("AgentCordoned");
  expect(word(2, 0, { reason: "Cordoned", agents: 1 }, { reason: "Constraint", agents: 1 })).toBe(
    "NoAgentFits",
  );
  expect(word(2, 0, { reason: "RoleOverLimit", resource: "cpus" }, { reason: "Taint", agents: 2 })).toBe(
    "RoleOverLimit",
  );
});
