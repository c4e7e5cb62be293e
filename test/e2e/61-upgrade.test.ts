import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ByHand } from "./byhand.ts";
import { until } from "./cluster.ts";
import { leadingPod, operatorPods } from "./operators.ts";
import { Scene, sh } from "./scene.ts";

let scene: Scene;
let unlisted: string;
beforeAll(async () => {
  scene = await Scene.open("upgrade");
  unlisted = `unlisted-${scene.namespace}`;
  await scene.start({ stays: sh("sleep 600") });
  await scene.running("stays");
});
afterAll(async () => {
  await scene.cluster.kinds.roles.delete({ name: unlisted }).catch(() => {});
  await upgrade(true);
  await scene.close();
});

/** A changed value, and the operators that have read it. */
async function upgrade(implicit: boolean): Promise<void> {
  const { release, operatorNamespace } = scene.cluster.test;
  const flags = ["--namespace", operatorNamespace, "--reuse-values", "--wait", "--timeout", "3m"];
  const values = ["--set", `operator.config.roles.implicit=${implicit}`];
  await scene.cluster.helm("upgrade", release, "charts/mesos-operator", ...flags, ...values);
  await leadingPod(scene.cluster);
}

test("helm lint finds nothing wrong", async () => {
  const said = await scene.cluster.helm("lint", "charts/mesos-operator", "--strict");
  expect(said).toContain("0 chart(s) failed");
});

test("a value that the schema does not know is refused, with its name", async () => {
  const { release, operatorNamespace } = scene.cluster.test;
  const wrong = [
    "--namespace",
    operatorNamespace,
    "--reuse-values",
    "--set",
    "operator.config.roles.implict=true",
  ];
  await expect(scene.cluster.helm("upgrade", release, "charts/mesos-operator", ...wrong)).rejects.toThrow(
    /implict/,
  );
});

describe("an upgrade that turns implicit roles off", () => {
  test("rolls the operators; tasks go on", async () => {
    const before = (await operatorPods(scene.cluster)).map(({ metadata }) => metadata.uid);
    const { status } = await scene.get("stays");
    await upgrade(false);
    const after = (await operatorPods(scene.cluster)).map(({ metadata }) => metadata.uid);
    expect(after.filter((uid) => before.includes(uid))).toEqual([]);
    const task = await scene.get("stays");
    expect(task.status?.state).toBe("TASK_RUNNING");
    expect(task.status?.container).toEqual(status?.container);
  });

  test("keeps out whoever names a role that is not listed: condition and Event", async () => {
    await scene.create("roleless", { ...sh("echo listed"), role: unlisted });
    const waiting = await scene.becomes("roleless", "is told why it waits", ({ status }) =>
      (status?.conditions ?? []).some(({ type, reason }) => type === "Placed" && reason === "RoleNotFound"),
    );
    const placed = waiting.status?.conditions?.find(({ type }) => type === "Placed");
    expect(placed).toMatchObject({ status: "False", message: expect.stringContaining(unlisted) });
    const hand = await ByHand.connect(scene, "roleless", [unlisted]);
    const { status } = await until("the framework is told", async () => {
      const now = await hand.get();
      return now.status?.conditions?.some(({ reason }) => reason === "RoleNotFound") && now;
    });
    expect(status?.conditions?.find(({ type }) => type === "Ready")).toMatchObject({
      status: "False",
      reason: "RoleNotFound",
    });
    expect(await hand.open()).toEqual([]);
    await hand.remove();
    await until("there is an Event of the task", async () => {
      const selector = "involvedObject.kind=Task,involvedObject.name=roleless,reason=RoleNotFound";
      return (await scene.kubectl("get", "events", "--field-selector", selector)).includes("RoleNotFound");
    });
  });

  test("lets them in once there is a Role", async () => {
    await scene.cluster.apply({
      apiVersion: "mesos.dev/v1alpha1",
      kind: "Role",
      metadata: { name: unlisted },
      spec: { path: unlisted },
    });
    expect(await scene.finished("roleless")).toBe("listed\n");
  });
});
