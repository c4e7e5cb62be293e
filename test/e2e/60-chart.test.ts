import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse, stringify } from "yaml";
import { agentPod } from "./agents.ts";
import { until } from "./cluster.ts";
import { on, Scene, sh } from "./scene.ts";

const CHART = "charts/mesos-operator";
let scene: Scene;
let dir: string;

beforeAll(async () => {
  scene = await Scene.open("chart");
  dir = mkdtempSync(join(tmpdir(), "mesos-chart-"));
  await scene.start({
    goes: { ...sh("while :; do sleep 1; done"), ...on(scene.node1) },
    other: { ...sh("while :; do sleep 1; done"), ...on(scene.node2) },
    // Its end comes while nobody of ours runs.
    meanwhile: { ...sh("until [ -e go ]; do sleep 0.2; done; exit 3"), ...on(scene.node1) },
  });
  await Promise.all(["goes", "other", "meanwhile"].map((name) => scene.running(name)));
});
afterAll(async () => {
  rmSync(dir, { recursive: true, force: true });
  await scene?.close();
});

const release = () => ["--namespace", scene.cluster.test.operatorNamespace];

test("helm test runs a task through all of it", async () => {
  const { cluster } = scene;
  const said = await cluster.helm("test", cluster.test.release, ...release(), "--timeout", "3m");
  expect(said).toMatch(/Phase:\s+Succeeded/);
});

describe("a token that was taken from an agent", () => {
  let stolen: string;

  beforeAll(async () => {
    const { cluster } = scene;
    const pod = (await agentPod(cluster, scene.node1)).metadata.name;
    const path = "/var/run/secrets/kubernetes.io/serviceaccount/token";
    const token = await cluster.kubectl("exec", pod, ...release(), "-c", "agent", "--", "cat", path);
    const config = parse(await cluster.kubectl("config", "view", "--raw", "--minify", "-o", "yaml"));
    config.users[0].user = { token: token.trim() };
    stolen = join(dir, "stolen");
    writeFileSync(stolen, stringify(config), { mode: 0o600 });
  });

  const patch = (kind: string, name: string, status: object, ...more: string[]) => {
    const body = JSON.stringify({ status });
    const flags = [
      "--kubeconfig",
      stolen,
      "--subresource=status",
      "--type=merge",
      "-p",
      body,
      "--dry-run=server",
    ];
    return scene.cluster.kubectl("patch", `${kind}.mesos.dev`, name, ...more, ...flags);
  };

  test("is good for its node's tasks and Agent", async () => {
    await patch("tasks", "goes", { message: "a" }, "-n", scene.namespace);
    await patch("agents", scene.node1, { version: "a" });
  });

  test("is good for no other's", async () => {
    await expect(patch("tasks", "other", { state: "TASK_FINISHED" }, "-n", scene.namespace)).rejects.toThrow(
      `the agent of node ${scene.node1} writes the status of its own Tasks and Executors alone`,
    );
    await expect(patch("agents", scene.node2, { version: "a" })).rejects.toThrow("writes its status alone");
    const lease = { apiVersion: "coordination.k8s.io/v1", kind: "Lease", spec: { holderIdentity: "thief" } };
    for (const name of [`mesos-agent-${scene.node2}`, scene.cluster.test.release]) {
      const file = join(dir, "lease.json");
      const metadata = { name, namespace: scene.cluster.test.operatorNamespace };
      writeFileSync(file, JSON.stringify({ ...lease, metadata }));
      const apply = ["apply", "--server-side", "--force-conflicts", "--kubeconfig", stolen, "-f", file];
      await expect(scene.cluster.kubectl(...apply)).rejects.toThrow(`the agent of node ${scene.node1}`);
    }
  });
});

describe("the API server's own check of the policies", () => {
  test("finds nothing wrong", async () => {
    const { cluster } = scene;
    const text = await cluster.kubectl("get", "validatingadmissionpolicies", "-o", "json");
    const { items } = JSON.parse(text) as {
      items: { metadata: { name: string }; status?: { typeChecking?: { expressionWarnings?: unknown } } }[];
    };
    const ours = items.filter(({ metadata }) => metadata.name.startsWith(cluster.test.release));
    expect(ours.length).toBeGreaterThan(4);
    for (const { metadata, status } of ours) {
      expect([metadata.name, status?.typeChecking?.expressionWarnings]).toEqual([metadata.name, undefined]);
    }
  });
});

describe("uninstalled and installed again", () => {
  const processes = async () =>
    Promise.all(["goes", "other"].map(async (name) => (await scene.get(name)).status?.container));

  test("the chart goes on with the tasks that it left", async () => {
    const { cluster } = scene;
    const { release: name } = cluster.test;
    const values = join(dir, "values.json");
    writeFileSync(values, await cluster.helm("get", "values", name, ...release(), "-o", "json"));
    const before = await processes();

    await cluster.helm("uninstall", name, ...release(), "--wait", "--timeout", "3m");
    const slots = cluster.nodes.map((node) => `pod/mesos-slot-${node}`);
    await until("only the slot Pods are left", async () => {
      const left = await cluster.kubectl("get", "pods", ...release(), "-o", "name");
      return left.trim().split("\n").sort().join() === slots.join();
    });
    const { status, spec } = await scene.get("meanwhile");
    await cluster.onNode(spec.agent ?? "", `touch '${status?.container?.sandbox}/go'`);
    for (const container of before) expect(container?.pid).toBeGreaterThan(0);

    await cluster.helm(
      "upgrade",
      "--install",
      name,
      CHART,
      ...release(),
      "-f",
      values,
      "--wait",
      "--timeout",
      "5m",
    );
    expect((await scene.ends("meanwhile")).status).toMatchObject({ state: "TASK_FAILED", exit: { code: 3 } });
    expect(await processes()).toEqual(before);
    for (const task of ["goes", "other"]) {
      await until(`${task} can be killed`, async () => {
        await scene.kill(task, "1s");
        return true;
      });
      expect((await scene.ends(task)).status?.state).toBe("TASK_KILLED");
    }
    await scene.create("new", sh("echo new"));
    expect(await scene.finished("new")).toBe("new\n");
  });
});
