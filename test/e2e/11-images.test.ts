import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Image, image, layer, writeArchive } from "../../hack/devcluster/ociimage.ts";
import type { Registry } from "../../hack/devcluster/registry.ts";
import { on, Scene, sh } from "./scene.ts";
import { history } from "./tasks.ts";

const OPEN_PORT = 5000;
const CLOSED_PORT = 5001;
const KEYS = { username: "puller", password: "let me in" };

let scene: Scene;
let registries: Registry[];
let closed: string;
/** A namespace where nobody may be root. */
let restricted: Scene;
/** Holds the archives of images. */
let folder: string;

async function archiveOf(name: string, content: Image): Promise<string> {
  const archive = join(folder, `${name}.tar`);
  await writeArchive(archive, content, [`${name}:1`]);
  return archive;
}

/** A Secret as `kubectl create secret docker-registry` makes it. */
const pullSecret = (name: string, host: string, { username, password }: typeof KEYS) => ({
  apiVersion: "v1",
  kind: "Secret",
  metadata: { name, namespace: scene.namespace },
  type: "kubernetes.io/dockerconfigjson",
  stringData: {
    ".dockerconfigjson": JSON.stringify({
      auths: {
        [host]: { username, password, auth: Buffer.from(`${username}:${password}`).toString("base64") },
      },
    }),
  },
});

const USERS = [
  "root:x:0:0::/root:/bin/sh",
  "toor:x:0:0::/root:/bin/sh",
  "mesos:x:777:778::/srv:/bin/sh",
  "",
].join("\n");

/** A shell and users, one of whom is root by another name, with a program, an environment and a working directory. */
async function exampleImage({ user = "mesos", colour = "green" } = {}): Promise<Image> {
  const busybox = readFileSync("/bin/busybox");
  const links = ["sh", "echo", "id", "pwd", "cat"].map((name) => ({ path: `bin/${name}`, link: "busybox" }));
  const content = await layer([
    { path: "bin", directory: true },
    { path: "bin/busybox", content: busybox, mode: 0o755 },
    ...links,
    { path: "etc", directory: true },
    { path: "etc/passwd", content: USERS },
    { path: "etc/group", content: "root:x:0:\nmesos:x:778:\n" },
    { path: "srv", directory: true },
    { path: "tmp", directory: true, mode: 0o1777 },
  ]);
  return image([content], {
    Entrypoint: ["/bin/sh", "-c", 'echo "$COLOUR"; id -u; id -g; echo "$@"', "entry"],
    Cmd: ["from", "the", "image"],
    Env: ["PATH=/bin", `COLOUR=${colour}`],
    User: user,
    WorkingDir: "/srv",
  });
}

beforeAll(async () => {
  scene = await Scene.open("images");
  restricted = await Scene.within(scene.cluster, "images-restricted", "restricted");
  folder = mkdtempSync(join(tmpdir(), "e2e-image-"));
  const archive = await archiveOf("example", await exampleImage());
  const { machines } = scene.cluster;
  const [free, guarded] = await Promise.all([
    machines.startRegistry(OPEN_PORT),
    machines.startRegistry(CLOSED_PORT, KEYS),
  ]);
  registries = [free, guarded];
  // A tag of its own for each run and each task: what a node has once it does not pull again.
  const tag = scene.namespace;
  const opened = await free.push(archive, "team/example", tag);
  closed = await guarded.push(archive, "secret/example", tag);
  const other = await guarded.push(archive, "secret/other", `${tag}-other`);
  const [toor, root] = await Promise.all(
    ["toor", "root"].map(async (user) =>
      free.push(await archiveOf(user, await exampleImage({ user })), "team/user", `${tag}-${user}`),
    ),
  );
  const { secrets } = scene.cluster.kinds;
  await secrets.create(pullSecret("right", guarded.host, KEYS));
  await secrets.create(pullSecret("wrong", guarded.host, { ...KEYS, password: "guess" }));
  await secrets.create(pullSecret("elsewhere", free.host, KEYS));
  await scene.start({
    entry: { container: { image: opened } },
    command: { ...sh("echo $COLOUR; id -u; pwd"), container: { image: opened, workingDirectory: "/tmp" } },
    override: {
      ...sh("echo $COLOUR"),
      container: { image: opened },
      env: [{ name: "COLOUR", value: "blue" }],
    },
    keyless: { container: { image: other } },
    wrong: { container: { image: other, imagePullSecrets: ["wrong"] } },
    elsewhere: { container: { image: other, imagePullSecrets: ["elsewhere"] } },
    nosecret: { container: { image: other, imagePullSecrets: ["no-such-secret"] } },
    missing: { container: { image: `${free.host}/team/example:absent` } },
    never: { container: { image: `${free.host}/team/never:1`, imagePullPolicy: "Never" } },
    malformed: { ...sh("true"), container: { image: "a/B:c:d" } },
    keyed: { container: { image: closed, imagePullSecrets: ["wrong", "right"] } },
    always: { ...sh("echo pulled"), container: { image: opened, imagePullPolicy: "Always" } },
  });
  await restricted.start({
    image: { ...sh("id -u"), container: { image: opened } },
    root: { ...sh("id -u"), container: { image: root ?? "" } },
    toor: { ...sh("id -u"), container: { image: toor ?? "" } },
    asked: { ...sh("id -u"), container: { image: opened, user: "toor" } },
  });
});
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await restricted.remove();
  await Promise.all(registries.map((registry) => registry.stop()));
  await scene?.close();
});

