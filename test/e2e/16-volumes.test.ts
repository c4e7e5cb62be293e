import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { OperationResult } from "../../src/api/offer.ts";
import { ByHand, launch, SMALL, shell } from "./byhand.ts";
import { on, Scene, sh } from "./scene.ts";

const FOLDER = "/var/tmp/e2e-volumes";

let scene: Scene;
beforeAll(async () => {
  scene = await Scene.open("volumes");
  await scene.cluster.onNode(scene.node1, `mkdir -p ${FOLDER} && printf 'from the node\\n' > ${FOLDER}/file`);
  await scene.cluster.kinds.secrets.create({
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: "certificate", namespace: scene.namespace },
    stringData: { "tls.crt": "public", "tls.key": "private" },
  });
  const host = { containerPath: "/data", hostPath: FOLDER };
  await scene.start({
    host: { ...sh("cat /data/file; echo written > /data/new"), ...on(scene.node1), volumes: [host] },
    readonly: {
      ...sh("cat /data/file; echo x > /data/forbidden || echo refused"),
      ...on(scene.node1),
      volumes: [{ ...host, mode: "RO" }],
    },
    absent: {
      ...sh("true"),
      ...on(scene.node1),
      volumes: [{ containerPath: "/x", hostPath: "/no/such/folder" }],
    },
    sandbox: {
      ...sh("echo kept > /cache/file; cat $MESOS_SANDBOX/below/cache/file"),
      volumes: [{ containerPath: "/cache", sandboxPath: "below/cache" }],
    },
    relative: {
      ...sh("ls certs; cat certs/tls.crt"),
      volumes: [{ containerPath: "certs", secret: "certificate", mode: "RO" }],
    },
    secret: {
      ...sh("cat /certs/tls.crt /certs/tls.key; echo x > /certs/tls.crt || echo refused"),
      container: { user: "1000" },
      volumes: [{ containerPath: "/certs", secret: "certificate", mode: "RO" }],
    },
    nosecret: { ...sh("true"), volumes: [{ containerPath: "/certs", secret: "no-such-secret" }] },
  });
});
afterAll(async () => {
  await scene.cluster.onNode(scene.node1, `rm -rf ${FOLDER}`);
  await scene?.close();
});

describe("a volume", () => {
  test("of a host path shows the node's files, and takes the task's", async () => {
    expect(await scene.finished("host")).toBe("from the node\n");
    expect(await scene.cluster.onNode(scene.node1, `cat ${FOLDER}/new`)).toBe("written\n");
  });

  test("that is RO cannot be written", async () => {
    expect(await scene.finished("readonly")).toBe("from the node\nrefused\n");
  });

  test("of a host path that is not there fails the task", async () => {
    const { status } = await scene.ends("absent");
    expect(status).toMatchObject({ state: "TASK_FAILED", reason: "REASON_CONTAINER_LAUNCH_FAILED" });
    expect(status?.message).toContain("/no/such/folder");
  });

  test("of the sandbox is a folder of it", async () => {
    expect(await scene.finished("sandbox")).toBe("kept\n");
  });

  test("of a Secret has a file a key, readable by the task's user", async () => {
    expect(await scene.finished("secret")).toBe("publicprivaterefused\n");
  });

  test("at a relative path lies in the sandbox", async () => {
    expect(await scene.finished("relative")).toBe("tls.crt\ntls.key\npublic");
  });

  test("of a Secret leaves no value on the node's disk once the task has ended", async () => {
    const { spec } = await scene.ends("secret");
    const found = await scene.cluster.onNode(
      spec.agent ?? "",
      "grep -rlsF private /var/lib/mesos --include=tls.key || true",
    );
    expect(found).toBe("");
  });

  test("of a Secret that is not there fails the task", async () => {
    const { status } = await scene.ends("nosecret");
    expect(status?.state).toBe("TASK_FAILED");
    expect(status?.message).toContain("no-such-secret");
  });
});

describe("a persistent volume", () => {
  const role = "volumes";
  const reservations = [{ type: "DYNAMIC" as const, role }];
  const reserved = { name: "disk", scalar: 16, reservations };
  const volume = {
    ...reserved,
    disk: { persistence: { id: "db" }, volume: { containerPath: "db", mode: "RW" as const } },
  };
  const using = (name: string, line: string) => launch(shell(name, line, { resources: [...SMALL, volume] }));
  const results = (all: readonly OperationResult[]) =>
    all.map(({ type, status, message }) => [type, status, message ?? ""]);
  const isVolume = ({ name, disk }: { name: string; disk?: { persistence?: unknown } | undefined }) =>
    name === "disk" && disk?.persistence !== undefined;

  test("from CREATE keeps what a task wrote for the next one, and goes with DESTROY", async () => {
    const keeper = await ByHand.connect(scene, "keeper", [role]);
    const made = await keeper.accept(await keeper.of(scene.node1), [
      { type: "RESERVE", reserve: { resources: [reserved] } },
      { type: "CREATE", create: { resources: [volume] } },
      using("writer", "echo remembered > db/file; ls -d db"),
    ]);
    expect(results(made)).toEqual([
      ["RESERVE", "FINISHED", ""],
      ["CREATE", "FINISHED", ""],
      ["LAUNCH", "FINISHED", ""],
    ]);
    expect(await scene.finished("writer")).toBe("db\n");

    const withVolume = () =>
      keeper.offer("an offer of the volume", ({ spec }) => spec.resources.some(isVolume));
    const next = await withVolume();
    expect(next.spec.agent).toBe(scene.node1);
    await keeper.accept(next, [using("reader", "cat db/file")]);
    expect(await scene.finished("reader")).toBe("remembered\n");

    const gone = await keeper.accept(await withVolume(), [
      { type: "DESTROY", destroy: { resources: [volume] } },
      { type: "UNRESERVE", unreserve: { resources: [reserved] } },
    ]);
    expect(results(gone)).toEqual([
      ["DESTROY", "FINISHED", ""],
      ["UNRESERVE", "FINISHED", ""],
    ]);
    await keeper.remove();
  });
});
