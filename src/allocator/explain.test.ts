import { describe, expect, it } from "vitest";
import { parseResources } from "../resources/index.ts";
import { compileConstraint } from "./constraints.ts";
import { explain, type Question } from "./explain.ts";
import { OfferFilters } from "./reference/filters.fixture.ts";
import { sharesOf } from "./shares.ts";
import { agent, capabilities, framework, held, options, quota, world } from "./world.fixture.ts";
import type { AllocationWorld, FrameworkState } from "./world.ts";

const question = (resources: string, more: Partial<Question> = {}): Question => ({
  id: "t1",
  framework: "A",
  role: "a",
  resources: parseResources(resources),
  ...more,
});

const why = (parts: Partial<AllocationWorld>, asked: Question, more = {}) =>
  explain(world({ frameworks: [framework("A", "a")], ...parts }), asked, options(more));

describe("why is my task not placed?", () => {
  it("counts agents by reason", () => {
    const answer = why(
      {
        agents: [
          agent("n1", "cpus:4;mem:100", { allocations: [held("B", "b", "cpus:3")] }),
          agent("n2", "cpus:4;mem:100", { allocations: [held("B", "b", "cpus:4;mem:90")] }),
          agent("n3", "cpus:1;mem:100"),
          agent("n4", "cpus:9;mem:100", { withheld: "Cordoned" }),
          agent("n5", "cpus:9;mem:100", { taints: ["x:NoSchedule"] }),
          agent("n6", "cpus:9;mem:100", { attributes: "rack:r2" }),
          agent("n7", "cpus(b):9;mem:100", { attributes: "rack:r1" }),
        ],
      },
      question("cpus:2;mem:50", {
        accepts: compileConstraint({ attribute: "rack", operator: "TextNotEquals", value: "r2" }),
      }),
    );
    expect(answer.message).toBe(
      "0 of 7 agents would do: 2 short of cpus, 1 outside the constraints, 1 cordoned, 1 with cpus reserved for other roles, 1 short of mem, 1 with a taint that is not tolerated, 1 too small in cpus",
    );
    expect(answer.reasons).toContainEqual({ reason: "Short", resource: "cpus", agents: 2 });
  });

  it.each<[string, Partial<AllocationWorld>, Question, string]>([
    ["no agents", {}, question("cpus:1"), "there is no agent"],
    [
      "ports",
      { agents: [agent("n1", "cpus:1;ports:[1-3]")] },
      question("cpus:1", { portCount: 4 }),
      "too small in ports",
    ],
    [
      "a port that is taken",
      { agents: [agent("n1", "cpus:1;ports:[1-3]", { allocations: [held("B", "b", "ports:[2-2]")] })] },
      question("ports:[2-2]"),
      "1 short of ports",
    ],
    [
      "gpus for others",
      { agents: [agent("n1", "cpus:1;gpus:1")] },
      question("cpus:1"),
      "1 for frameworks with GPU_RESOURCES only",
    ],
    [
      "a limit",
      { agents: [agent("n1", "cpus:4")], quotas: [quota("a", { limits: { cpus: 1 } })] },
      question("cpus:2"),
      "over its limit of cpus",
    ],
    [
      "headroom",
      { agents: [agent("n1", "cpus:4")], quotas: [quota("z", { guarantees: { cpus: 3 } })] },
      question("cpus:2"),
      "cpus is held for the guarantees of other roles",
    ],
    [
      "an unknown framework",
      { agents: [agent("n1", "cpus:4")] },
      question("cpus:2", { framework: "Z" }),
      "is not known",
    ],
    [
      "a role that is not its own",
      { agents: [agent("n1", "cpus:4")] },
      question("cpus:2", { role: "b" }),
      "not in the role",
    ],
  ])("names %s", (_, parts, asked, text) => {
    expect(why(parts, asked).message).toContain(text);
  });

  it.each<[string, Partial<FrameworkState>]>([
    ["FrameworkInactive", { active: false }],
    ["RoleSuppressed", { suppressedRoles: new Set(["a"]) }],
    ["OffersAtLimit", { maxOffers: 2, offersOutstanding: 2 }],
  ])("names %s", (reason, more) => {
    const frameworks = [framework("A", "a", more)];
    const { reasons, fitting } = why({ frameworks, agents: [agent("n1", "cpus:4")] }, question("cpus:1"));
    expect(reasons).toEqual([{ reason }]);
    expect(fitting).toBe(1);
  });

  it("names what was refused lately, until it is offered again", () => {
    const refusals = new OfferFilters();
    refusals.add("A", "a", "n1", parseResources("cpus:4"), 0, 5000);
    const parts = { agents: [agent("n1", "cpus:4")], refusals };
    expect(why(parts, question("cpus:1")).reasons).toEqual([{ reason: "Refused", agents: 1 }]);
    expect(why(parts, question("cpus:1"), { now: 5000 }).message).toBe("1 of 1 agents would do");
  });

  it("a guarantee of its own role is no obstacle, and the task's own tolerations count", () => {
    const parts = {
      agents: [agent("n1", "cpus:4", { taints: ["t"] })],
      quotas: [quota("a", { guarantees: { cpus: 4 } })],
      frameworks: [framework("A", "a", { tolerated: new Set(["t"]), capabilities: capabilities() })],
    };
    expect(why(parts, question("cpus:2")).reasons).toEqual([]);
    expect(why(parts, question("cpus:2", { tolerated: new Set() })).reasons).toEqual([
      { reason: "Taint", agents: 1 },
    ]);
  });
});

describe("shares", () => {
  it("are the greatest part of any total that is held, by role with all below it and by framework", () => {
    const shares = sharesOf(
      world({
        agents: [
          agent("n1", "cpus:6;mem:50;ports:[1-9]", {
            allocations: [held("A", "a/x", "cpus:1;mem:20;ports:[1-2]")],
          }),
          agent("n2", "cpus:4;mem:50", {
            allocations: [held("A", "a", "cpus:1"), held("B", "a/x", "cpus:2")],
          }),
          agent("n3", "cpus(a):10"),
        ],
        frameworks: [framework("A", "a a/x"), framework("B", "a/x")],
        roles: [{ path: "idle", weight: 1 }],
      }),
    );
    const of = (role: string) => shares.roles.get(role);
    // 10 cpus are reserved to a and idle: hoarding them counts.
    expect([of("a")?.dominantShare, of("a/x")?.dominantShare, of("idle")?.dominantShare]).toEqual([
      0.7, 0.2, 0,
    ]);
    expect(of("a")?.held.toString()).toBe("cpus:4;mem:20");
    expect(of("a")?.consumed.toString()).toBe("cpus:14;mem:20;ports:2");
    expect([...shares.frameworks]).toEqual([
      ["A", 0.2],
      ["B", 0.1],
    ]);
    expect(shares.total.toString()).toBe("cpus:20;mem:100");
  });
});
