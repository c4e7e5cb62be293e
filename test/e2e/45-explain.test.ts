import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Task } from "../../src/api/task.ts";
import { until } from "./cluster.ts";
import { on, resources, Scene, sh } from "./scene.ts";

let scene: Scene;
let closedRole: string;
beforeAll(async () => {
  scene = await Scene.open("explain");
  closedRole = `closed-${scene.namespace}`;
  await scene.cluster.apply({
    apiVersion: "mesos.dev/v1alpha1",
    kind: "Role",
    metadata: { name: closedRole },
    spec: { path: closedRole, namespaces: ["kube-system"] },
  });
  const running = sh("sleep 600");
  await scene.start({
    vast: { ...running, ...resources(100, 32) },
    "vast-memory": { ...running, ...resources(0.02, 9_000_000) },
    nowhere: { ...running, ...on("no-such-node") },
    stranger: { ...running, role: closedRole },
    below: { ...running, role: `${closedRole}/team` },
    fine: sh("sleep 5"),
  });
});
afterAll(async () => {
  await scene.cluster.kinds.roles.delete({ name: closedRole });
  await scene.close();
});

const placed = ({ status }: Task) => status?.conditions?.find(({ type }) => type === "Placed");
const told = async (name: string) =>
  placed(await scene.becomes(name, "is told why it waits", (task) => placed(task)?.status === "False"));
/** The Event says the same word and the same sentence as the condition. */
async function event(name: string, reason = ""): Promise<string> {
  const selector = `involvedObject.name=${name},reason=${reason}`;
  return until(`an Event ${reason} of ${name}`, async () => {
    const all = await scene.kubectl("get", "events", "--field-selector", selector, "--output=wide");
    return all.includes(reason) ? all : undefined;
  });
}

describe("why is my task not placed?", () => {
  test("too much is asked for: a count of agents by what they are short of", async () => {
    const all = scene.cluster.nodes.length;
    // Until offers of frameworks that were there before are over agents are short of more than that.
    const says = (name: string, message: string) =>
      scene.becomes(name, `is told: ${message}`, (task) => placed(task)?.message === message);
    const tooSmall = `0 of ${all} agents would do: ${all} too small in`;
    const condition = placed(await says("vast", `${tooSmall} cpus`));
    expect(condition).toMatchObject({ reason: "InsufficientResources", status: "False" });
    expect(await event("vast", condition?.reason)).toContain(condition?.message ?? "no message");
    await says("vast-memory", `${tooSmall} mem`);
  });

  test("no agent meets its constraints", async () => {
    const condition = await told("nowhere");
    expect(condition?.reason).toBe("ConstraintNotMet");
    expect(condition?.message).toMatch(/outside \w+ TextEquals no-such-node/);
    expect(await event("nowhere", condition?.reason)).toContain("TextEquals no-such-node");
  });

  test("its namespace may not use the role, or one above it", async () => {
    expect(await told("stranger")).toMatchObject({
      reason: "RoleNotAllowed",
      message: `the role ${closedRole} is not open to the namespace ${scene.namespace}`,
    });
    expect((await told("below"))?.message).toContain(`the role ${closedRole}, above ${closedRole}/team,`);
    await event("stranger", "RoleNotAllowed");
  });

  test("kubectl wait, get and mesos explain tell it too", async () => {
    await scene.kubectl("wait", "tasks.mesos.dev/vast", "--for=condition=Placed=False", "--timeout=20s");
    expect(await scene.kubectl("get", "tasks.mesos.dev", "vast", "-o", "wide")).toContain(
      "InsufficientResources",
    );
    const explained = await scene.mesos("explain", "vast");
    expect(explained).toMatch(/Not placed: InsufficientResources: 0 of \d agents would do/);
    expect(explained).toMatch(/Warning +InsufficientResources/);
  });

  test("a task that is placed says where", async () => {
    const task = await scene.becomes("fine", "is placed", (task) => placed(task)?.status === "True");
    expect(placed(task)?.message).toContain(task.spec.agent ?? "no agent");
    await event("fine", "Placed");
  });

  test("what stood in the way is gone: it runs", async () => {
    await scene.cluster.kinds.roles.mergePatch({ name: closedRole }, { spec: { namespaces: null } });
    await Promise.all(["stranger", "below"].map((name) => scene.running(name)));
  });
});
