import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ByHand, launch, shell } from "./byhand.ts";
import { until } from "./cluster.ts";
import { on, Scene, sh } from "./scene.ts";

const TAINT = { key: "dedicated", value: "mesos", effect: "NoSchedule" };

let scene: Scene;
let hand: ByHand;
beforeAll(async () => {
  scene = await Scene.open("nodes");
  await scene.start({ stays: { ...sh("sleep 600"), ...on(scene.node1) } });
  await scene.running("stays");
  // After the task: what is offered to it, others wait for.
  hand = await ByHand.connect(scene, "hand", ["nodes"]);
});
afterAll(async () => {
  await scene.cluster.kubectl("uncordon", scene.node1).catch(() => {});
  await scene.cluster.kubectl("taint", "node", scene.node2, "dedicated-").catch(() => {});
  await scene.cluster.kubectl("taint", "node", scene.node3, "maintenance-").catch(() => {});
  await scene.close();
});

/** Nothing of the agent is offered to the framework, while something of another agent is. */
async function nothingOf(framework: ByHand, agent: string): Promise<void> {
  const round = await ByHand.connect(scene, `round-${framework.name}`, ["nodes-others"]);
  const open = await framework.open();
  await Promise.all(open.map((offer) => framework.decline(offer, "1s")));
  await round.offer();
  await round.remove();
  await framework.offer();
  expect((await framework.open()).map(({ spec }) => spec.agent)).not.toContain(agent);
}

const whyNotPlaced = async (name: string) => {
  const { status } = await scene.becomes(name, "is told why it waits", ({ status }) =>
    (status?.conditions ?? []).some(({ type, status }) => type === "Placed" && status === "False"),
  );
  return status?.conditions?.find(({ type }) => type === "Placed");
};

describe("kubectl cordon", () => {
  test("takes back the node's offers, tasks go on", async () => {
    const offer = await hand.of(scene.node1);
    await scene.cluster.kubectl("cordon", scene.node1);
    const { status } = await hand.closed(offer);
    expect(status).toMatchObject({ state: "Rescinded", reason: "Cordoned" });
    const late = hand.respond(offer, { accept: { operations: [launch(shell("late", "true"))] } });
    await expect(late).rejects.toThrow(/no longer outstanding/);
    await nothingOf(hand, scene.node1);
    expect((await scene.get("stays")).status?.state).toBe("TASK_RUNNING");
  });

  test("holds back tasks of that node, which say why", async () => {
    await scene.create("waits", { ...sh("echo now"), ...on(scene.node1) });
    expect((await whyNotPlaced("waits"))?.message).toMatch(/1 cordoned/);
  });

  test("ends with uncordon: it is offered again, and what waited runs", async () => {
    await scene.cluster.kubectl("uncordon", scene.node1);
    await hand.of(scene.node1);
    await hand.declineAll("5s");
    expect(await scene.finished("waits")).toBe("now\n");
  });
});

describe("a taint", () => {
  let tolerant: ByHand;
  beforeAll(async () => {
    const { key, value, effect } = TAINT;
    await scene.cluster.kubectl("taint", "node", scene.node2, `${key}=${value}:${effect}`);
    await hand.patch({ revive: { id: "tainted" } });
    tolerant = await ByHand.connect(scene, "tolerant", ["nodes-tolerant"], {
      tolerations: [{ key, operator: "Equal", value, effect: "NoSchedule" }],
    });
  });

  test("keeps the node from those who do not tolerate it, and gives it to those who do", async () => {
    await tolerant.of(scene.node2);
    await until("nothing of the node is offered to the other", async () => {
      const open = await hand.open();
      const tainted = open.filter(({ spec }) => spec.agent === scene.node2);
      await Promise.all(tainted.map((offer) => hand.decline(offer, "0s")));
      return tainted.length === 0;
    });
    await nothingOf(hand, scene.node2);
  });

  test("holds for tasks without a framework too", async () => {
    // What they were offered, the tasks would wait for.
    await Promise.all([hand.rest(), tolerant.rest()]);
    await scene.create("intolerant", { ...sh("true"), ...on(scene.node2) });
    const { key, value } = TAINT;
    await scene.create("tolerates", {
      ...sh("echo tolerated"),
      ...on(scene.node2),
      tolerations: [{ key, operator: "Equal", value, effect: "NoSchedule" }],
    });
    expect(await scene.finished("tolerates")).toBe("tolerated\n");
    expect((await whyNotPlaced("intolerant"))?.message).toMatch(/1 with a taint that is not tolerated/);
    await scene.cluster.kubectl("taint", "node", scene.node2, "dedicated-");
    expect((await scene.ends("intolerant")).status?.state).toBe("TASK_FINISHED");
  });
});

// Pods of the node that do not tolerate it go as well, an operator or CoreDNS among them: they are made anew elsewhere.
describe("a NoExecute taint put on a node later", () => {
  const toleration = { key: "maintenance", operator: "Exists", effect: "NoExecute" } as const;

  test("kills running tasks with their grace, those that tolerate it for a while after that", async () => {
    const polite = sh("trap 'echo bye; exit 0' TERM; echo ready; sleep 600 & wait");
    const there = on(scene.node3);
    await scene.start({
      leaves: { ...polite, ...there },
      lingers: { ...polite, ...there, tolerations: [{ ...toleration, tolerationSeconds: 6 }] },
      remains: { ...polite, ...there, tolerations: [toleration] },
    });
    for (const name of ["leaves", "lingers", "remains"]) {
      await scene.running(name);
      await until(`${name} is ready`, async () => (await scene.output(name)).includes("ready"));
    }
    await scene.cluster.kubectl("taint", "node", scene.node3, "maintenance=:NoExecute");
    const [leaves, lingers] = await Promise.all([scene.ends("leaves"), scene.ends("lingers")]);
    const taint = `the taint maintenance:NoExecute of the node ${scene.node3}`;
    for (const [task, why] of [
      [leaves, "is not tolerated"],
      [lingers, "is tolerated for 6 s only"],
    ] as const) {
      expect(task.status).toMatchObject({ state: "TASK_KILLED", reason: "REASON_AGENT_DRAINING" });
      expect(task.status?.message).toContain(`${taint} ${why}`);
      expect(await scene.output(task.metadata.name)).toBe("ready\nbye\n");
    }
    const end = ({ status }: typeof leaves) => Date.parse(status?.container?.finishedAt ?? "");
    expect(end(lingers) - end(leaves)).toBeGreaterThan(3_000);
    expect((await scene.get("remains")).status?.state).toBe("TASK_RUNNING");
    const slots = await scene.cluster.kinds.pods.list({ fieldSelector: `spec.nodeName=${scene.node3}` });
    const slot = slots.items.find(({ metadata }) => metadata.name === `mesos-slot-${scene.node3}`);
    expect(slot?.metadata.deletionTimestamp).toBeUndefined();
    expect(slot?.status?.phase).toBe("Running");
  });
});
