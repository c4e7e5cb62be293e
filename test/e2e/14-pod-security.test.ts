import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { ByHand, launch, shell } from "./byhand.ts";
import { on, ports, resources, Scene, sh } from "./scene.ts";
import type { TaskInput } from "./tasks.ts";

const FACTS = sh(
  "id -u; grep -E '^(CapEff|CapBnd|NoNewPrivs|Seccomp):' /proc/self/status; ls /sys/class/net",
);
/** Without them a container is no different from the node's own processes (capabilities(7)). */
const NET_RAW = 1n << 13n;
const SYS_ADMIN = 1n << 21n;

let open: Scene;
let baseline: Scene;
let restricted: Scene;
beforeAll(async () => {
  open = await Scene.open("security");
  [baseline, restricted] = await Promise.all([
    Scene.within(open.cluster, "baseline", "baseline"),
    Scene.within(open.cluster, "restricted", "restricted"),
  ]);
  await Promise.all([
    open.start({
      usual: FACTS,
      mighty: { ...FACTS, container: { privileged: true } },
      some: { ...FACTS, container: { addCapabilities: ["SYS_ADMIN"], dropCapabilities: ["NET_RAW"] } },
      root: {
        ...sh("cat /node/hostname"),
        volumes: [{ containerPath: "/node", hostPath: "/etc", mode: "RO" }],
      },
    }),
    baseline.start({
      usual: FACTS,
      rooted: { ...sh("id -u"), container: { user: "root" } },
      some: { ...FACTS, container: { addCapabilities: ["CHOWN", "NET_BIND_SERVICE"] } },
    }),
    restricted.start({
      usual: FACTS,
      user: { ...FACTS, container: { user: "1000" } },
      bind: { ...FACTS, container: { addCapabilities: ["NET_BIND_SERVICE"] } },
      // Root by another name: nothing but the image can tell.
      sandbox: { ...sh("touch mine && ls"), volumes: [{ containerPath: "data", sandboxPath: "data" }] },
    }),
  ]);
});
afterAll(async () => {
  await Promise.all([baseline.remove(), restricted.remove()]);
  await open.close();
});

interface Facts {
  readonly uid: number;
  readonly effective: bigint;
  readonly bounding: bigint;
  readonly noNewPrivileges: boolean;
  readonly seccomp: number;
  readonly links: readonly string[];
}

async function facts(scene: Scene, name: string): Promise<Facts> {
  const [uid, ...lines] = (await scene.finished(name)).trim().split("\n");
  const field = (key: string) => lines.find((line) => line.startsWith(`${key}:`))?.split(/\s+/)[1] ?? "";
  return {
    uid: Number(uid),
    effective: BigInt(`0x${field("CapEff")}`),
    bounding: BigInt(`0x${field("CapBnd")}`),
    noNewPrivileges: field("NoNewPrivs") === "1",
    seccomp: Number(field("Seccomp")),
    links: lines.filter((line) => !line.includes(":")),
  };
}

const FORBIDDEN: readonly (readonly [what: string, spec: TaskInput, words: RegExp])[] = [
  ["privileges", { container: { privileged: true } }, /container\.privileged/],
  ["the node's network", { container: { network: { mode: "Host" } } }, /network/],
  [
    "ports of the node",
    {
      ...resources(0.02, 32, ports(20300)),
      container: { network: { mode: "CNI", portMappings: [{ hostPort: 20300, containerPort: 80 }] } },
    },
    /portMappings/,
  ],
  ["a host path", { volumes: [{ containerPath: "/x", hostPath: "/etc", mode: "RO" }] }, /hostPath/],
  ["a file of the node by URI", { uris: [{ value: "file:///etc/shadow" }] }, /uris|URI/],
  ["a path of the node by URI", { uris: [{ value: "/etc/shadow" }] }, /uris|URI/],
  ["capabilities", { container: { addCapabilities: ["SYS_ADMIN"] } }, /SYS_ADMIN|addCapabilities/],
  ["all capabilities", { container: { addCapabilities: ["ALL"] } }, /ALL|addCapabilities/],
];
const ONLY_RESTRICTED: typeof FORBIDDEN = [
  ["root by name", { container: { user: "root" } }, /root/],
  ["root by number", { container: { user: "0:0" } }, /root/],
  [
    "capabilities that baseline allows",
    { container: { addCapabilities: ["CHOWN"] } },
    /CHOWN|addCapabilities/,
  ],
];

