import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { layer } from "../../hack/devcluster/ociimage.ts";
import { zipOf } from "../../src/agent/fetcher/zipFixture.ts";
import { until } from "./cluster.ts";
import { on, Scene, sh } from "./scene.ts";
import type { TaskInput } from "./tasks.ts";
import { serveFiles } from "./webserver.ts";

const TEXT = "hello from the server\n";
const SCRIPT = "#!/bin/sh\necho run with $1\n";
const sha256 = createHash("sha256").update(TEXT).digest("hex");
const sha512 = createHash("sha512").update(TEXT).digest("hex");
const FILES = ["node-file.txt", "passed.txt"] as const;

let scene: Scene;
let server: string;

beforeAll(async () => {
  scene = await Scene.open("fetch");
  const tar = await layer([
    { path: "top.txt", content: "top\n" },
    { path: "dir/deep.txt", content: "deep\n" },
    { path: "dir/tool", content: SCRIPT, mode: 0o755 },
  ]);
  server = await serveFiles(scene, "server", {
    "hello.txt": TEXT,
    "script.sh": SCRIPT,
    "a.tar": tar,
    "a.tar.gz": gzipSync(tar),
    "a.zip": zipOf([
      { name: "zipped.txt", content: "zip\n" },
      { name: "bin/tool", content: SCRIPT, mode: 0o100755 },
    ]),
    "evil.tar": await layer([{ path: "../../escaped", content: "evil" }]),
    "cached.txt": TEXT,
    "uncached.txt": TEXT,
  });
  await scene.cluster.onNode(scene.node1, `printf 'of the node\\n' > /var/tmp/${FILES[0]}`);
  const uri = (name: string) => `${server}/${name}`;
  await scene.start({
    plain: { ...sh("cat hello.txt; ls -l hello.txt | cut -c1-10"), uris: [{ value: uri("hello.txt") }] },
    renamed: { ...sh("cat conf/greeting"), uris: [{ value: uri("hello.txt"), outputFile: "conf/greeting" }] },
    owned: {
      ...sh("echo more >> hello.txt && cat hello.txt"),
      container: { user: "1000:1000" },
      uris: [{ value: uri("hello.txt") }],
    },
    tar: { ...sh("cat top.txt dir/deep.txt; dir/tool tar"), uris: [{ value: uri("a.tar") }] },
    targz: { ...sh("cat top.txt dir/deep.txt; dir/tool targz"), uris: [{ value: uri("a.tar.gz") }] },
    zip: { ...sh("cat zipped.txt; bin/tool zip"), uris: [{ value: uri("a.zip") }] },
    packed: { ...sh("ls; tar tf a.tar"), uris: [{ value: uri("a.tar"), extract: false }] },
    executable: { ...sh("./script.sh me"), uris: [{ value: uri("script.sh"), executable: true }] },
    right: {
      ...sh("cat hello.txt"),
      uris: [
        { value: uri("hello.txt"), checksum: `sha256:${sha256}` },
        { value: uri("hello.txt"), outputFile: "again", checksum: `sha512:${sha512}` },
      ],
    },
    wrong: {
      ...sh("cat hello.txt"),
      uris: [{ value: uri("hello.txt"), checksum: `sha256:${"0".repeat(64)}` }],
    },
    missing: { ...sh("true"), uris: [{ value: uri("absent.txt") }] },
    nobody: { ...sh("true"), uris: [{ value: "http://127.0.0.1:1/x" }] },
    evil: { ...sh("true"), uris: [{ value: uri("evil.tar") }] },
    file: { ...sh(`cat ${FILES[0]}`), ...on(scene.node1), uris: [{ value: `file:///var/tmp/${FILES[0]}` }] },
    path: {
      ...sh("cat mine"),
      ...on(scene.node1),
      uris: [{ value: `/var/tmp/${FILES[0]}`, outputFile: "mine" }],
    },
    nofile: { ...sh("true"), ...on(scene.node1), uris: [{ value: "file:///var/tmp/no-such-file" }] },
  });
});
afterAll(async () => {
  await scene.cluster.onNode(scene.node1, `rm -f /var/tmp/${FILES[0]}`);
  await scene?.close();
});