describe("an image of a registry", () => {
  test("is pulled without credentials where none are asked for", async () => {
    expect(await scene.finished("entry")).toBe("green\n777\n778\nfrom the image\n");
    expect((await scene.get("entry")).status?.container?.image).toContain("team/example");
  });

  test("is pulled with the credentials of a Secret among several", async () => {
    expect(await scene.finished("keyed")).toBe("green\n777\n778\nfrom the image\n");
  });

  test("gives its user and environment to a command of the task, which may override", async () => {
    expect(await scene.finished("command")).toBe("green\n777\n/tmp\n");
    expect(await scene.finished("override")).toBe("blue\n");
  });

  test("is asked for each time with imagePullPolicy Always", async () => {
    expect(await scene.finished("always")).toBe("pulled\n");
  });

  test("that a node has got with credentials is not given to a task without them", async () => {
    const { spec } = await scene.ends("keyed");
    await scene.create("thief", {
      container: { image: closed, imagePullPolicy: "Always" },
      ...on(spec.agent ?? ""),
    });
    await scene.launchFails("thief", /secret\/example/);
  });
});

describe("a tag that was moved", () => {
  test("stays what the node has with IfNotPresent, and is looked up with Always", async () => {
    const [free] = registries;
    const push = async (colour: string) =>
      free?.push(await archiveOf(colour, await exampleImage({ colour })), "team/moved", scene.namespace) ??
      "";
    const run = async (name: string, imagePullPolicy: "IfNotPresent" | "Always") => {
      await scene.create(name, {
        ...sh("echo $COLOUR"),
        container: { image: moved, imagePullPolicy },
        ...on(scene.node1),
      });
      return scene.finished(name);
    };
    const moved = await push("red");
    expect(await run("before", "IfNotPresent")).toBe("red\n");
    await push("yellow");
    expect(await run("kept", "IfNotPresent")).toBe("red\n");
    expect(await run("moved", "Always")).toBe("yellow\n");
    expect(await run("after", "IfNotPresent")).toBe("yellow\n");
  });
});

describe("in a restricted namespace an image", () => {
  test("gives its user, unless that is root: then nobody runs it", async () => {
    expect(await restricted.finished("image")).toBe("777\n");
    expect(await restricted.finished("root")).toBe("65534\n");
  });

  test.for(["toor", "asked"])(
    "whose files call root by another name is refused by the agent: %s",
    async (name) => {
      const task = await restricted.ends(name);
      expect(task.status).toMatchObject({
        state: "TASK_ERROR",
        reason: "REASON_TASK_UNAUTHORIZED",
        message: expect.stringMatching(/root.*toor/),
      });
      expect(history(task)).toEqual(["TASK_STARTING", "TASK_ERROR"]);
    },
  );
});

describe("a pull that fails ends the task with the reason", () => {
  test("no credentials", () =>
    scene.launchFails("keyless", /secret\/other.*(401|[Uu]nauthori[sz]ed|denied|authori[sz]ation)/));
  test("wrong credentials", () =>
    scene.launchFails("wrong", /secret\/other.*(401|[Uu]nauthori[sz]ed|denied|authori[sz]ation)/));
  test("another registry's credentials are not sent", () => scene.launchFails("elsewhere", /secret\/other/));
  test("a Secret that is not there", () => scene.launchFails("nosecret", /no-such-secret/));
  test("a tag that the registry does not have", () =>
    scene.launchFails("missing", /team\/example:absent.*not found/));
  test("policy Never and an image the node does not have", () => scene.launchFails("never", /team\/never/));

  test("a name that is none", async () => {
    const { status } = await scene.ends("malformed");
    expect(["TASK_FAILED", "TASK_ERROR"]).toContain(status?.state);
    expect(status?.message).toContain("a/B:c:d");
  });
});
