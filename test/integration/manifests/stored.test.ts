import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { KINDS } from "../../../src/api/kinds.ts";
import { kubectl, must } from "./kubectl.ts";

const namespace = "manifests-stored";
const resources = [
  { name: "cpus", scalar: 1 },
  { name: "mem", scalar: 64 },
  { name: "ports", ranges: [{ begin: 20000, end: 20001 }] },
];

async function create<T>(kind: string, name: string, spec: object, status?: object): Promise<T> {
  const object = { apiVersion: "mesos.dev/v1alpha1", kind, metadata: { name, namespace }, spec };
  await must(["create", "-f", "-"], JSON.stringify(object));
  const target = [`${kind.toLowerCase()}s.mesos.dev`, name, "-n", namespace];
  if (status) {
    await must([
      "patch",
      ...target,
      "--subresource=status",
      "--type=merge",
      "-p",
      JSON.stringify({ status }),
    ]);
  }
  return JSON.parse(await must(["get", ...target, "-o", "json"]));
}

const offer = (role: string, agent: string) => ({
  framework: "spark",
  role,
  agent,
  resources,
  expiresAt: "2030-01-01T00:00:00Z",
});

beforeAll(async () => {
  await must(["create", "namespace", namespace]);
});
afterAll(async () => {
  await must(["delete", "namespace", namespace, "--wait=false"]);
});

describe("defaults", () => {
  test("a framework has a connection with all of its own defaults", async () => {
    const { spec } = await create<{ spec: object }>("Framework", "defaults", { roles: ["eng"] });
    expect(spec).toEqual({
      roles: ["eng"],
      connection: { type: "Lease", leaseDuration: "15s" },
      failoverTimeout: "10m",
    });
  });

  test("a task has Mesos's where something is given, and nothing where it is not", async () => {
    const { spec } = await create<{ spec: object }>("Task", "defaults", {
      resources,
      command: { value: "true" },
      healthCheck: { type: "HTTP", http: { port: 80 } },
      check: { type: "COMMAND", command: { value: "true" } },
      killPolicy: {},
      container: { network: { mode: "CNI", portMappings: [{ hostPort: 20000, containerPort: 1 }] } },
      uris: [{ value: "/a" }],
      volumes: [{ containerPath: "a", sandboxPath: "b" }],
      tolerations: [{ key: "a", value: "b" }],
    });
    const times = { delay: "15s", interval: "10s", timeout: "20s" };
    expect(spec).toEqual({
      role: "*",
      resources,
      command: { shell: true, value: "true" },
      healthCheck: {
        type: "HTTP",
        http: { port: 80, path: "/", scheme: "http" },
        ...times,
        gracePeriod: "10s",
        consecutiveFailures: 3,
      },
      check: { type: "COMMAND", command: { shell: true, value: "true" }, ...times },
      killPolicy: { gracePeriod: "3s" },
      container: {
        imagePullPolicy: "IfNotPresent",
        network: { mode: "CNI", portMappings: [{ hostPort: 20000, containerPort: 1, protocol: "tcp" }] },
      },
      uris: [{ value: "/a", extract: true, executable: false, cache: false }],
      volumes: [{ containerPath: "a", sandboxPath: "b", mode: "RW" }],
      tolerations: [{ key: "a", value: "b", operator: "Equal" }],
    });
  });

  test("a role weighs 1, a quota is not forced, an agent is schedulable", async () => {
    const { spec: role } = await create<{ spec: object }>("Role", "defaults", { path: "defaults" });
    expect(role).toEqual({ path: "defaults", weight: 1 });
    const limits = [{ name: "cpus", scalar: 1 }];
    const { spec: quota } = await create<{ spec: object }>("Quota", "defaults", { role: "defaults", limits });
    expect(quota).toEqual({ role: "defaults", limits, force: false });
    const { spec: agent } = await create<{ spec: object }>("Agent", "defaults", { draining: {} });
    expect(agent).toEqual({ unschedulable: false, draining: { markGone: false } });
  });

  test("a reservation is dynamic, its volume can be written", async () => {
    const { spec } = await create<{ spec: object }>("Reservation", "defaults", {
      role: "eng/ads",
      agent: "a",
      resources: [{ name: "disk", scalar: 9, reservations: [{ role: "eng" }] }],
      volumes: [{ id: "v", scalar: 9, containerPath: "v" }],
    });
    expect(spec).toEqual({
      role: "eng/ads",
      agent: "a",
      resources: [{ name: "disk", scalar: 9, reservations: [{ role: "eng", type: "DYNAMIC" }] }],
      volumes: [{ id: "v", scalar: 9, containerPath: "v", mode: "RW" }],
    });
  });
});

