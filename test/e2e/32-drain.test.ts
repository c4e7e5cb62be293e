import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ByHand } from "./byhand.ts";
import { until } from "./cluster.ts";
import { on, Scene, sh } from "./scene.ts";

const DEAF = "trap '' TERM; echo ready; sleep 3600";

let scene: Scene;
let watcher: ByHand;
beforeAll(async () => {
  scene = await Scene.open("drain");
  const node = on(scene.node1);
  await scene.start({
    polite: { ...sh("trap 'echo bye; exit 0' TERM; echo ready; sleep 3600 & wait"), ...node },
    deaf: { ...sh(DEAF), ...node, killPolicy: { gracePeriod: "3s" } },
    stubborn: { ...sh(DEAF), ...node, killPolicy: { gracePeriod: "600s" } },
    elsewhere: { ...sh("sleep 3600"), ...on(scene.node2) },
  });
  for (const name of ["polite", "deaf", "stubborn"]) {
    await scene.running(name);
    await until(`${name} is ready`, async () => (await scene.output(name)).includes("ready"));
  }
  await scene.running("elsewhere");
  watcher = await ByHand.connect(scene, "watcher", ["draining"]);
  await watcher.of(scene.node1);
});
afterAll(async () => {
  await scene.mesos("reactivate", scene.node1).catch(() => {});
  await scene?.close();
});

const agent = () => scene.cluster.kinds.agents.get({ name: scene.node1 });
const outstanding = async () => (await watcher.open()).filter(({ spec }) => spec.agent === scene.node1);

describe("a drain", () => {
  test("kills the agent's tasks with their grace, at most the drain's, until it is DRAINED", async () => {
    const asked = Date.now();
    const drained = scene.mesos("drain", scene.node1, "--grace", "6s", "--wait", "--timeout", "60");
    // A listener from the start: a refusal must not go unnoticed.
    drained.catch(() => {});
    const states = new Set<string | undefined>();
    const draining = until(
      "the Agent is draining",
      async () => {
        states.add((await agent()).status?.draining);
        return states.has("DRAINING");
      },
      { every: 50 },
    );
    await draining;
    expect(await drained).toBe(`agent ${scene.node1} is drained\n`);
    expect(Date.now() - asked).toBeGreaterThan(5000);
    expect((await agent()).status).toMatchObject({ draining: "DRAINED", tasks: 0 });
    const [polite, deaf, stubborn] = await Promise.all(
      ["polite", "deaf", "stubborn"].map((name) => scene.ends(name)),
    );
    for (const task of [polite, deaf, stubborn]) {
      expect(task?.status).toMatchObject({ state: "TASK_KILLED", reason: "REASON_AGENT_DRAINING" });
    }
    expect(await scene.output("polite")).toBe("ready\nbye\n");
    expect(deaf?.status?.exit?.signal).toBe(9);
    const end = (task: typeof deaf) => Date.parse(task?.status?.container?.finishedAt ?? "");
    expect(end(deaf) - end(polite)).toBeGreaterThan(1500);
    expect(end(stubborn) - end(deaf)).toBeGreaterThan(1500);
  });

  test("takes back what is offered, and nothing more is", async () => {
    await until("no offer stands", async () => (await outstanding()).length === 0);
    await scene.create("unwelcome", { ...sh("true"), ...on(scene.node1) });
    const task = await scene.becomes("unwelcome", "is told to wait", ({ status }) =>
      (status?.conditions ?? []).some(({ type, status }) => type === "Placed" && status === "False"),
    );
    expect(task.spec.agent).toBeUndefined();
    expect(task.status?.conditions?.find(({ type }) => type === "Placed")?.message).toMatch(/[Dd]rain/);
    expect(await outstanding()).toEqual([]);
  });

  test("leaves other agents' tasks alone", async () => {
    expect((await scene.get("elsewhere")).status?.state).toBe("TASK_RUNNING");
  });

  test("lasts until the agent is reactivated: then it is offered, and what waits is placed", async () => {
    // What is offered to it, others wait for.
    await watcher.rest();
    expect(await scene.mesos("reactivate", scene.node1)).toContain("is reactivated");
    expect((await scene.ends("unwelcome")).status?.state).toBe("TASK_FINISHED");
    await watcher.patch({ suppressedRoles: [] });
    await watcher.of(scene.node1);
    expect((await agent()).status?.draining).toBeUndefined();
  });

  test("with --mark-gone tells that its tasks are gone by the operator's will", async () => {
    await watcher.rest();
    await scene.create("marked", { ...sh(DEAF), ...on(scene.node1) });
    await scene.running("marked");
    await scene.mesos("drain", scene.node1, "--grace", "0s", "--mark-gone", "--wait", "--timeout", "60");
    const { status } = await scene.ends("marked");
    expect(status?.state).toBe("TASK_GONE_BY_OPERATOR");
    expect(status?.container?.finishedAt).toEqual(expect.any(String));
  });

  test("of an agent that is not there fails with its name", async () => {
    await expect(scene.mesos("drain", "no-such-agent")).rejects.toThrow(/agent no-such-agent not found/);
  });
});
