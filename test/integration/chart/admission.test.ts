import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { UNTRACKED } from "../definitions.ts";
import type { Answer } from "../program.ts";
import { NAMESPACE } from "./helm.ts";
import { done, Installation, inForce, object, offer, refused, status, task } from "./installation.ts";

const lease = (name: string) => ({
  apiVersion: "coordination.k8s.io/v1",
  kind: "Lease",
  metadata: { name, namespace: NAMESPACE },
  spec: { holderIdentity: "x" },
});

let chart: Installation;
const stolen = new Map<string, string>();
const admin = (args: string[], thing?: object) => chart.admin(args, thing);
const operator = (args: string[], thing?: object) => chart.operator(args, thing);
/** With the token that an agent's Pod on that node has, or with one that is bound to nothing. */
const agent = (node: string, args: string[], thing?: object): Promise<Answer> =>
  chart.as(stolen.get(node) ?? "", args, thing);

beforeAll(async () => {
  chart = await Installation.open();
  await chart.namespace("open");
  const account = "mesos-operator-agent";
  for (const name of ["node-1", "node-2"]) {
    await done(admin(["create"], { apiVersion: "v1", kind: "Node", metadata: { name } }));
    stolen.set(name, await chart.podToken(account, name));
  }
  stolen.set("unbound", await chart.token(account));
  await done(operator(["create"], task("on-1", { agent: "node-1" })));
  await done(operator(["create"], task("on-2", { agent: "node-2" })));
  await done(operator(["create"], task("nowhere")));
  const probe = ["create", "--dry-run=server"];
  await inForce("only the operator makes Offers and Executors", () => admin(probe, offer("probe")));
  await inForce("are set by the operator", () => admin(probe, task("probe", { agent: "node-1" })));
  await inForce("status is written by", () =>
    admin([...status("tasks", "on-1", { pid: 1 }), "--dry-run=server"]),
  );
  await inForce("alone", () => agent("node-1", probe, lease("mesos-agent-node-2")));
});
afterAll(() => chart?.stop());

describe("the token of an agent", () => {
  test("writes its node's Agent, Tasks and Lease", async () => {
    await done(agent("node-1", ["create"], object("Agent", "node-1", {})));
    await done(agent("node-1", status("agents", "node-1", { version: "1" })));
    await done(agent("node-1", status("tasks", "on-1", { state: "TASK_STARTING" })));
    await done(agent("node-1", ["create"], lease("mesos-agent-node-1")));
    await done(agent("node-1", ["apply", "--server-side", "--force-conflicts"], lease("mesos-agent-node-1")));
  });

  test.each([
    ["another node's Agent", ["create"], object("Agent", "node-2", {})],
    ["another node's Lease", ["create"], lease("mesos-agent-node-2")],
    ["the Lease of the operators' election", ["create"], lease("mesos-operator")],
  ])("does not make %s", async (_what, args, thing) => {
    await refused(agent("node-1", args, thing), "the agent of node node-1");
  });

  test("does not write the status of another node's Agent or Task, or of a Task without a node", async () => {
    await done(agent("node-2", ["create"], object("Agent", "node-2", {})));
    await refused(agent("node-1", status("agents", "node-2", { version: "9" })), "writes its status alone");
    await refused(
      agent("node-1", status("tasks", "on-2", { state: "TASK_FINISHED" })),
      "of its own Tasks and Executors alone",
    );
    await refused(
      agent("node-1", status("tasks", "nowhere", { state: "TASK_LOST" })),
      "of its own Tasks and Executors alone",
    );
  });

  test("does not renew another node's Lease, or keep it from lapsing", async () => {
    await done(agent("node-2", ["create"], lease("mesos-agent-node-2")));
    const renewal = lease("mesos-agent-node-2");
    await refused(
      agent("node-1", ["apply", "--server-side", "--force-conflicts"], renewal),
      "the agent of node node-1",
    );
    await refused(
      agent("node-1", ["delete", "lease", "mesos-agent-node-2", "-n", NAMESPACE]),
      "cannot delete",
    );
  });

  test("tells Events in its own name, about Tasks and Agents", async () => {
    const event = (name: string, reportingController: string, kind: string) => ({
      apiVersion: "events.k8s.io/v1",
      kind: "Event",
      metadata: { name, namespace: "open" },
      eventTime: "2026-01-01T00:00:00.000000Z",
      reportingController,
      reportingInstance: "agent",
      type: "Normal",
      action: "Ended",
      reason: "Ended",
      regarding: { apiVersion: "mesos.dev/v1alpha1", kind, namespace: "open", name: "on-1" },
    });
    await done(agent("node-1", ["create"], event("own", "mesos.dev/agent", "Task")));
    for (const [controller, kind] of [
      ["kubelet", "Task"],
      ["mesos.dev/agent", "Secret"],
    ] as const) {
      await refused(agent("node-1", ["create"], event("other", controller, kind)), "Events of its own name");
    }
  });

  test("changes no spec, not even of its own", async () => {
    const drain = ["--type=merge", "-p", '{"spec":{"unschedulable":true}}'];
    await refused(agent("node-1", ["patch", "magent", "node-1", ...drain]), "cannot patch resource");
    const kill = ["--type=merge", "-p", '{"spec":{"kill":{}}}'];
    await refused(
      agent("node-1", ["patch", "mtask", "on-1", "-n", "open", ...kill]),
      "cannot patch resource",
    );
    await refused(agent("node-1", ["create"], task("mine", { agent: "node-1" })), "cannot create resource");
  });

  test("is worth nothing when it is bound to no Pod", async () => {
    await refused(
      agent("unbound", status("tasks", "on-1", { state: "TASK_FAILED" })),
      "with the token of its Pod",
    );
    await refused(agent("unbound", ["create"], object("Agent", "node-3", {})), "with the token of its Pod");
  });

  test("lists no Secrets and reads no other account's Pods", async () => {
    await refused(agent("node-1", ["get", "secrets", "-n", "open"]), "cannot list resource");
    await refused(agent("node-1", ["get", "pods", "-n", "open"]), "cannot list resource");
  });
});

