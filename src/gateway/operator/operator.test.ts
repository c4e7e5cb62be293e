import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import type { Principal } from "../../auth/authenticator.ts";
import type { Action } from "../../auth/authorizer.ts";
import { ManualClock } from "../../cluster/manual-clock.ts";
import { operatorConfig } from "../../config/operator.ts";
import { agent } from "../../controllers/objects.fixture.ts";
import { Call_Type, CallSchema } from "../../wire/gen/mesos/v1/master/master_pb.ts";
import { MachineIDSchema } from "../../wire/gen/mesos/v1/mesos_pb.ts";
import { roleObjectName } from "../objectname.ts";
import { kindOf } from "../v0/paths.ts";
import { Access, lists } from "./access.ts";
import { callProblem } from "./callcheck.ts";
import { flagsOf } from "./flags.ts";
import { isMachine, modeOf } from "./schedule.ts";

describe("a call", () => {
  it.each<[MessageInitShape<typeof CallSchema>, string | undefined]>([
    [{}, "Expecting 'type' to be present"],
    [{ type: Call_Type.UNKNOWN }, undefined],
    [{ type: Call_Type.GET_STATE }, undefined],
    [{ type: Call_Type.GET_METRICS }, "Expecting 'get_metrics' to be present"],
    [{ type: Call_Type.TEARDOWN }, "Expecting 'teardown' to be present"],
    [{ type: Call_Type.DRAIN_AGENT, drainAgent: { agentId: { value: "a" } } }, undefined],
    [
      { type: Call_Type.GROW_VOLUME, growVolume: {} },
      "Expecting 'agent_id' to be present; only agent default resources are supported right now",
    ],
  ])("%o", (init, problem) => {
    expect(callProblem(create(CallSchema, init))).toBe(problem);
  });
});

it.each<[string, object | undefined]>([
  ["/state", { kind: "v0", path: "/state", rest: "" }],
  ["/master/state.json", { kind: "v0", path: "/state", rest: "" }],
  ["/master/health", { kind: "open", path: "/health" }],
  ["/quota/eng%2Fads", { kind: "v0", path: "/quota", rest: "eng/ads" }],
  ["/api/v1", { kind: "operator" }],
  ["/master/api/v1/scheduler", { kind: "scheduler" }],
  ["/master", undefined],
  ["/states", undefined],
])("the path %s", (path, kind) => {
  expect(kindOf(path)).toEqual(kind);
});

it.each<[string, RegExp]>([
  ["eng", /^eng$/],
  ["eng/ads", /^eng-ads-[0-9a-f]{10}$/],
  ["Eng", /^eng-[0-9a-f]{10}$/],
])("the object of the role %s", (role, name) => {
  expect(roleObjectName(role)).toMatch(name);
});

it("flags are in Mesos's words", () => {
  expect(flagsOf(operatorConfig.parse({}))).toMatchObject({
    allocation_interval: "1secs",
    role_sorter: "drf",
  });
});

describe("machines", () => {
  const one = { ...agent("n1"), status: { hostname: "host-1", addresses: ["10.0.0.1"] } };
  const machine = (hostname: string, ip = "") => create(MachineIDSchema, { hostname, ip });

  it("are agents by their names and addresses", () => {
    expect(isMachine(one, machine("host-1"))).toBe(true);
    expect(isMachine(one, machine("", "10.0.0.1"))).toBe(true);
    expect(isMachine(one, machine("host-1", "10.0.0.2"))).toBe(false);
  });

  it("are up, draining or down", () => {
    const maintenance = { start: "2026-01-01T00:00:00Z" };
    expect(modeOf(one)).toBe("UP");
    expect(modeOf(agent("n1", { maintenance }))).toBe("DRAINING");
    expect(modeOf(agent("n1", { maintenance, draining: { markGone: false } }))).toBe("DOWN");
  });
});

describe("access", () => {
  const asked: string[] = [];
  const allows = (user: { readonly username: string }, { verb, resource }: Action) => {
    asked.push(`${user.username} ${verb} ${resource}`);
    return Promise.resolve(resource === "agents");
  };
  const principal: Principal = { name: "p", user: { username: "mesos.dev:principal:p" } };

  it("is asked of Kubernetes, and believed for a while", async () => {
    const clock = new ManualClock();
    const access = new Access({ allows }, clock);
    expect(await access.refusal(principal, lists("agents"))).toBeUndefined();
    expect(await access.refusal(principal, lists("agents"))).toBeUndefined();
    expect(asked).toEqual(["mesos.dev:principal:p list agents"]);
    await clock.advance(6_000);
    await access.refusal(principal, lists("agents"));
    expect(asked).toHaveLength(2);
  });

  it("names what is not allowed; nobody is Kubernetes' nobody", async () => {
    const access = new Access({ allows }, new ManualClock());
    expect(await access.refusal(undefined, lists("agents", "tasks"))).toEqual({
      status: 403,
      body: "Not authorized to list tasks.mesos.dev",
    });
    expect(asked.at(-1)).toBe("system:anonymous list tasks");
  });

  it("that cannot be told is no access", async () => {
    const access = new Access({ allows: () => Promise.reject(new Error("away")) }, new ManualClock());
    expect(await access.refusal(principal, lists("agents"))).toMatchObject({ status: 503 });
  });
});
