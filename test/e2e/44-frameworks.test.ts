import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { KubeConfig } from "@kubernetes/client-node";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Offer } from "../../src/api/offer.ts";
import type { Live } from "../../src/cluster/object.ts";
import { parseResources } from "../../src/framework/index.ts";
import { ByHand, launch, shell } from "./byhand.ts";
import { until } from "./cluster.ts";
import { Filler } from "./filler.ts";
import { Scene } from "./scene.ts";

const ROOT = join(import.meta.dirname, "../..");
const EACH = parseResources("cpus:0.02;mem:32");

let scene: Scene;
let kubeconfig: string;
beforeAll(async () => {
  scene = await Scene.open("fws");
  kubeconfig = await asServiceAccount();
});
afterAll(() => scene.close());

/** A kubeconfig of a ServiceAccount that may do what the chart says a framework may, and nothing else. */
async function asServiceAccount(): Promise<string> {
  const { test, kubectl } = { test: scene.cluster.test, kubectl: scene.kubectl.bind(scene) };
  await kubectl("create", "serviceaccount", "framework");
  const subject = `--serviceaccount=${scene.namespace}:framework`;
  await kubectl("create", "rolebinding", "framework", `--clusterrole=${test.release}-framework`, subject);
  const token = (await kubectl("create", "token", "framework")).trim();
  const config = new KubeConfig();
  config.loadFromFile(test.kubeconfig);
  const user = { name: "framework", token };
  const [cluster] = config.clusters;
  if (cluster === undefined) throw new Error("the kubeconfig names no cluster");
  config.loadFromClusterAndUser(cluster, user);
  const path = join(tmpdir(), `${scene.namespace}.kubeconfig`);
  await writeFile(path, config.exportConfig(), { mode: 0o600 });
  return path;
}

/** examples/…, as a program of its own. */
function example(file: string, ...args: string[]): { readonly child: ChildProcess; output(): string } {
  const child = spawn(process.execPath, ["--conditions=mesos-source", `examples/${file}`, ...args], {
    cwd: ROOT,
    env: { ...process.env, KUBECONFIG: kubeconfig },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk: Buffer) => {
      output += chunk.toString();
    });
  }
  return { child, output: () => output };
}

const framework = (name: string) => scene.cluster.kinds.frameworks.get({ name, namespace: scene.namespace });
const isGone = (name: string) =>
  framework(name).then(
    () => false,
    () => true,
  );
const tasksOf = async (name: string) => {
  const fieldSelector = `spec.framework=${name}`;
  const { items } = await scene.cluster.kinds.tasks.list({ namespace: scene.namespace, fieldSelector });
  return items;
};
const runningOf = async (name: string) =>
  (await tasksOf(name)).filter(({ status }) => status?.state === "TASK_RUNNING");

describe("the example framework, with the rights of its ServiceAccount", () => {
  test("runs its tasks to their end, and leaves", async () => {
    const args = ["--namespace", scene.namespace, "--name=batch", "--role=fws", "--each=cpus:0.05;mem:32"];
    const { child, output } = example(
      "framework/main.ts",
      ...args,
      "--parallel=4",
      "--total=8",
      "--command=echo of $MESOS_TASK_ID; sleep 1",
    );
    const [code] = await once(child, "exit");
    expect(output()).toMatch(/batch: registered as [0-9a-f-]{36}/);
    expect(output().match(/TASK_FINISHED/g)).toHaveLength(8);
    expect(output()).toContain("0 going, 8 done, 0 failed");
    expect(code).toBe(0);
    await until("the Framework is gone", () => isGone("batch"));
  });
});

