import { afterAll, beforeAll, expect, test } from "vitest";
import { ByHand, launch, shell } from "./byhand.ts";
import { until } from "./cluster.ts";
import { killPod, leader, leadingPod, operatorPods } from "./operators.ts";
import { Scene } from "./scene.ts";
import { history } from "./tasks.ts";

let scene: Scene;
let hand: ByHand;
beforeAll(async () => {
  scene = await Scene.open("leader");
  hand = await ByHand.connect(scene, "hand", ["leader"]);
});
afterAll(() => scene.close());

test("two replicas are ready, and one of them leads", async () => {
  const pod = await leadingPod(scene.cluster);
  const all = await operatorPods(scene.cluster);
  expect(all).toHaveLength(2);
  expect(new Set(all.map(({ spec }) => spec?.nodeName)).size).toBe(2);
  const metrics = await Promise.all(
    all.map(async ({ metadata, status }) => {
      const answer = await fetch(`http://${status?.podIP}:8080/metrics`);
      const leads = /^[a-z_]*lead[a-z_]*\{[^}]*\} 1$/m.test(await answer.text());
      return [metadata.name, leads];
    }),
  );
  expect(Object.fromEntries(metrics)).toMatchObject({ [pod.metadata.name]: true });
  expect(metrics.filter(([, leads]) => leads)).toHaveLength(1);
});

test("the leader is killed: the standby takes over, offers again, and what was answered meanwhile is carried out", async () => {
  const pod = await leadingPod(scene.cluster);
  const before = await leader(scene.cluster);
  // What stood when the leader died still stands: answer one, keep another.
  const nodes = [scene.node1, scene.node2, scene.node3];
  const [answered, kept] = await Promise.all(nodes.map((node) => hand.of(node)));
  if (answered === undefined || kept === undefined) throw new Error("each node is offered");
  const known = new Set((await hand.open()).map(({ metadata }) => metadata.name));
  const killed = await killPod(scene.cluster, pod);
  await scene.cluster.kinds.offers.mergePatch(answered.metadata, {
    spec: {
      response: {
        accept: { operations: [launch(shell("meanwhile", "echo once"))], filters: { refuse: "0s" } },
      },
    },
  } as object);
  const { identity, acquired } = await until("another leads", async () => {
    const now = await leader(scene.cluster);
    return now.identity !== before.identity && now;
  });
  await hand.offer(
    "a new offer of the node that was answered for",
    ({ metadata, spec }) => spec.agent === scene.node1 && !known.has(metadata.name),
  );
  const offeredAt = Date.now();
  console.log(
    `leader killed; Lease acquired after ${acquired - killed} ms, offered again ${offeredAt - acquired} ms later`,
  );
  expect(identity.startsWith(`${pod.metadata.name}_`) && acquired < killed).toBe(false);
  expect(offeredAt - acquired).toBeLessThan(5_000);
  expect(offeredAt - killed).toBeLessThan(25_000);
  expect(await scene.finished("meanwhile")).toBe("once\n");
  expect(history(await scene.get("meanwhile"))).toEqual(["TASK_STARTING", "TASK_RUNNING", "TASK_FINISHED"]);
  // The offer that nobody answered was not lost, nor made twice.
  const open = await hand.open();
  expect(open.map(({ metadata }) => metadata.name)).toContain(kept.metadata.name);
  await leadingPod(scene.cluster);
});
