import { afterAll, beforeAll, expect, it } from "vitest";
import { isInvalid } from "../../../src/cluster/errors.ts";
import { template } from "../bareCluster.ts";
import { launch, TestCluster } from "./cluster.ts";

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await TestCluster.start();
  await cluster.startOperator();
  await cluster.join("n1");
});
afterAll(() => cluster.stop());

it("has exactly one of an answer and a rescission win, whichever comes first", async () => {
  const namespace = await cluster.namespace("race");
  await cluster.framework(namespace, "fw");
  const outcomes = { accepted: 0, rescinded: 0 };
  for (let round = 0; round < 24; round++) {
    const offer = await cluster.firstOffer(namespace, "fw");
    const cordon = async () => {
      await new Promise((resolve) => setTimeout(resolve, (round % 8) * 5));
      await cluster.clients.nodes.mergePatch({ name: "n1" }, { spec: { unschedulable: true } });
    };
    const pause = () => new Promise((resolve) => setTimeout(resolve, Math.floor(round / 8) * 20));
    const taskId = `t${round}`;
    const answered = pause()
      .then(() => cluster.accept(offer, [launch(template(0.1, 32, { taskId }))], "0s"))
      .then(
        () => true,
        (error: unknown) => {
          if (isInvalid(error)) return false;
          throw error;
        },
      );
    const [won] = await Promise.all([answered, cordon()]);
    const closed = await cluster.closed(offer, won ? "Accepted" : "Rescinded");
    const made = (await cluster.tasksOf(namespace, "fw")).filter(({ spec }) => spec.taskId === taskId);
    if (won) {
      outcomes.accepted++;
      expect(closed.status?.operations).toMatchObject([{ status: "FINISHED" }]);
      expect(made.map(({ spec }) => spec.agent)).toEqual(["n1"]);
      for (const task of made) await cluster.report(task, "TASK_FINISHED");
    } else {
      outcomes.rescinded++;
      expect(closed.spec.response).toBeUndefined();
      expect(made).toEqual([]);
    }
    await cluster.clients.nodes.mergePatch({ name: "n1" }, { spec: { unschedulable: null } });
  }
  // Both must have happened, or the test has tried nothing.
  expect(outcomes.accepted).toBeGreaterThan(0);
  expect(outcomes.rescinded).toBeGreaterThan(0);
}, 120_000);
