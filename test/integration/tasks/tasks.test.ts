import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Framework } from "../../../src/api/framework.ts";
import { findCondition } from "../../../src/cluster/conditions.ts";
import { NodeSide } from "../agents/operator.ts";

let side: NodeSide;
let namespace: string;
beforeAll(async () => {
  side = await NodeSide.start({
    agents: { timeout: "10m" },
    roles: { implicit: false },
    tasks: { ttlAfterFinished: "1h" },
  });
  namespace = await side.namespace("tasks");
});
afterAll(() => side.stop());

const now = () => new Date().toISOString();
const get = (name: string) => side.getTask(namespace, name);
const gone = (name: string) => side.eventually(() => expect(get(name)).rejects.toThrow(/not found/));
const accepted = async (name: string) => findCondition((await get(name)).status?.conditions, "Accepted");
const finished = { state: "TASK_FINISHED", source: "SOURCE_AGENT" } as const;
const end = (name: string, uuid = "u1") =>
  side.report(namespace, name, { ...finished, updates: [{ ...finished, uuid, timestamp: now() }] });

async function framework(name: string, type: Framework["spec"]["connection"]["type"], connected: boolean) {
  await side.clients.frameworks.create({
    apiVersion: "mesos.dev/v1alpha1",
    kind: "Framework",
    metadata: { name, namespace },
    spec: { roles: ["*"], connection: { type, leaseDuration: "15s" }, failoverTimeout: "10m" },
  });
  await side.clients.frameworks.mergePatch(
    { name, namespace },
    { status: { connected } },
    { subresource: "status" },
  );
}

describe("a Task that has not begun", () => {
  it("is held by a finalizer, and killed by the operator when it is deleted", async () => {
    await side.task(namespace, "waits");
    await side.eventually(async () =>
      expect((await get("waits")).metadata.finalizers).toEqual(["mesos.dev/task"]),
    );
    const states: (string | undefined)[] = [];
    const stop = side.deps.caches.tasks.onChange(({ object }) => {
      if (object.metadata.name === "waits") states.push(object.status?.state);
    });
    await side.clients.tasks.delete({ namespace, name: "waits" });
    await gone("waits");
    stop();
    expect(states).toContain("TASK_KILLED");
  });

  it("is killed by the operator when that is asked, with one update", async () => {
    await side.task(namespace, "killed", { agent: "n1" });
    await side.clients.tasks.mergePatch({ namespace, name: "killed" }, { spec: { kill: {} } });
    await side.eventually(async () => expect((await get("killed")).status?.state).toBe("TASK_KILLED"));
    const { status } = await get("killed");
    expect(status?.reason).toBe("REASON_TASK_KILLED_DURING_LAUNCH");
    expect(status?.updates).toEqual([
      expect.objectContaining({ state: "TASK_KILLED", source: "SOURCE_MASTER" }),
    ]);
  });

  it("loses to an agent that has begun it: a kill is the agent's then", async () => {
    for (let i = 0; i < 20; i++) {
      const name = `race-${i}`;
      const { metadata } = await side.task(namespace, name, { agent: "n1" });
      const held = await side.eventually(async () => {
        const task = await get(name);
        expect(task.metadata.finalizers).toHaveLength(1);
        return task;
      });
      const { resourceVersion } = held.metadata;
      const patch = { metadata: { resourceVersion }, status: { state: "TASK_STARTING" } };
      const [agent] = await Promise.allSettled([
        side.clients.tasks.mergePatch(metadata, patch, { subresource: "status" }),
        side.clients.tasks.mergePatch(metadata, { spec: { kill: {} } }),
      ]);
      const begun = agent.status === "fulfilled";
      if (begun) {
        await side.eventually(async () => expect((await get(name)).spec.kill).toBeDefined());
        expect((await get(name)).status?.state).toBe("TASK_STARTING");
      } else {
        await side.eventually(async () => expect((await get(name)).status?.state).toBe("TASK_KILLED"));
      }
      expect((await get(name)).status?.updates?.length ?? 0).toBe(begun ? 0 : 1);
    }
  });
});

