import { expect, test } from "vitest";
import { specWith } from "../lifecycle/fixture.ts";
import { type EnvironmentFacts, environment, portsOf } from "./environment.ts";

const facts = (fields: Partial<EnvironmentFacts> = {}): EnvironmentFacts => ({
  name: "t1",
  spec: specWith(),
  frameworkId: "fw-uid",
  agent: "node-1",
  nodeAddress: "10.0.0.1",
  hostNetwork: true,
  sandbox: "/var/lib/mesos/sandboxes/default/fw/t1-uid",
  secrets: new Map(),
  ...fields,
});

test("a task knows who and where it is", () => {
  expect(environment(facts({ spec: specWith({ taskId: "web.1", role: "eng/ads" }) }))).toEqual({
    MESOS_TASK_ID: "web.1",
    MESOS_EXECUTOR_ID: "web.1",
    MESOS_FRAMEWORK_ID: "fw-uid",
    MESOS_SLAVE_ID: "node-1",
    MESOS_AGENT_ID: "node-1",
    MESOS_DIRECTORY: "/var/lib/mesos/sandboxes/default/fw/t1-uid",
    MESOS_SANDBOX: "/mnt/mesos/sandbox",
    MESOS_ALLOCATION_ROLE: "eng/ads",
    HOST: "10.0.0.1",
    LIBPROCESS_IP: "10.0.0.1",
  });
});

test("its ports are numbered in ascending order over all ranges", () => {
  const spec = specWith({
    resources: [
      { name: "cpus", scalar: 1 },
      { name: "ports", ranges: [{ begin: 20005, end: 20006 }] },
      {
        name: "ports",
        ranges: [{ begin: 20001, end: 20001 }],
        reservations: [{ type: "DYNAMIC", role: "dev" }],
      },
    ],
  });
  expect(portsOf(spec)).toEqual([20001, 20005, 20006]);
  expect(environment(facts({ spec }))).toMatchObject({
    PORT0: "20001",
    PORT1: "20005",
    PORT2: "20006",
    PORT: "20001",
    PORTS: "20001,20005,20006",
  });
});

test("its own variables win over the agent's, but for the role", () => {
  const spec = specWith({
    env: [
      { name: "HOST", value: "mine" },
      { name: "MESOS_ALLOCATION_ROLE", value: "root" },
      { name: "EMPTY" },
      { name: "TOKEN", secret: { name: "s", key: "token" } },
    ],
  });
  expect(environment(facts({ spec, secrets: new Map([["TOKEN", "hunter2"]]) }))).toMatchObject({
    HOST: "mine",
    MESOS_ALLOCATION_ROLE: "dev",
    EMPTY: "",
    TOKEN: "hunter2",
  });
});

test("in a network of its own it binds to all addresses", () => {
  expect(environment(facts({ hostNetwork: false })).LIBPROCESS_IP).toBe("0.0.0.0");
});
