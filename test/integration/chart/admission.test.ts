import { readFileSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse, stringify } from "yaml";
import { type Answer, kubectl } from "../manifests/kubectl.ts";
import { type Server, startServer } from "../server.ts";
import { CHART, helm, NAMESPACE, RELEASE } from "./helm.ts";

const OPERATOR = `system:serviceaccount:${NAMESPACE}:mesos-operator`;
const API = "mesos.dev/v1alpha1";
/** A policy is in force some time after it was stored: the API server watches them. */
const IN_FORCE_MS = 20_000;

let server: Server;
const stolen = new Map<string, string>();

const admin = (args: string[], object?: object): Promise<Answer> =>
  kubectl(object ? [...args, "-f", "-"] : args, {
    kubeconfig: server.kubeconfig,
    ...(object && { input: JSON.stringify(object) }),
  });
const operator = (args: string[], object?: object) => admin([...args, "--as", OPERATOR], object);
/** With the token that an agent's Pod on that node has, or with one that is bound to nothing. */
const agent = (node: string, args: string[], object?: object): Promise<Answer> =>
  kubectl(object ? [...args, "-f", "-"] : args, {
    kubeconfig: stolen.get(node) ?? "",
    ...(object && { input: JSON.stringify(object) }),
  });

async function done(answer: Promise<Answer>): Promise<string> {
  const { ok, stdout, stderr } = await answer;
  expect({ ok, stderr }).toEqual({ ok: true, stderr: "" });
  return stdout;
}
async function refused(answer: Promise<Answer>, words: string): Promise<void> {
  const { ok, stderr } = await answer;
  expect(stderr).toContain(words);
  expect(ok).toBe(false);
}

const resources = [
  { name: "cpus", scalar: 1 },
  { name: "mem", scalar: 64 },
];
const object = (kind: string, name: string, spec: object, namespace = "open") => ({
  apiVersion: API,
  kind,
  metadata: { name, namespace },
  spec,
});
const task = (name: string, more: object = {}, namespace = "open") =>
  object("Task", name, { command: { value: "true" }, resources, ...more }, namespace);
const offer = (name: string, namespace = "open") =>
  object(
    "Offer",
    name,
    { framework: "f", role: "r", agent: "node-1", resources, expiresAt: "2030-01-01T00:00:00Z" },
    namespace,
  );
const lease = (name: string, namespace = NAMESPACE) => ({
  apiVersion: "coordination.k8s.io/v1",
  kind: "Lease",
  metadata: { name, namespace },
  spec: { holderIdentity: "x" },
});
const status = (plural: string, name: string, value: object, namespace = "open") => [
  "patch",
  `${plural}.mesos.dev`,
  name,
  "-n",
  namespace,
  "--subresource=status",
  "--type=merge",
  "-p",
  JSON.stringify({ status: value }),
];

/** A kubeconfig with that token and nothing else. */
function withToken(name: string, token: string): string {
  const config = parse(readFileSync(server.kubeconfig, "utf8"));
  config.users[0].user = { token };
  const path = `${server.kubeconfig}-${name}`;
  writeFileSync(path, stringify(config), { mode: 0o600 });
  return path;
}

/** The token that the kubelet would put into a Pod of that account on that node. */
async function podToken(account: string, node: string): Promise<string> {
  const pod = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: `${account}-${node}`, namespace: NAMESPACE },
    spec: { serviceAccountName: account, nodeName: node, containers: [{ name: "a", image: "a" }] },
  };
  await done(admin(["create"], pod));
  const bound = ["--bound-object-kind", "Pod", "--bound-object-name", pod.metadata.name];
  return (await done(admin(["create", "token", account, "-n", NAMESPACE, ...bound]))).trim();
}

