import { afterAll, beforeAll, expect, test } from "vitest";
import { Call_Type } from "../../src/wire/gen/mesos/v1/agent/agent_pb.ts";
import { OperatorClient } from "../integration/agent/operatorClient.ts";
import { until } from "./cluster.ts";
import { on, Scene, sh } from "./scene.ts";

const PORT = 5051;
const RBAC = "rbac.authorization.k8s.io";

let scene: Scene;
let editor: OperatorClient;
let viewer: OperatorClient;

beforeAll(async () => {
  scene = await Scene.open("agentapi");
  await scene.start({
    web: { ...sh("echo serving; echo noted > note.txt; exec sleep 600"), ...on(scene.node1) },
  });
  [editor, viewer] = await Promise.all([operator("edit"), operator("view")]);
  await scene.running("web");
});
afterAll(async () => {
  await scene.cluster.kubectl("delete", "clusterrolebinding", scene.namespace, "--ignore-not-found");
  await scene.close();
});

/** Who has that role in the namespace, and may view agents; with a token, and the authority that the chart has made. */
async function operator(role: "edit" | "view"): Promise<OperatorClient> {
  const { cluster, namespace } = scene;
  const { release, operatorNamespace } = cluster.test;
  const roleRef = (name: string) => ({ apiGroup: RBAC, kind: "ClusterRole", name: `${release}-${name}` });
  const subject = { kind: "ServiceAccount", name: role, namespace };
  const bound = { apiVersion: `${RBAC}/v1`, kind: "RoleBinding", subjects: [subject] };
  await cluster.apply(
    { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: role, namespace } },
    ...["view", role].map((name) => ({
      ...bound,
      metadata: { name: `${role}-${name}`, namespace },
      roleRef: roleRef(name),
    })),
    {
      apiVersion: `${RBAC}/v1`,
      kind: "ClusterRoleBinding",
      metadata: { name: namespace },
      roleRef: roleRef("view"),
      subjects: [{ ...subject, name: "edit" }],
    },
  );
  const secret = [
    "secret",
    `${release}-agent-tls`,
    "-n",
    operatorNamespace,
    "-o",
    "jsonpath={.data.ca\\.crt}",
  ];
  const [token, ca, host] = await Promise.all([
    scene.kubectl("create", "token", role),
    cluster.kubectl("get", ...secret),
    cluster.address(scene.node1),
  ]);
  return new OperatorClient({
    host,
    port: PORT,
    token: token.trim(),
    tls: {
      ca: Buffer.from(ca, "base64").toString("utf8"),
      servername: `${release}-agent.${operatorNamespace}.svc`,
    },
  });
}

const containerOf = async (name: string) => (await scene.get(name)).status?.container;

test("a session in a task's container, by the token of who may edit", async () => {
  const container = await containerOf("web");
  const containerId = { value: "session", parent: { value: container?.id ?? "" } };
  const launch = {
    type: Call_Type.LAUNCH_NESTED_CONTAINER_SESSION,
    launchNestedContainerSession: {
      containerId,
      command: { value: "cat note.txt; read line; echo heard $line; hostname >&2" },
    },
  };
  await expect(viewer.output(launch)).rejects.toThrow("403");
  const output = await editor.output(launch);
  await until("it has read the note", async () => output.stdout === "noted\n");
  const input = editor.input(containerId);
  input.write("hello\n");
  await output.ended;
  expect(output.stdout).toBe("noted\nheard hello\n");
  expect(output.stderr).not.toBe("");
  expect((await input.end()).status).toBe(200);
});

test("its sandbox is browsed, read and downloaded by who may view", async () => {
  const { sandbox = "" } = (await containerOf("web")) ?? {};
  const files = await viewer.json("/files/browse", { path: sandbox });
  expect(files.map(({ path }: { path: string }) => path.slice(sandbox.length))).toEqual([
    "/note.txt",
    "/stderr",
    "/stdout",
  ]);
  expect(await viewer.json("/files/read", { path: `${sandbox}/stdout`, offset: "0" })).toEqual({
    offset: 0,
    data: "serving\n",
  });
  const { body } = await viewer.get("/files/download", { path: `${sandbox}/note.txt` });
  expect(body.toString()).toBe("noted\n");
});

test("state, metrics and statistics of the agent, with the tasks alone that one may see", async () => {
  const state = await editor.json("/slave(1)/state");
  expect(state).toMatchObject({ id: scene.node1, resources: { cpus: expect.any(Number) } });
  const executors = state.frameworks.flatMap(({ executors }: { executors: { id: string }[] }) => executors);
  expect(executors.map(({ id }: { id: string }) => id)).toContain("web");
  expect((await viewer.get("/state")).status).toBe(403);
  const [statistics] = await viewer.json("/monitor/statistics");
  expect(statistics).toMatchObject({ executor_id: "web", statistics: { cpus_limit: 0.02 } });
  expect(await editor.json("/metrics/snapshot")).toMatchObject({ "slave/registered": 1 });
});
