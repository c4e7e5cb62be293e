import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { durationMs } from "../../src/api/duration.ts";
import { agentLeaseName } from "../../src/api/group.ts";
import { agentPod } from "./agents.ts";
import { ByHand, launch, shell } from "./byhand.ts";
import { until } from "./cluster.ts";
import { on, Scene, sh } from "./scene.ts";
import { history } from "./tasks.ts";

const TIMEOUT = durationMs("75s");
const waiting = "until [ -e go ]; do sleep 0.2; done";

let scene: Scene;
/** It wants offers of the lost agent all the time. */
let old: ByHand;
/** The last time that the lost agent renewed its Lease. */
let renewed: number;

const lease = async () => {
  const { cluster, node2 } = scene;
  const ref = { name: agentLeaseName(node2), namespace: cluster.test.operatorNamespace };
  return Date.parse((await cluster.kinds.leases.get(ref)).spec?.renewTime ?? "");
};

/** A kubelet that is down starts no agent again: the node's containers go on, and nobody reports. */
async function loseAgent(): Promise<void> {
  const { cluster, node2 } = scene;
  const pod = await agentPod(cluster, node2);
  const id = pod.status?.containerStatuses?.[0]?.containerID?.replace("containerd://", "");
  await cluster.machines.kill(node2, "kubelet");
  await cluster.onNode(node2, `ctr -n k8s.io tasks kill --signal SIGKILL ${id}`);
  renewed = await lease();
}

beforeAll(async () => {
  scene = await Scene.open("lost");
  const node = on(scene.node2);
  await scene.start({
    stays: { ...sh("sleep 3600"), ...node },
    ends: { ...sh(waiting), ...node },
    deleted: { ...sh("sleep 3600"), ...node },
    elsewhere: { ...sh("sleep 3600"), ...on(scene.node1) },
  });
  await Promise.all(["stays", "ends", "deleted", "elsewhere"].map((name) => scene.running(name)));
  // A framework that does not know TASK_UNREACHABLE.
  old = await ByHand.connect(scene, "old", ["lost"], { capabilities: [] });
  await old.accept(await old.of(scene.node2), [launch(shell("older", "sleep 3600"))]);
  await scene.running("older");
  await loseAgent();
});
afterAll(async () => {
  await scene.cluster.machines.start(scene.node2, "kubelet").catch(() => {});
  await scene?.close();
});

describe("an agent that is lost", () => {
  test("has its tasks TASK_UNREACHABLE after 75 s without a renewal, not sooner", async () => {
    const { status } = await scene.reaches("stays", "TASK_UNREACHABLE", TIMEOUT + 60_000);
    expect(status).toMatchObject({
      reason: "REASON_AGENT_REMOVED",
      source: "SOURCE_MASTER",
      unreachableSince: expect.any(String),
    });
    const after = Date.parse(status?.unreachableSince ?? "") - renewed;
    expect(after).toBeGreaterThanOrEqual(TIMEOUT - 1000);
    expect(after).toBeLessThan(TIMEOUT + 20_000);
  });

  test("has those of a framework that is not PARTITION_AWARE TASK_LOST", async () => {
    const { status } = await scene.becomes(
      "older",
      "is lost",
      ({ status }) => status?.state === "TASK_LOST",
      TIMEOUT,
    );
    expect(status).toMatchObject({ reason: "REASON_AGENT_REMOVED", unreachableSince: expect.any(String) });
  });

  test("is not Ready, and is offered to nobody", async () => {
    const { agents } = scene.cluster.kinds;
    const agent = await until("the Agent is not Ready", async () => {
      const now = await agents.get({ name: scene.node2 });
      const ready = now.status?.conditions?.find(({ type }) => type === "Ready");
      return ready?.status !== "True" ? now : undefined;
    });
    expect(agent.metadata.name).toBe(scene.node2);
    await until("nothing of it is offered", async () =>
      (await old.open()).every(({ spec }) => spec.agent !== scene.node2),
    );
  });

  test("leaves the tasks of others alone", async () => {
    expect((await scene.get("elsewhere")).status?.state).toBe("TASK_RUNNING");
  });

  test("still holds its tasks' processes, and one of them ends", async () => {
    const { status } = await scene.get("ends");
    expect(status?.state).toBe("TASK_UNREACHABLE");
    await scene.cluster.onNode(scene.node2, `kill -0 ${status?.container?.pid}`);
    await scene.cluster.onNode(scene.node2, `touch '${status?.container?.sandbox}/go'`);
    await scene.cluster.kinds.tasks.delete({ name: "deleted", namespace: scene.namespace });
  });
});

describe("an agent that comes back", () => {
  beforeAll(async () => {
    await scene.cluster.machines.start(scene.node2, "kubelet");
    // What is offered to it, others wait for.
    await old.rest();
    await agentPod(scene.cluster, scene.node2);
  });

  test("has its tasks RUNNING again: none was killed, none was started twice", async () => {
    const task = await scene.running("stays");
    expect(task.status).toMatchObject({ reason: "REASON_AGENT_REREGISTERED", source: "SOURCE_AGENT" });
    expect(task.status?.unreachableSince).toBeUndefined();
    expect(history(task)).toEqual(["TASK_STARTING", "TASK_RUNNING", "TASK_UNREACHABLE", "TASK_RUNNING"]);
  });

  test("also those that were TASK_LOST", async () => {
    const task = await scene.becomes("older", "runs", ({ status }) => status?.state === "TASK_RUNNING");
    expect(history(task)).toEqual(["TASK_STARTING", "TASK_RUNNING", "TASK_LOST", "TASK_RUNNING"]);
  });

  test("reports the end that came meanwhile", async () => {
    const { status } = await scene.becomes(
      "ends",
      "has finished",
      ({ status }) => status?.state === "TASK_FINISHED",
    );
    expect(status?.exit?.code).toBe(0);
    expect(status?.unreachableSince).toBeUndefined();
  });

  test("kills what was to be killed meanwhile", async () => {
    await until("the deleted task is gone", () =>
      scene.get("deleted").then(
        () => false,
        () => true,
      ),
    );
    expect(await scene.seenUntil("deleted", "TASK_KILLED")).toContain("TASK_KILLED");
  });

  test("is Ready and runs new tasks", async () => {
    await scene.create("fresh", { ...sh("echo fresh"), ...on(scene.node2) });
    expect(await scene.finished("fresh")).toBe("fresh\n");
    const { status } = await scene.cluster.kinds.agents.get({ name: scene.node2 });
    expect(status?.conditions?.find(({ type }) => type === "Ready")?.status).toBe("True");
  });
});
