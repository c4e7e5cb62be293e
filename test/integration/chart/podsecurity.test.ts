import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Offer } from "../../../src/api/offer.ts";
import type { Task } from "../../../src/api/task.ts";
import { offers, tasks } from "../../../src/client/handles.ts";
import { Connection } from "../../../src/cluster/connection.ts";
import { ApiError } from "../../../src/cluster/errors.ts";
import { done, Installation, inForce, offer, refused, resources, task } from "./installation.ts";

const LEVELS = { open: undefined, free: "privileged", base: "baseline", tight: "restricted" };

let chart: Installation;
let connection: Connection;

beforeAll(async () => {
  chart = await Installation.open();
  connection = await Connection.load({
    userAgent: "test",
    kubeconfig: chart.kubeconfig,
    qps: 500,
    burst: 500,
  });
  for (const [name, level] of Object.entries(LEVELS)) {
    await chart.namespace(name, level);
    await done(chart.operator(["create"], offer("o", name)));
  }
  const privileged = { container: { privileged: true } };
  const dry = ["create", "--dry-run=server"];
  await inForce("privileged", () => chart.admin(dry, task("probe", privileged, "base")));
  const program = { command: { value: "true" }, resources, ...privileged };
  const patch = JSON.stringify({ spec: answerOf("launch", "LAUNCH", program) });
  const answer = ["patch", "offer", "o", "-n", "base", "--type=merge", "--dry-run=server", "-p", patch];
  await inForce("privileged", () => chart.admin(answer));
});
afterAll(async () => {
  connection?.close();
  await chart?.stop();
});

const answerOf = (key: string, type: string, ...list: object[]) => ({
  response: { accept: { operations: [{ type, [key]: { tasks: list } }] } },
});

/** What the API server says: nothing when it takes what was tried. */
async function said(attempt: Promise<unknown>): Promise<string> {
  try {
    await attempt;
    return "";
  } catch (error) {
    if (error instanceof ApiError) return error.message;
    throw error;
  }
}

const cases: [what: string, more: object, base: boolean, tight: boolean, words: string][] = [
  ["nothing special", {}, true, true, ""],
  [
    "an own network, a user and sandbox volumes",
    {
      container: { user: "1000", network: { mode: "CNI" } },
      volumes: [{ containerPath: "/a", sandboxPath: "a" }],
    },
    true,
    true,
    "",
  ],
  ["privileges", { container: { privileged: true } }, false, false, "container.privileged must not be true"],
  ["no privileges", { container: { privileged: false } }, true, true, ""],
  [
    "the node's network",
    { container: { network: { mode: "Host" } } },
    false,
    false,
    "container.network.mode must be CNI",
  ],
  [
    "a port of the node",
    {
      resources: [...resources, { name: "ports", ranges: [{ begin: 20000, end: 20000 }] }],
      container: { network: { mode: "CNI", portMappings: [{ hostPort: 20000, containerPort: 80 }] } },
    },
    false,
    false,
    "container.network.portMappings must be empty",
  ],
  [
    "a path of the node",
    { volumes: [{ containerPath: "/a", hostPath: "/etc" }] },
    false,
    false,
    "volumes must not have hostPath",
  ],
  [
    "a file of the node by URI",
    { uris: [{ value: "file:///etc/shadow" }] },
    false,
    false,
    "uris must be http or https",
  ],
  [
    "a file of the node by its path",
    { uris: [{ value: "/etc/shadow" }] },
    false,
    false,
    "uris must be http or https",
  ],
  ["a file of the web", { uris: [{ value: "https://example.com/a" }] }, true, true, ""],
  [
    "a strong capability",
    { container: { addCapabilities: ["SYS_ADMIN"] } },
    false,
    false,
    "container.addCapabilities must be among",
  ],
  [
    "a strong capability by its long name",
    { container: { addCapabilities: ["CAP_SYS_ADMIN"] } },
    false,
    false,
    "container.addCapabilities must be among",
  ],
  [
    "all capabilities",
    { container: { addCapabilities: ["ALL"] } },
    false,
    false,
    "container.addCapabilities must be among",
  ],
  [
    "a weak capability",
    { container: { addCapabilities: ["CHOWN"] } },
    true,
    false,
    "container.addCapabilities must be among",
  ],
  [
    "the weakest capability",
    { container: { addCapabilities: ["NET_BIND_SERVICE", "CAP_NET_BIND_SERVICE"] } },
    true,
    true,
    "",
  ],
  ["root", { container: { user: "root" } }, true, false, "container.user must not be root"],
  [
    "root by number and group",
    { container: { user: "00:1000" } },
    true,
    false,
    "container.user must not be root",
  ],
  ["a user whose name begins like root", { container: { user: "rooter:0" } }, true, true, ""],
];

describe.each(cases)("%s", (_what, more, base, tight, words) => {
  const allowed = { open: true, free: true, base, tight };

  test.each(Object.entries(allowed))("on a Task in the namespace %s: %s", async (namespace, good) => {
    const dry = { dryRun: true };
    const text = await said(tasks(connection).create(task("t", more, namespace) as unknown as Task, dry));
    if (good) expect(text).toBe("");
    else expect(text).toContain(words);
  });

  test.each(Object.entries(allowed))("on the answer to an Offer in %s: %s", async (namespace, good) => {
    const program = { command: { value: "true" }, resources };
    for (const [key, type] of Object.entries({ launch: "LAUNCH", launchGroup: "LAUNCH_GROUP" })) {
      const spec = answerOf(key, type, program, { ...program, ...more }) as unknown as Offer["spec"];
      const text = await said(
        offers(connection).mergePatch({ name: "o", namespace }, { spec }, { dryRun: true }),
      );
      if (good) expect(text).toBe("");
      else expect(text).toContain(words);
    }
  });
});

describe("the level", () => {
  const privileged = { container: { privileged: true } };

  test("is told with the namespace", async () => {
    const words =
      "namespace tight enforces pod-security level restricted: container.privileged must not be true";
    await refused(chart.admin(["create"], task("t", privileged, "tight")), words);
  });

  test("binds the operator too, on behalf of whomever it works", async () => {
    await refused(
      chart.operator(["create"], task("t", { agent: "node-1", ...privileged }, "base")),
      "privileged",
    );
  });

  test("does not stop the end of what ran before it was set", async () => {
    await chart.namespace("late");
    await done(chart.operator(["create"], task("old", { agent: "node-1", ...privileged }, "late")));
    await done(chart.admin(["label", "namespace", "late", "pod-security.kubernetes.io/enforce=restricted"]));
    await done(
      chart.admin(["patch", "mtask", "old", "-n", "late", "--type=merge", "-p", '{"spec":{"kill":{}}}']),
    );
    const ended = '{"status":{"state":"TASK_KILLED"}}';
    const patch = [
      "patch",
      "mtask",
      "old",
      "-n",
      "late",
      "--subresource=status",
      "--type=merge",
      "-p",
      ended,
    ];
    await done(chart.operator(patch));
  });
});
