import { afterAll, beforeAll, expect, test } from "vitest";
import type { Executor } from "../../src/api/executor.ts";
import type { Live } from "../../src/cluster/object.ts";
import { fromSpec } from "../../src/resources/index.ts";
import { ByHand, cpusOf, type OperationInput, shell, type TaskTemplateInput } from "./byhand.ts";
import { until } from "./cluster.ts";
import { ports, Scene } from "./scene.ts";
import { history } from "./tasks.ts";

/** Of this run: what another file holds does not count here. */
const ROLE = `groups-${Date.now().toString(36)}`;
const PORT = 20240;
const SHARED: TaskTemplateInput["volumes"] = [{ containerPath: "/shared", executorPath: "exchange" }];
const SMALL = [
  { name: "cpus", scalar: 0.02 },
  { name: "mem", scalar: 32 },
];
const EXECUTOR = {
  executorId: "pod",
  type: "DEFAULT" as const,
  resources: [
    { name: "cpus", scalar: 0.05 },
    { name: "mem", scalar: 32 },
  ],
  container: {
    network: { mode: "CNI" as const, portMappings: [{ hostPort: PORT, containerPort: 8080 }] },
  },
};
const group = (...tasks: TaskTemplateInput[]): OperationInput => ({
  type: "LAUNCH_GROUP",
  launchGroup: { executor: EXECUTOR, tasks },
});

let scene: Scene;
let hand: ByHand;
beforeAll(async () => {
  scene = await Scene.open("groups");
  hand = await ByHand.connect(scene, "hand", [ROLE]);
});
afterAll(() => scene.close());

async function executor(): Promise<Live<Executor>> {
  const { items } = await scene.cluster.kinds.executors.list({ namespace: scene.namespace });
  const [only, ...others] = items;
  if (only === undefined || others.length > 0) throw new Error(`${items.length} executors`);
  return only;
}

/** Cores that the framework holds. */
const held = async () => cpusOf(fromSpec((await hand.get()).status?.allocated ?? []));

test("a server and a client talk over localhost and a shared volume; what the executor holds is held", async () => {
  const offer = await hand.whole(scene.node1);
  const [result] = await hand.accept(offer, [
    group(
      shell(
        "server",
        "until [ -e /shared/index.html ]; do sleep 0.1; done; exec httpd -f -p 8080 -h /shared",
        {
          resources: [...SMALL, ports(PORT)],
          volumes: SHARED,
          healthCheck: { type: "HTTP", http: { port: 8080 }, delay: "1s", interval: "1s" },
        },
      ),
      shell(
        "client",
        "echo from the client > /shared/index.html; for i in $(seq 100); do wget -qO- http://127.0.0.1:8080/ && break; sleep 0.1; done; hostname -i",
        { volumes: SHARED },
      ),
    ),
  ]);
  expect(result).toMatchObject({ status: "FINISHED", tasks: ["server", "client"] });
  const output = await scene.finished("client");
  const server = await scene.becomes("server", "is healthy", ({ status }) => status?.healthy === true);
  // The one that has finished leaves the other be.
  expect(server.status?.state).toBe("TASK_RUNNING");
  const { spec, status } = await executor();
  expect(status).toMatchObject({ state: "Running", addresses: server.status?.addresses });
  expect(output).toBe(`from the client\n${server.status?.addresses?.[0]}\n`);
  expect(server.status?.container?.sandbox).toContain(`${status?.container?.sandbox}/containers/server-`);
  expect(server.spec.executor).toMatchObject({ executorId: spec.executorId });

  const address = await scene.cluster.address(scene.node1);
  const page = `timeout 3 busybox wget -qO- http://${address}:${PORT}/`;
  expect(await scene.cluster.onNode(scene.node2, page)).toBe("from the client\n");
  await until("the executor's own is held beside the server's", async () => (await held()) === 0.07);
});

test("when one of a group fails the other is killed, and another group of the executor is not", async () => {
  const offer = await hand.whole(scene.node1);
  await hand.accept(offer, [
    group(
      shell("fails", "until [ -e /shared/up ]; do sleep 0.1; done; exit 7", { volumes: SHARED }),
      shell("killed", "wget -qO /shared/up http://localhost:8080/; exec sleep 600", { volumes: SHARED }),
    ),
  ]);
  expect((await scene.ends("killed")).status).toMatchObject({
    state: "TASK_KILLED",
    source: "SOURCE_EXECUTOR",
  });
  expect(history(await scene.get("killed"))).toContain("TASK_KILLING");
  expect((await scene.ends("fails")).status).toMatchObject({ state: "TASK_FAILED", exit: { code: 7 } });
  expect((await scene.get("server")).status?.state).toBe("TASK_RUNNING");
  // One executor has run both groups.
  expect((await executor()).status?.state).toBe("Running");
});

test("with its last task the executor ends, and gives back what it held", async () => {
  await scene.kill("server", "0s");
  expect((await scene.ends("server")).status?.state).toBe("TASK_KILLED");
  const { status } = await until("the executor has ended", async () => {
    const now = await executor();
    return now.status?.state === "Ended" ? now : undefined;
  });
  expect(status?.message).toBe("Its last task has ended");
  await until("nothing is held", async () => (await held()) === 0);
});
