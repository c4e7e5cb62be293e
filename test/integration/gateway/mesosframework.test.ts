import type { EventEmitter } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type RunningGateway, Scene } from "./scene.ts";

interface Status {
  readonly task_id: { readonly value: string };
  readonly state: string;
}

/** What of the package is used here: a scheduler that nobody here has written (npm: mesos-framework). */
interface Scheduler extends EventEmitter {
  readonly launchedTasks: { readonly runtimeInfo: { readonly state: string; readonly network: object } }[];
  readonly pendingTasks: object[];
  readonly frameworkId: string;
  subscribe(): void;
  teardown(): void;
  kill(taskId: string, agentId: string): void;
}
interface Package {
  readonly Scheduler: new (options: object) => Scheduler;
  readonly Mesos: { getMesos(): Messages };
}
interface Messages {
  readonly CommandInfo: new (...fields: unknown[]) => object;
}

const mesosFramework = createRequire(import.meta.url)("mesos-framework") as Package;

describe("the npm package mesos-framework", () => {
  let scene: Scene;
  let gateway: RunningGateway;
  let namespace: string;
  let scheduler: Scheduler;
  const errors: unknown[] = [];
  const logs = mkdtempSync(join(tmpdir(), "mesos-framework-"));

  beforeAll(async () => {
    scene = await Scene.start();
    namespace = await scene.cluster.namespace("library");
    gateway = await scene.gateway(namespace, { heartbeat: "1s" });
    for (const name of ["n1", "n2"]) {
      await scene.cluster.join(name);
      await scene.cluster.clients.agents.mergePatch(
        { name },
        { status: { addresses: [`10.0.0.${name.slice(1)}`], hostname: name } },
        { subresource: "status" },
      );
    }
    const { CommandInfo } = mesosFramework.Mesos.getMesos();
    scheduler = new mesosFramework.Scheduler({
      masterUrl: "127.0.0.1",
      port: gateway.port,
      user: "root",
      frameworkName: "library",
      masterConnectionTimeout: 20,
      logging: { path: logs, fileName: "log", level: "error" },
      tasks: {
        sleeper: {
          priority: 1,
          instances: 5,
          // uris, environment, shell, value
          commandInfo: new CommandInfo(null, null, true, "sleep 10"),
          resources: { cpus: 0.5, mem: 64, disk: 0, ports: 1 },
        },
      },
    });
    scheduler.on("error", (error: unknown) => errors.push(error));
  });
  afterAll(async () => {
    await scene.stop();
    rmSync(logs, { recursive: true, force: true });
  });

  const tasks = async () => (await scene.cluster.clients.tasks.list({ namespace })).items;

  it("subscribes, launches its tasks, and hears of them", async () => {
    const updates: Status[] = [];
    scheduler.on("update", ({ status }: { status: Status }) => updates.push(status));
    await scene.cluster.eventually(() => expect(gateway.operator.operator.leading).toBe(true));
    const subscribed = new Promise((resolve) => scheduler.once("subscribed", resolve));
    await new Promise((resolve) => scheduler.once("ready", resolve));
    scheduler.subscribe();
    await subscribed;
    const made = await scene.cluster.eventually(async () => {
      const all = await tasks();
      expect(all).toHaveLength(5);
      return all;
    });
    for (const { spec } of made) {
      expect(spec.taskId).toMatch(/^library\.sleeper-[1-5]\./);
      expect(spec.command).toEqual({ shell: true, value: "sleep 10" });
      expect(spec.container?.user).toBe("root");
      const host = { name: "HOST", value: `10.0.0.${spec.agent?.slice(1)}` };
      expect(spec.env).toContainEqual(host);
      expect(spec.resources.map(({ name }) => name)).toEqual(["cpus", "mem", "ports"]);
    }
    const ports = made.map(({ spec }) => `${spec.agent}:${spec.resources[2]?.ranges?.[0]?.begin}`);
    expect(new Set(ports).size).toBe(5);
    for (const task of made) await scene.report(task, "TASK_RUNNING");
    await scene.cluster.eventually(async () => {
      expect(scheduler.launchedTasks.map(({ runtimeInfo }) => runtimeInfo.state)).toEqual(
        Array.from({ length: 5 }, () => "TASK_RUNNING"),
      );
      // It acknowledges by itself.
      for (const { spec, status } of await tasks()) {
        expect(spec.acknowledged).toBe(status?.updates?.at(-1)?.uuid);
      }
    });
    expect(updates.filter(({ state }) => state === "TASK_RUNNING")).toHaveLength(5);
    expect(errors).toEqual([]);
  });

  it("kills one, and starts a failed one anew", async () => {
    const [first, second] = await tasks();
    if (first === undefined || second === undefined) throw new Error("no tasks");
    scheduler.kill(first.spec.taskId ?? "", first.spec.agent ?? "");
    await scene.cluster.eventually(async () => {
      expect((await scene.cluster.clients.tasks.get(first.metadata)).spec.kill).toBeDefined();
    });
    await scene.report(second, "TASK_FAILED", { reason: "REASON_COMMAND_EXECUTOR_FAILED" });
    await scene.cluster.eventually(async () => expect(await tasks()).toHaveLength(6));
    expect(errors).toEqual([]);
  });

  it("tears down", async () => {
    scheduler.removeAllListeners("error");
    scheduler.on("error", () => {});
    scheduler.teardown();
    await scene.cluster.eventually(async () => {
      for (const { spec, status } of await tasks()) {
        expect(spec.kill !== undefined || status?.state !== "TASK_RUNNING").toBe(true);
      }
    });
  });
});