describe("admission", () => {
  test.for([...FORBIDDEN, ...ONLY_RESTRICTED])(
    "refuses %s in a restricted namespace",
    async ([, spec, words]) => {
      const refused = restricted.create("refused", { ...sh("true"), ...spec });
      await expect(refused).rejects.toThrow(words);
      await expect(refused).rejects.toThrow(/restricted/);
    },
  );

  test.for(FORBIDDEN)("refuses %s in a baseline namespace", async ([, spec, words]) => {
    const refused = baseline.create("refused", { ...sh("true"), ...spec });
    await expect(refused).rejects.toThrow(words);
    await expect(refused).rejects.toThrow(/baseline/);
  });

  test.for(FORBIDDEN)("lets %s be in a privileged namespace", async ([, spec]) => {
    const { tasks } = open.cluster.kinds;
    const dry = {
      apiVersion: "mesos.dev/v1alpha1",
      kind: "Task",
      metadata: { name: "dry", namespace: open.namespace },
    };
    const base = { role: "dev", ...resources(0.02, 32), ...sh("true") };
    await tasks.create({ ...dry, spec: { ...base, ...spec } } as never, { dryRun: true });
  });
});

describe("a task in the answer to an offer", () => {
  let framework: ByHand;
  beforeAll(async () => {
    framework = await ByHand.connect(restricted, "framework", ["security"], { user: "root" });
  });
  afterAll(() => framework.remove());

  test("is refused like any other: the framework hears it at once", async () => {
    const privileged = launch(shell("refused", "true", { container: { privileged: true } }));
    const answer = framework.accept(await framework.offer(), [privileged]);
    await expect(answer).rejects.toThrow(/restricted.*container\.privileged/);
  });

  test("is refused for the framework's default user, which the answer does not show", async () => {
    const made = await framework.accept(await framework.offer(), [launch(shell("default-user", "id -u"))]);
    expect(made).toMatchObject([{ type: "LAUNCH", status: "ERROR", tasks: [] }]);
    expect(made[0]?.message).toMatch(/default-user.*restricted.*user must not be root/);
  });
});

describe("the agent holds a task to its namespace's level", () => {
  test("restricted: nobody, no capabilities, no new privileges, seccomp, a network of its own", async () => {
    expect(await facts(restricted, "usual")).toMatchObject({
      uid: 65534,
      effective: 0n,
      bounding: 0n,
      noNewPrivileges: true,
      seccomp: 2,
      links: ["eth0", "lo"],
    });
  });

  test("restricted: the user it names, with the sandbox its own", async () => {
    expect((await facts(restricted, "user")).uid).toBe(1000);
    expect(await restricted.finished("sandbox")).toContain("mine");
  });

  test("restricted: the one capability that may be added", async () => {
    const { bounding } = await facts(restricted, "bind");
    expect(bounding).toBe(1n << 10n);
  });

  test("baseline: as the image says, default capabilities, a network of its own", async () => {
    const { uid, bounding, noNewPrivileges, seccomp, links } = await facts(baseline, "usual");
    expect({ uid, noNewPrivileges, seccomp, links }).toEqual({
      uid: 0,
      noNewPrivileges: true,
      seccomp: 2,
      links: ["eth0", "lo"],
    });
    expect(bounding & SYS_ADMIN).toBe(0n);
    expect(await baseline.finished("rooted")).toBe("0\n");
    expect((await facts(baseline, "some")).bounding & SYS_ADMIN).toBe(0n);
  });

  test("privileged: on the node's network, yet confined as a container by default", async () => {
    const { bounding, noNewPrivileges, seccomp, links } = await facts(open, "usual");
    expect(noNewPrivileges).toBe(true);
    expect(seccomp).toBe(2);
    expect(bounding & SYS_ADMIN).toBe(0n);
    expect(links.length).toBeGreaterThan(2);
  });

  test("privileged: what it asks for", async () => {
    const mighty = await facts(open, "mighty");
    expect(mighty).toMatchObject({ seccomp: 0, noNewPrivileges: false });
    expect(mighty.effective & SYS_ADMIN).toBe(SYS_ADMIN);
    const some = await facts(open, "some");
    expect(some.effective & SYS_ADMIN).toBe(SYS_ADMIN);
    expect(some.effective & NET_RAW).toBe(0n);
    expect((await open.finished("root")).trim()).toBe((await open.get("root")).spec.agent);
  });
});

describe("what admission cannot see, the agent refuses", () => {
  test("a level that became stricter while the task waited", async () => {
    const scene = await Scene.within(open.cluster, "stricter");
    onTestFinished(() => scene.remove());
    const port = { ...resources(0.02, 32, ports(20310)), ...on(scene.node1) };
    await scene.create("holder", { ...sh("sleep 600"), ...port });
    await scene.running("holder");
    const volumes: TaskInput["volumes"] = [{ containerPath: "/x", hostPath: "/etc", mode: "RO" }];
    await scene.start({ late: { ...sh("cat /x/shadow"), ...port, volumes } });
    await scene.cluster.kubectl(
      "label",
      "namespace",
      scene.namespace,
      "--overwrite",
      "pod-security.kubernetes.io/enforce=restricted",
    );
    await scene.kill("holder");
    const { status } = await scene.ends("late");
    expect(status).toMatchObject({ state: "TASK_ERROR", reason: "REASON_TASK_UNAUTHORIZED" });
    expect(status?.message).toMatch(/hostPath/);
    expect(scene.seen("late")).not.toContain("TASK_RUNNING");
  });
});