describe("placing is the operator's", () => {
  test("even an administrator makes no offers and no tasks of a framework", async () => {
    await refused(admin(["create"], offer("o")), "only the operator makes Offers and Executors");
    await refused(
      admin(["create"], task("a", { agent: "node-1" })),
      "spec.agent and spec.allocated are set by the operator",
    );
    const origin = { name: "o", uid: "u", operation: 0, index: 0 };
    await refused(
      admin(["create"], task("b", { framework: "f", agent: "node-1", offer: origin })),
      "spec.agent and spec.allocated are set by the operator",
    );
    const place = [
      "patch",
      "mtask",
      "nowhere",
      "-n",
      "open",
      "--type=merge",
      "-p",
      '{"spec":{"agent":"node-1"}}',
    ];
    await refused(admin(place), "spec.agent and spec.allocated are set by the operator");
    await refused(
      admin(status("tasks", "nowhere", { state: "TASK_FINISHED" })),
      "status is written by the operator",
    );
    await refused(admin(status("roles", "nobody", {})), "not found");
  });

  test("the operator does all of it", async () => {
    await done(operator(["create"], offer("by-operator")));
    await done(operator(status("offers", "by-operator", { state: "Outstanding" })));
    await done(operator(["create"], task("of-framework", { framework: "f", agent: "node-1" })));
    await done(operator(["create"], task("bound-later")));
    const place = [
      "patch",
      "mtask",
      "bound-later",
      "-n",
      "open",
      "--type=merge",
      "-p",
      '{"spec":{"agent":"node-1"}}',
    ];
    await done(operator(place));
  });

  test("a framework's account answers offers, kills and acknowledges, and no more", async () => {
    const as = ["--as", "system:serviceaccount:open:framework"];
    const binding = [
      "--clusterrole=mesos-operator-framework",
      "--serviceaccount=open:framework",
      "-n",
      "open",
    ];
    await done(admin(["create", "rolebinding", "framework", ...binding]));
    await done(admin(["create", ...as], object("Framework", "f", { roles: ["r"] })));
    await done(operator(["create"], offer("to-answer")));
    const answer = [
      "patch",
      "offer",
      "to-answer",
      "-n",
      "open",
      "--type=merge",
      "-p",
      '{"spec":{"response":{"decline":{}}}}',
    ];
    await done(admin([...answer, ...as]));
    const kill = [
      "patch",
      "mtask",
      "on-2",
      "-n",
      "open",
      "--type=merge",
      "-p",
      '{"spec":{"kill":{},"acknowledged":"u"}}',
    ];
    await done(admin([...kill, ...as]));
    await refused(
      admin([...status("tasks", "on-2", { state: "TASK_KILLED" }), ...as]),
      "cannot get resource",
    );
    await refused(admin(["create", ...as], task("c")), "cannot create resource");
  });

  test("whoever may edit a namespace makes tasks there", async () => {
    const as = ["--as", "jane"];
    await done(
      admin([
        "create",
        "rolebinding",
        "jane",
        "--clusterrole=mesos-operator-edit",
        "--user=jane",
        "-n",
        "open",
      ]),
    );
    await done(admin(["create", ...as], task("janes")));
    await done(admin(["delete", "mtask", "janes", "-n", "open", ...as]));
    await refused(admin(["create", ...as], object("Quota", "q", { role: "r" })), "cannot create resource");
  });
});

describe("who owns a field of a Task", () => {
  const managers = async (name: string): Promise<readonly { operation: string }[]> => {
    const args = ["get", "tasks.mesos.dev", name, "-n", "open", "--show-managed-fields", "-o", "json"];
    const { metadata } = JSON.parse(await done(admin(args))) as {
      metadata: { managedFields?: readonly { operation: string }[] };
    };
    return metadata.managedFields ?? [];
  };

  test("is not recorded, whoever writes it", async () => {
    await done(admin(["apply", "-f", UNTRACKED]));
    // The policy is in force some time after it was stored, and refuses all (503) until the server has read the schemas again.
    await vi.waitFor(
      async () => {
        const name = `untracked-${Date.now()}`;
        await done(operator(["create"], task(name, { agent: "node-1" })));
        expect(await managers(name)).toEqual([]);
        await done(agent("node-1", status("tasks", name, { state: "TASK_STARTING" })));
        expect(await managers(name)).toEqual([]);
      },
      { timeout: 100_000, interval: 500 },
    );
  }, 120_000);

  test("is recorded of one that was applied", async () => {
    await done(admin(["apply", "--server-side"], task("applied")));
    expect((await managers("applied")).map(({ operation }) => operation)).toEqual(["Apply"]);
  });
});
