import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { until } from "./cluster.ts";
import { on, ports, resources, Scene, sh } from "./scene.ts";
import type { TaskInput } from "./tasks.ts";

/** A web server on that port; it tells its name. */
const web = (name: string, port: string | number): Pick<TaskInput, "command"> =>
  sh(`mkdir www && echo "I am ${name}" > www/index.html && exec httpd -f -p ${port} -h www`);
const get = (url: string): Pick<TaskInput, "command"> =>
  sh(`for i in $(seq 30); do timeout 3 wget -qO- ${url} && exit 0; sleep 0.5; done; exit 1`);
const cni = (more: object = {}): Pick<TaskInput, "container"> => ({
  container: { network: { mode: "CNI", ...more } },
});

let scene: Scene;
/** Addresses of node1 and node2. */
let first: string;
let second: string;

beforeAll(async () => {
  scene = await Scene.open("network");
  [first, second] = (await Promise.all(
    [scene.node1, scene.node2].map((node) => scene.cluster.address(node)),
  )) as [string, string];
  await scene.start({
    host: { ...web("host", "$PORT0"), ...resources(0.02, 32, ports(20200)), ...on(scene.node1) },
    mapped: {
      ...web("mapped", 8080),
      ...resources(0.02, 32, ports(20210, 20211)),
      container: {
        hostname: "mapped-host",
        network: { mode: "CNI", portMappings: [{ hostPort: 20210, containerPort: 8080 }] },
      },
      ...on(scene.node1),
    },
    inside: {
      ...sh("ip -4 -o addr show eth0; hostname; cat /etc/hosts; sleep 600"),
      ...cni(),
      ...on(scene.node2),
    },
    unmapped: { ...web("unmapped", 8080), ...cni(), ...on(scene.node2) },
    dns: {
      ...sh(
        "for i in $(seq 20); do nslookup kubernetes.default.svc.cluster.local && exit 0; sleep 0.5; done; exit 1",
      ),
      ...cni(),
    },
    short: { ...sh("nslookup kubernetes.default"), ...cni() },
    nonetwork: { ...sh("true"), ...cni({ name: "no-such-network" }) },
  });
  // From here on all listen.
  await Promise.all(["host", "mapped", "unmapped"].map((name) => scene.running(name)));
});
afterAll(() => scene?.close());

/** What a task with that spec prints. */
async function run(name: string, spec: TaskInput): Promise<string> {
  await scene.create(name, spec);
  return scene.finished(name);
}

describe("a task on its node's network", () => {
  test("has the node's address and the port it asked for", async () => {
    const { status } = await scene.running("host");
    expect(status?.addresses).toEqual([first]);
    const page = await until("the page is served", () =>
      scene.cluster.onNode(scene.node2, `timeout 3 busybox wget -qO- http://${first}:20200/`),
    );
    expect(page).toBe("I am host\n");
  });

  test("is reached from a task of another node", async () => {
    expect(await run("caller", { ...get(`http://${first}:20200/`), ...on(scene.node2) })).toBe("I am host\n");
  });

  test("has its port alone: another task with it waits for the node, or goes elsewhere", async () => {
    const same = { ...sh("echo $PORT0"), ...resources(0.02, 32, ports(20200)) };
    await scene.start({ rival: { ...same, ...on(scene.node1) }, neighbour: { ...same, ...on(scene.node2) } });
    expect(await scene.finished("neighbour")).toBe("20200\n");
    const rival = await scene.becomes("rival", "is told to wait", ({ status }) =>
      (status?.conditions ?? []).some(({ type, status }) => type === "Placed" && status === "False"),
    );
    expect(rival.spec.agent).toBeUndefined();
    expect(rival.status?.conditions?.find(({ type }) => type === "Placed")?.message).toContain("ports");
    await scene.kill("rival");
  });
});

describe("a task on a CNI network", () => {
  test("has an address of its own, which its status tells", async () => {
    const { status } = await scene.running("inside");
    const [address = "", ...others] = status?.addresses ?? [];
    expect(others).toEqual([]);
    expect([first, second]).not.toContain(address);
    await until("it has told its address", async () => (await scene.output("inside")).includes(address));
    expect(await scene.output("inside")).toContain(`inet ${address}/`);
  });

  test("has the host name it asks for", async () => {
    const { spec, status } = await scene.running("mapped");
    const name = await scene.cluster.onNode(
      spec.agent ?? "",
      `nsenter -t ${status?.container?.pid} -u hostname`,
    );
    expect(name.trim()).toBe("mapped-host");
  });

  test("is reached at its address from its node and from tasks there", async () => {
    const { status } = await scene.running("unmapped");
    const url = `http://${status?.addresses?.[0]}:8080/`;
    const page = await until("the page is served", () =>
      scene.cluster.onNode(scene.node2, `timeout 3 busybox wget -qO- ${url}`),
    );
    expect(page).toBe("I am unmapped\n");
    expect(await run("sibling", { ...get(url), ...cni(), ...on(scene.node2) })).toBe("I am unmapped\n");
  });

  test("does not occupy its port on the node", async () => {
    await expect(
      scene.cluster.onNode(scene.node1, `timeout 3 busybox wget -qO- http://${second}:8080/`),
    ).rejects.toThrow();
  });

  test("is reached at a mapped port of its node from another node", async () => {
    const url = `http://${first}:20210/`;
    expect(await run("far", { ...get(url), ...on(scene.node2) })).toBe("I am mapped\n");
    expect(await run("farther", { ...get(url), ...cni(), ...on(scene.node2) })).toBe("I am mapped\n");
  });

  test("gives the mapped port back with its end", async () => {
    const [, port] = ["mapped", 20210];
    await scene.kill("mapped");
    await scene.ends("mapped");
    await until("the port is closed", () =>
      scene.cluster.onNode(scene.node2, `timeout 3 busybox wget -qO- http://${first}:${port}/`).then(
        () => false,
        () => true,
      ),
    );
    const again: TaskInput = {
      ...web("again", 80),
      ...resources(0.02, 32, ports(20210)),
      ...cni({ portMappings: [{ hostPort: 20210, containerPort: 80 }] }),
      ...on(scene.node1),
    };
    await scene.create("again", again);
    await scene.running("again");
    expect(await run("returning", { ...get(`http://${first}:${port}/`), ...on(scene.node2) })).toBe(
      "I am again\n",
    );
  });

  test("resolves the cluster's names", async () => {
    expect(await scene.finished("dns")).toMatch(/Address.*:\s*10\.\d+\.128\.1\b/);
  });

  test("that the node does not have fails the task with its name", async () => {
    const { status } = await scene.ends("nonetwork");
    expect(status?.state).toBe("TASK_FAILED");
    expect(status?.reason).toBe("REASON_CONTAINER_LAUNCH_FAILED");
    expect(status?.message).toContain("no-such-network");
  });

  test("cannot map a port that the task does not hold", async () => {
    const stolen = scene.create("stolen", {
      ...sh("true"),
      ...resources(0.02, 32, ports(20220)),
      ...cni({ portMappings: [{ hostPort: 20221, containerPort: 80 }] }),
    });
    await expect(stolen).rejects.toThrow(/hostPort must be one of the ports/);
  });
});