async function inForce(words: string, attempt: () => Promise<Answer>): Promise<void> {
  const deadline = Date.now() + IN_FORCE_MS;
  let said = "";
  while (Date.now() < deadline) {
    said = (await attempt()).stderr;
    if (said.includes(words)) return;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  throw new Error(`no policy says "${words}": ${said}`);
}

beforeAll(async () => {
  server = await startServer();
  await helm(["install", RELEASE, CHART, "-n", NAMESPACE, "--create-namespace"], server.kubeconfig);
  for (const [name, level] of [
    ["open", ""],
    ["base", "baseline"],
    ["tight", "restricted"],
    ["free", "privileged"],
  ]) {
    await done(admin(["create", "namespace", name ?? ""]));
    if (level)
      await done(admin(["label", "namespace", name ?? "", `pod-security.kubernetes.io/enforce=${level}`]));
  }
  const account = "mesos-operator-agent";
  for (const node of ["node-1", "node-2"]) {
    await done(admin(["create"], { apiVersion: "v1", kind: "Node", metadata: { name: node } }));
    stolen.set(node, withToken(node, await podToken(account, node)));
  }
  const unbound = (await done(admin(["create", "token", account, "-n", NAMESPACE]))).trim();
  stolen.set("unbound", withToken("unbound", unbound));
  await done(operator(["create"], task("on-1", { agent: "node-1" })));
  await done(operator(["create"], task("on-2", { agent: "node-2" })));
  await done(operator(["create"], task("nowhere")));
  const probe = ["create", "--dry-run=server"];
  await inForce("only the operator makes Offers", () => admin(probe, offer("probe")));
  await inForce("status is written by", () =>
    admin([...status("tasks", "on-1", { pid: 1 }), "--dry-run=server"]),
  );
  const privileged = { container: { privileged: true } };
  await inForce("privileged", () => admin(probe, task("probe", privileged, "base")));
  await inForce("alone", () => agent("node-1", probe, lease("mesos-agent-node-2")));
});
afterAll(() => server?.stop());

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
      "of its own Tasks alone",
    );
    await refused(
      agent("node-1", status("tasks", "nowhere", { state: "TASK_LOST" })),
      "of its own Tasks alone",
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
    await refused(admin(["create"], offer("o")), "only the operator makes Offers");
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

describe("a namespace's pod-security level", () => {
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
    [
      "privileges",
      { container: { privileged: true } },
      false,
      false,
      "container.privileged must not be true",
    ],
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
      { container: { network: { mode: "CNI", portMappings: [{ hostPort: 20000, containerPort: 80 }] } } },
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

  test.concurrent.each(cases)("on a Task: %s", async (_what, more, base, tight, words) => {
    const dry = ["create", "--dry-run=server"];
    for (const [namespace, allowed] of [
      ["open", true],
      ["free", true],
      ["base", base],
      ["tight", tight],
    ] as const) {
      const answer = admin(dry, task("t", more, namespace));
      if (allowed) await done(answer);
      else await refused(answer, words);
    }
  });

  test("is told with the level and the namespace", async () => {
    const answer = admin(["create"], task("t", { container: { privileged: true } }, "tight"));
    await refused(
      answer,
      "namespace tight enforces pod-security level restricted: container.privileged must not be true",
    );
  });

  test("binds the operator too, on behalf of whomever it works", async () => {
    await refused(
      operator(["create"], task("t", { agent: "node-1", container: { privileged: true } }, "base")),
      "privileged",
    );
  });

  test.concurrent.each(cases)("on the answer to an Offer: %s", async (what, more, base, tight, words) => {
    const slug = what.replaceAll(/[^a-z]+/gi, "-").toLowerCase();
    const program = { command: { value: "true" }, resources };
    const response = (key: string, type: string) =>
      JSON.stringify({
        spec: {
          response: {
            accept: { operations: [{ type, [key]: { tasks: [program, { ...program, ...more }] } }] },
          },
        },
      });
    for (const [namespace, allowed] of [
      ["open", true],
      ["base", base],
      ["tight", tight],
    ] as const) {
      await done(operator(["create"], offer(slug, namespace)));
      for (const [key, type] of [
        ["launch", "LAUNCH"],
        ["launchGroup", "LAUNCH_GROUP"],
      ] as const) {
        const patch = [
          "patch",
          "offer",
          slug,
          "-n",
          namespace,
          "--type=merge",
          "--dry-run=server",
          "-p",
          response(key, type),
        ];
        if (allowed) await done(admin(patch));
        else await refused(admin(patch), words);
      }
    }
  });

  test("does not stop the end of what ran before it was set", async () => {
    await done(admin(["create", "namespace", "late"]));
    await done(
      operator(["create"], task("old", { agent: "node-1", container: { privileged: true } }, "late")),
    );
    await done(admin(["label", "namespace", "late", "pod-security.kubernetes.io/enforce=restricted"]));
    await done(admin(["patch", "mtask", "old", "-n", "late", "--type=merge", "-p", '{"spec":{"kill":{}}}']));
    await done(agent("node-1", status("tasks", "old", { state: "TASK_KILLED" }, "late")));
  });
});