describe("a URI is fetched into the sandbox", () => {
  test("by http, under its own name or another", async () => {
    expect(await scene.finished("plain")).toBe(`${TEXT}-rw-r--r--\n`);
    expect(await scene.finished("renamed")).toBe(TEXT);
  });

  test("and belongs to the task's user", async () => {
    expect(await scene.finished("owned")).toBe(`${TEXT}more\n`);
  });

  test.for(["tar", "targz"])("and unpacked: %s, with modes", async (name) => {
    expect(await scene.finished(name)).toBe(`top\ndeep\nrun with ${name}\n`);
  });

  test("and unpacked: zip, with modes", async () => {
    expect(await scene.finished("zip")).toBe("zip\nrun with zip\n");
  });

  test("and left packed with extract: false", async () => {
    const lines = (await scene.finished("packed")).trim().split("\n");
    expect(lines).toContain("a.tar");
    expect(lines).toContain("dir/tool");
    expect(lines).not.toContain("top.txt\ntop.txt");
    expect(lines.filter((line) => line === "top.txt")).toHaveLength(1);
  });

  test("and made executable", async () => {
    expect(await scene.finished("executable")).toBe("run with me\n");
  });

  test("when its checksum is right, sha256 and sha512", async () => {
    expect(await scene.finished("right")).toBe(TEXT);
  });

  test("from the node, as file:// and as a path", async () => {
    expect(await scene.finished("file")).toBe("of the node\n");
    expect(await scene.finished("path")).toBe("of the node\n");
  });
});

describe("the cache", () => {
  const asked = async (name: string) =>
    (await scene.kubectl("logs", "server")).split("\n").filter((line) => line.includes(`/${name}`)).length;
  const twice = (name: string, cache: boolean): Record<string, TaskInput> => {
    const spec: TaskInput = {
      ...sh(`cat ${name}.txt`),
      ...on(scene.node1),
      uris: [{ value: `${server}/${name}.txt`, cache }],
    };
    return { [`${name}-1`]: spec, [`${name}-2`]: spec };
  };

  test("asks the server once for what two tasks of a node want, at the same time and later", async () => {
    await scene.start(twice("cached", true));
    expect(await scene.finished("cached-1")).toBe(TEXT);
    expect(await scene.finished("cached-2")).toBe(TEXT);
    await scene.create("cached-3", twice("cached", true)["cached-1"] ?? {});
    expect(await scene.finished("cached-3")).toBe(TEXT);
    expect(await asked("cached.txt")).toBe(1);
  });

  test("is left aside by those who do not ask for it", async () => {
    await scene.start(twice("uncached", false));
    await Promise.all([scene.finished("uncached-1"), scene.finished("uncached-2")]);
    await until("the server has logged both", async () => (await asked("uncached.txt")) === 2);
  });
});

describe("a fetch that fails ends the task with the reason", () => {
  test("a wrong checksum", () => scene.launchFails("wrong", /hello\.txt.*sha256/));
  test("a file that the server does not have", () => scene.launchFails("missing", /absent\.txt.*404/));
  test("no server", () => scene.launchFails("nobody", /127\.0\.0\.1:1/));
  test("a file that the node does not have", () => scene.launchFails("nofile", /no-such-file/));

  test("an archive that would write beside the sandbox", async () => {
    await scene.launchFails("evil", /evil\.tar/);
    const { spec, status } = await scene.get("evil");
    const sandbox = status?.container?.sandbox ?? "/nowhere";
    const found = await scene.cluster.onNode(spec.agent ?? "", `ls -a '${sandbox}/..' '${sandbox}/../..'`);
    expect(found).not.toContain("escaped");
  });
});