describe("a framework that crashes", () => {
  const START = [
    "--name=crashing",
    "--role=fws",
    "--each=cpus:0.05;mem:32",
    "--parallel=2",
    "--command=sleep 600",
  ];
  const start = () => {
    const started = example("framework/main.ts", "--namespace", scene.namespace, ...START);
    children = [...children, started.child];
    return started;
  };
  let first: string[];
  let children: ChildProcess[] = [];
  afterAll(() => {
    for (const child of children) child.kill("SIGKILL");
  });

  test("is disconnected when its Lease has lapsed: its offers are rescinded, its tasks go on", async () => {
    const { child } = start();
    await until("it has two tasks", async () => (await runningOf("crashing")).length === 2);
    first = (await tasksOf("crashing")).map(({ metadata }) => metadata.name).sort();
    child.kill("SIGKILL");
    const killed = Date.now();
    const { status } = await until("it is disconnected", async () => {
      const now = await framework("crashing");
      return now.status?.connected === false ? now : undefined;
    });
    const after = Date.now() - killed;
    expect(after).toBeGreaterThan(9_000);
    expect(after).toBeLessThan(30_000);
    expect(status?.conditions?.find(({ type }) => type === "Ready")).toMatchObject({
      status: "False",
      reason: "LeaseLapsed",
    });
    await until("no offer stands", async () => {
      const { items } = await scene.cluster.kinds.offers.list({
        namespace: scene.namespace,
        fieldSelector: "spec.framework=crashing",
      });
      return items.every(({ status }) => status?.state !== undefined && status.state !== "Outstanding");
    });
    expect(await runningOf("crashing")).toHaveLength(2);
  });

  test("finds its tasks again when it comes back in time, and starts none anew", async () => {
    const { child, output } = start();
    await until("it is connected", async () => (await framework("crashing")).status?.connected);
    await until("it has registered", async () => output().includes("registered as"));
    // One that is offered resources after it, and so by a later round.
    const other = await ByHand.connect(scene, "later", ["fws-later"]);
    await other.offer();
    await other.remove();
    expect((await tasksOf("crashing")).map(({ metadata }) => metadata.name).sort()).toEqual(first);
    child.kill("SIGKILL");
  });

  test("is removed after its failover timeout, and its tasks are killed", async () => {
    const { frameworks } = scene.cluster.kinds;
    const ref = { name: "crashing", namespace: scene.namespace };
    await frameworks.mergePatch(ref, { spec: { failoverTimeout: "3s" } });
    await until("the Framework is gone", () => isGone("crashing"));
    for (const { status } of await tasksOf("crashing")) expect(status?.state).toBe("TASK_KILLED");
    expect((await tasksOf("crashing")).map(({ metadata }) => metadata.name).sort()).toEqual(first);
    const events = await scene.kubectl("get", "events", "--field-selector", "involvedObject.name=crashing");
    expect(events).toContain("FailoverTimeout");
  });
});

/** Of an Offer, once it is deleted. */
async function lastStatus({ metadata }: Live<Offer>) {
  const { namespace = "", name, resourceVersion } = metadata;
  const options = { namespace, fieldSelector: `metadata.name=${name}`, resourceVersion, timeoutSeconds: 120 };
  for await (const event of scene.cluster.kinds.offers.watch(options)) {
    if (event.type === "DELETED") return event.object.status;
  }
  throw new Error(`${name} was not deleted`);
}

describe("a Framework that is deleted", () => {
  test("has its offers rescinded and its tasks killed with their grace, then it is gone", async () => {
    const hand = await ByHand.connect(scene, "doomed", ["fws-doomed"]);
    await hand.accept(await hand.of(scene.node1), [
      launch(
        shell("doomed-1", "trap 'echo bye; exit 0' TERM; echo ready; sleep 600 & wait"),
        shell("doomed-2", "sleep 600"),
      ),
    ]);
    await Promise.all(["doomed-1", "doomed-2"].map((name) => scene.running(name)));
    await until("it is ready", async () => (await scene.output("doomed-1")).includes("ready"));
    const open = await hand.of(scene.node2);
    // Its Offers are deleted with it, a moment after they are closed: who asks now and then may come too late.
    const [status] = await Promise.all([
      lastStatus(open),
      scene.kubectl("delete", "frameworks.mesos.dev", "doomed", "--timeout=60s"),
    ]);
    expect(status).toMatchObject({ state: "Rescinded", reason: "FrameworkRemoved" });
    for (const name of ["doomed-1", "doomed-2"]) {
      expect((await scene.get(name)).status?.state).toBe("TASK_KILLED");
    }
    // The shim may still be writing what the task said last.
    await until("doomed-1 said bye", async () => (await scene.output("doomed-1")) === "ready\nbye\n");
  });
});