describe("field selectors", () => {
  const names = async (kind: string, selector: string) => {
    const list = await must(["get", kind, "-n", namespace, "--field-selector", selector, "-o", "name"]);
    return list.split("\n").flatMap((line) => line.split("/").slice(1));
  };

  test("choose tasks by agent, framework, role and state", async () => {
    const program = { command: { value: "true" }, resources };
    await create("Task", "sel-a", { ...program, agent: "sel-1", framework: "spark", role: "sel" });
    await create("Task", "sel-b", { ...program, agent: "sel-2", role: "sel" }, { state: "TASK_RUNNING" });
    expect(await names("mtask", "spec.agent=sel-1")).toEqual(["sel-a"]);
    expect(await names("mtask", "spec.agent=sel-2,status.state=TASK_RUNNING")).toEqual(["sel-b"]);
    expect(await names("mtask", "spec.framework=spark")).toEqual(["sel-a"]);
    expect(await names("mtask", "spec.role=sel")).toEqual(["sel-a", "sel-b"]);
    expect(await names("mtask", "spec.role=sel,spec.framework=")).toEqual(["sel-b"]);
  });

  test("choose offers by framework, agent, role and state", async () => {
    await create("Offer", "sel-a", offer("sel", "sel-1"));
    await create("Offer", "sel-b", offer("other", "sel-2"), { state: "Rescinded" });
    expect(await names("offer", "spec.agent=sel-1")).toEqual(["sel-a"]);
    expect(await names("offer", "spec.role=other")).toEqual(["sel-b"]);
    expect(await names("offer", "spec.framework=spark,status.state=Rescinded")).toEqual(["sel-b"]);
  });

  test("are refused for other fields", async () => {
    const answer = await kubectl(["get", "mtask", "--field-selector", "spec.taskId=a"]);
    expect(answer.ok).toBe(false);
    expect(answer.stderr).toContain("field label not supported: spec.taskId");
  });

  test.each(
    KINDS.flatMap((kind) => kind.selectableFields.map((path) => [kind.plural, path.slice(1)] as const)),
  )("%s can be chosen by %s", async (plural, path) => {
    expect((await kubectl(["get", `${plural}.mesos.dev`, "-A", "--field-selector", `${path}=x`])).ok).toBe(
      true,
    );
  });
});

describe("columns", () => {
  test("tell what a task does and where", async () => {
    const program = { command: { value: "true" }, resources };
    const exit = { state: "TASK_FAILED", reason: "REASON_COMMAND_EXECUTOR_FAILED", exit: { code: 3 } };
    await create("Task", "columns", { ...program, agent: "node-7", role: "eng" }, exit);
    const [head, row] = (await must(["get", "mtask", "columns", "-n", namespace, "-o", "wide"])).split("\n");
    expect(head).toMatch(/^NAME +STATE +ROLE +FRAMEWORK +AGENT +REASON +PLACED +EXIT +MESSAGE +AGE/);
    expect(row).toMatch(/columns +TASK_FAILED +eng +node-7 +REASON_COMMAND_EXECUTOR_FAILED +3/);
  });

  test("tell what is offered", async () => {
    await create("Offer", "columns", offer("eng", "node-7"), { state: "Outstanding" });
    const [head, row] = (await must(["get", "offer", "columns", "-n", namespace])).split("\n");
    expect(head).toMatch(/^NAME +FRAMEWORK +ROLE +AGENT +CPUS +MEM +STATE/);
    expect(row).toMatch(/^columns +spark +eng +node-7 +1 +64 +Outstanding/);
  });

  test("tell how much of an agent is used", async () => {
    await create(
      "Agent",
      "columns",
      {},
      { offerable: resources, allocated: [{ name: "cpus", scalar: 0.5 }], tasks: 2 },
    );
    const [head, row] = (await must(["get", "magent", "columns"])).split("\n");
    expect(head).toMatch(/^NAME +READY +CPUS +USED +MEM +MEMUSED +TASKS/);
    expect(row).toMatch(/^columns +1 +0\.5 +64 +2/);
  });
});