describe("a Task that runs", () => {
  it("is killed by its agent when it is deleted, and goes when that is reported", async () => {
    await side.task(namespace, "runs", { agent: "n1" });
    await side.report(namespace, "runs", { state: "TASK_RUNNING" });
    await side.eventually(async () => expect((await get("runs")).metadata.finalizers).toHaveLength(1));
    await side.clients.tasks.delete({ namespace, name: "runs" });
    await side.eventually(async () => expect((await get("runs")).spec.kill).toEqual({}));
    expect((await get("runs")).status?.state).toBe("TASK_RUNNING");
    await side.report(namespace, "runs", { state: "TASK_KILLED" });
    await gone("runs");
  });

  it("does not go while its agent is away", async () => {
    await side.task(namespace, "away", { agent: "n1" });
    await side.eventually(async () => expect((await get("away")).metadata.finalizers).toHaveLength(1));
    await side.report(namespace, "away", { state: "TASK_LOST", unreachableSince: now() });
    await side.clients.tasks.delete({ namespace, name: "away" });
    await side.eventually(async () => expect((await get("away")).spec.kill).toEqual({}));
    expect((await get("away")).metadata.finalizers).toHaveLength(1);
  });
});

describe("a Task that has ended", () => {
  it("is kept for its time, then deleted", async () => {
    await side.task(namespace, "short", { ttlAfterFinished: "500ms" });
    await side.task(namespace, "long");
    await end("short");
    await end("long");
    await gone("short");
    expect((await get("long")).status?.state).toBe("TASK_FINISHED");
  });

  it("is kept until its framework has acknowledged the last update", async () => {
    await framework("acks", "Lease", true);
    await side.task(namespace, "unacked", { framework: "acks", agent: "n1", ttlAfterFinished: "100ms" });
    await side.task(namespace, "other", { ttlAfterFinished: "300ms" });
    await end("unacked", "last");
    await end("other");
    await gone("other");
    expect((await get("unacked")).status?.state).toBe("TASK_FINISHED");
    await side.clients.tasks.mergePatch({ namespace, name: "unacked" }, { spec: { acknowledged: "last" } });
    await gone("unacked");
  });

  it("is not kept for a framework that goes", async () => {
    await framework("goes", "Lease", true);
    await side.task(namespace, "orphan", { framework: "goes", agent: "n1", ttlAfterFinished: "100ms" });
    await end("orphan");
    await side.clients.frameworks.delete({ namespace, name: "goes" });
    await gone("orphan");
  });
});

describe("a Task that cannot be placed", () => {
  it("says that its framework is not there, and takes it back", async () => {
    await side.task(namespace, "early", { framework: "late", agent: "n1" });
    const missing = { status: "False", reason: "FrameworkNotFound" };
    await side.eventually(async () => expect(await accepted("early")).toMatchObject(missing));
    await side.eventually(async () =>
      expect(await side.eventReasons(namespace, "early")).toContain("FrameworkNotFound"),
    );
    await framework("late", "Manual", true);
    await side.eventually(async () => expect(await accepted("early")).toMatchObject({ status: "True" }));
  });

  it("says that its role is not there or not open to its namespace", async () => {
    await side.task(namespace, "roleless", { role: "ads" });
    await side.eventually(async () =>
      expect(await accepted("roleless")).toMatchObject({ reason: "RoleNotFound" }),
    );
    const role = { apiVersion: "mesos.dev/v1alpha1", kind: "Role", metadata: { name: "ads" } };
    await side.clients.roles.create({ ...role, spec: { path: "ads", weight: 1, namespaces: ["elsewhere"] } });
    await side.eventually(async () =>
      expect(await accepted("roleless")).toMatchObject({ reason: "RoleNotAllowed" }),
    );
    await side.clients.roles.mergePatch({ name: "ads" }, { spec: { namespaces: [namespace] } });
    await side.eventually(async () =>
      expect(await accepted("roleless")).toMatchObject({ status: "True", reason: "Accepted" }),
    );
  });

  it("has no condition when nothing is wrong", async () => {
    await side.task(namespace, "fine");
    await side.eventually(async () => expect((await get("fine")).metadata.finalizers).toHaveLength(1));
    expect(await accepted("fine")).toBeUndefined();
  });
});