describe("the driver of the SDK", () => {
  test("takes over from one of the same name: same id, updates that were not acknowledged come again", async () => {
    let wanted = 1;
    const next = () =>
      wanted-- > 0 ? { name: "handed-over", command: { value: "sleep 3; exit 4" } } : undefined;
    const options = { name: "pair", roles: ["fws-pair"], implicitAcknowledgements: false };
    const one = await Filler.connect(scene, options, EACH, next);
    await scene.running("handed-over");
    await one.stop();
    await scene.ends("handed-over");
    const two = await Filler.connect(scene, { name: "pair", roles: ["fws-pair"] }, EACH, () => undefined);
    await until("the end is told", async () => two.updates.some(({ state }) => state === "TASK_FAILED"));
    expect(two.updates.map(({ state }) => state)).toEqual(["TASK_STARTING", "TASK_RUNNING", "TASK_FAILED"]);
    await until("it is registered", async () => two.log.calls.length > 0);
    expect(two.log.calls).toEqual(one.log.calls.slice(0, 1));
    await until("the end is acknowledged", async () => {
      const { spec, status } = await scene.get("handed-over");
      return spec.acknowledged === status?.updates?.at(-1)?.uuid;
    });
    await two.driver.teardown();
    await two.stop();
  });

  test("is told of rescinded offers, suppresses and revives, kills, and reconciles", async () => {
    let wanted = 1;
    const next = () => (wanted-- > 0 ? { name: "driven", command: { value: "sleep 600" } } : undefined);
    const filler = await Filler.connect(scene, { name: "driver", roles: ["fws-driver"] }, EACH, next);
    await scene.running("driven");
    await filler.driver.suppress();
    await until("it is suppressed", async () => {
      const { metadata, spec, status } = await framework("driver");
      return spec.suppressedRoles?.length === 1 && status?.observedGeneration === metadata.generation;
    });
    await filler.driver.revive();
    await until(
      "it is revived",
      async () => (await framework("driver")).status?.observedRevive !== undefined,
    );
    await filler.driver.reconcile(["driven", "never-heard-of"]);
    const answers = filler.updates.filter(({ reason }) => reason === "REASON_RECONCILIATION");
    expect(answers.map(({ taskId, state }) => [taskId, state])).toEqual([
      ["driven", "TASK_RUNNING"],
      ["never-heard-of", "TASK_UNKNOWN"],
    ]);
    await filler.driver.kill("driven", "0s");
    await until("the kill is told", async () => filler.updates.some(({ state }) => state === "TASK_KILLED"));
    await filler.driver.teardown();
    await filler.stop();
    await until("the Framework is gone", () => isGone("driver"));
  });
});

describe("a framework's ServiceAccount", () => {
  const can = async (verb: string, what: string) => {
    const args = ["--kubeconfig", kubeconfig, "--namespace", scene.namespace];
    const words = what.split(" ");
    return (
      await scene.cluster.kubectl(...args, "auth", "can-i", verb, ...words).catch((e) => String(e.stdout))
    ).trim();
  };

  test("may do what a framework does, in its namespace alone", async () => {
    for (const verb of ["get", "list", "watch", "create", "patch", "delete"])
      expect([verb, await can(verb, "frameworks.mesos.dev")]).toEqual([verb, "yes"]);
    for (const verb of ["get", "list", "watch", "patch"])
      expect([verb, await can(verb, "offers.mesos.dev")]).toEqual([verb, "yes"]);
    for (const verb of ["create", "delete"])
      expect([verb, await can(verb, "offers.mesos.dev")]).toEqual([verb, "no"]);
    for (const what of ["tasks.mesos.dev", "tasks.mesos.dev --subresource=status"])
      expect([what, await can("create", what)]).toEqual([what, "no"]);
    expect(await can("patch", "offers.mesos.dev -n kube-system")).toBe("no");
    expect(await can("patch", "tasks.mesos.dev --subresource=status")).toBe("no");
    expect(await can("get", "secrets")).toBe("no");
    expect(await can("create", "pods")).toBe("no");
    expect(await can("patch", "roles.mesos.dev")).toBe("no");
    expect(await can("patch", "quotas.mesos.dev")).toBe("no");
  });
});
