import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { ContainerExistsError, ContainerNotFoundError } from "../../../src/agent/containerizer/errors.ts";
import type { NestedContainers } from "../../../src/agent/containerizer/nested.ts";
import type { ContainerRuntime } from "../../../src/agent/containerizer/open.ts";
import { BUSYBOX_IMAGE, PrivateContainerd } from "./privateContainerd.ts";
import { shellTask, until } from "./taskSpec.ts";

const SIGKILL = 9;
const SIGTERM = 15;

let containerd: PrivateContainerd;
let runtime: ContainerRuntime;
let nested: NestedContainers;
let parent: string;

beforeAll(async () => {
  containerd = await PrivateContainerd.start();
  runtime = await containerd.client();
  nested = runtime.nested;
  await containerd.importBusybox("mesos");
  const image = await runtime.provisioner.pull(BUSYBOX_IMAGE, { policy: "Never" });
  const spec = shellTask(containerd, "sleep 1000", { env: { FROM_TASK: "task" } });
  await runtime.containerizer.launch(spec, image);
  parent = spec.id;
});
afterAll(async () => {
  await runtime?.containerizer.remove(parent);
  await containerd?.stop();
});

const sh = (script: string, env = {}) => ({ argv: ["/bin/sh", "-c", script], env });
const all = async (stream: Readable | undefined): Promise<string> => {
  const chunks: Buffer[] = [];
  for await (const chunk of stream ?? []) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
};

describe("a session", () => {
  test("has the process's input, output and exit code", async () => {
    const script = 'echo "$FROM_TASK $FROM_CALL"; echo wrong >&2; cat; exit 3';
    const session = await nested.startSession({ parent, id: "cat" }, sh(script, { FROM_CALL: "call" }));
    const output = Promise.all([all(session.stdout), all(session.stderr)]);
    session.stdin.write("typed\n");
    await session.closeInput();
    expect(await session.ended).toBe(3);
    expect(await output).toEqual(["task call\ntyped\n", "wrong\n"]);
    expect(nested.session({ parent, id: "cat" })).toBeUndefined();
    expect(await nested.wait({ parent, id: "cat" })).toBe(3);
  });

  test("carries more than a pipe holds, at the reader's pace", async () => {
    const session = await nested.startSession({ parent, id: "much" }, sh("head -c 3000000 /dev/zero"));
    expect((await all(session.stdout)).length).toBe(3_000_000);
    expect(await session.ended).toBe(0);
  });

  test("may have a terminal, whose size changes", async () => {
    const program = { ...sh("stty size; read line; stty size; tty"), terminal: { rows: 30, columns: 90 } };
    const session = await nested.startSession({ parent, id: "tty" }, program);
    let text = "";
    session.stdout.on("data", (chunk) => {
      text += chunk;
    });
    expect(session.stderr).toBeUndefined();
    await vi.waitFor(() => expect(text).toContain("30 90"), 10_000);
    await session.resize({ rows: 40, columns: 100 });
    session.stdin.write("go\n");
    expect(await session.ended).toBe(0);
    await vi.waitFor(() => expect(text).toMatch(/40 100\r\n\/dev\/pts\/\d/), 10_000);
  });

  test("killed, ends with all that it has begun", async () => {
    const id = { parent, id: "long" };
    const session = await nested.startSession(id, sh("sleep 1000 & sleep 1001 & wait"));
    await until("all run", async () => (await runtime.containerizer.pids(parent)).length === 4);
    await session.kill();
    expect(await session.ended).toBe(137);
    await until("they are gone", async () => (await runtime.containerizer.pids(parent)).length === 1);
  });

  test("leaves no files, also when its program is not there", async () => {
    const missing = { argv: ["/no/such/program"], env: {} };
    await expect(nested.startSession({ parent, id: "missing" }, missing)).rejects.toThrow(/no such file/);
    const folder = join(nested.folder({ parent, id: "x" }), "..");
    expect(readdirSync(folder).filter((name) => name.startsWith("session-"))).toEqual([]);
  });

  test("needs a container that runs", async () => {
    const gone = nested.startSession({ parent: "00000000-0000-4000-8000-000000000000", id: "x" }, sh("true"));
    await expect(gone).rejects.toThrow(ContainerNotFoundError);
  });
});

describe("a nested container", () => {
  test("runs once under its id, writes files, and its end is told until it is removed", async () => {
    const id = { parent, id: "job-1" };
    await nested.launch(id, sh("echo out; echo err >&2; exit 7"));
    await expect(nested.launch(id, sh("true"))).rejects.toThrow(ContainerExistsError);
    expect(await nested.wait(id)).toBe(7);
    expect(await nested.wait(id)).toBe(7);
    const folder = nested.folder(id);
    await until("its output is there", () => readFileSync(join(folder, "stdout"), "utf8") === "out\n");
    expect(readFileSync(join(folder, "stderr"), "utf8")).toBe("err\n");
    await expect(nested.kill(id, SIGTERM)).rejects.toThrow(ContainerNotFoundError);
    await nested.remove(id);
    expect(existsSync(folder)).toBe(false);
    await expect(nested.wait(id)).rejects.toThrow(ContainerNotFoundError);
    await nested.remove(id);
  });

  test("is listed and killed, by another connection too", async () => {
    const id = { parent, id: "server" };
    await nested.launch(id, sh("sleep 1000"));
    const after = (await containerd.client()).nested;
    expect(await after.list(parent)).toEqual([{ ...id, pid: expect.any(Number) }]);
    await expect(after.remove(id)).rejects.toThrow(/not terminated/);
    await after.kill(id, SIGKILL);
    expect(await after.wait(id)).toBe(137);
    await after.remove(id);
    expect(await after.list(parent)).toEqual([]);
  });

  test.each(["a b", "../x", "a..b", "x".repeat(65), ""])("cannot be called %j", async (id) => {
    await expect(nested.launch({ parent, id }, sh("true"))).rejects.toThrow(/not supported/);
  });
});
