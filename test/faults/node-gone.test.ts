import { afterAll, beforeAll, expect, test } from "vitest";
import { ByHand, launch, shell } from "../e2e/byhand.ts";
import { until } from "../e2e/cluster.ts";
import { on, Scene, sh } from "../e2e/scene.ts";

const PATIENCE = { timeout: 180_000, every: 500 };

let scene: Scene;
let node: string;
beforeAll(async () => {
  scene = await Scene.open("gone");
  node = scene.node3;
  await scene.start({ alone: { ...sh("sleep 3600"), ...on(node) } });
  await scene.running("alone");
});
afterAll(() => scene.close());

const isThere = (get: Promise<unknown>) =>
  get.then(
    () => true,
    () => false,
  );

test("a node that loses power and is deleted: its tasks are gone by the operator, its Agent goes", async () => {
  // One knows all of Mesos's states, the other those of old.
  const aware = await ByHand.connect(scene, "aware", ["gone-aware"]);
  await aware.accept(await aware.of(node), [launch(shell("of-aware", "sleep 3600"))]);
  await aware.rest();
  const old = await ByHand.connect(scene, "old", ["gone-old"], { capabilities: [] });
  await old.accept(await old.of(node), [launch(shell("of-old", "sleep 3600"))]);
  const offer = await old.of(node);
  await Promise.all(["of-aware", "of-old"].map((name) => scene.running(name)));

  await scene.cluster.machines.kill(node);
  await scene.cluster.kubectl("delete", "node", node);
  expect((await old.closed(offer)).status).toMatchObject({ state: "Rescinded" });
  const [alone, ofAware, ofOld] = await Promise.all(
    ["alone", "of-aware", "of-old"].map((name) => scene.ends(name, PATIENCE.timeout)),
  );
  for (const task of [alone, ofAware])
    expect(task?.status).toMatchObject({
      state: "TASK_GONE_BY_OPERATOR",
      reason: "REASON_AGENT_REMOVED_BY_OPERATOR",
      source: "SOURCE_MASTER",
    });
  expect(ofOld?.status).toMatchObject({ state: "TASK_LOST", reason: "REASON_AGENT_REMOVED" });
  const { agents } = scene.cluster.kinds;
  await until("the Agent is gone", async () => !(await isThere(agents.get({ name: node }))), PATIENCE);
});

test("the node comes back: its Agent is made anew, nothing of before runs, new tasks do", async () => {
  const { machines, kinds } = scene.cluster;
  const started = machines.startAll(() => {});
  started.catch(() => {});
  await until("the node is registered", () => isThere(kinds.nodes.get({ name: node })), PATIENCE);
  // A kubelet that starts before its Node is there tries its CSINode again only after two minutes.
  await machines.kill(node, "kubelet");
  await machines.start(node, "kubelet");
  await started;
  await until(
    "the node is Ready",
    () => isThere(scene.cluster.kubectl("wait", `node/${node}`, "--for=condition=Ready", "--timeout=5s")),
    PATIENCE,
  );
  await scene.create("again", { ...sh("echo again"), ...on(node) });
  expect(await scene.finished("again", PATIENCE.timeout)).toBe("again\n");
  for (const name of ["alone", "of-aware", "of-old"])
    expect((await scene.get(name)).status?.state).toMatch(/^TASK_(GONE_BY_OPERATOR|LOST)$/);
  expect(await scene.cluster.onNode(node, "ctr -n mesos tasks ls | grep -c RUNNING || true")).toBe("0\n");
});
