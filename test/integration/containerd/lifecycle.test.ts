import { existsSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Connection } from "../../../src/agent/containerd/connection.ts";
import { ContainerNotFoundError } from "../../../src/agent/containerizer/errors.ts";
import { OomEvents } from "../../../src/agent/containerizer/oomEvents.ts";
import type { ContainerRuntime } from "../../../src/agent/containerizer/open.ts";
import type { ContainerSpec } from "../../../src/agent/containerizer/spec.ts";
import type { ImageConfig } from "../../../src/agent/provisioner/provisioner.ts";
import { BUSYBOX_IMAGE, PrivateContainerd } from "./privateContainerd.ts";
import { shellTask, until } from "./taskSpec.ts";

let containerd: PrivateContainerd;
let runtime: ContainerRuntime;
let image: ImageConfig;

beforeAll(async () => {
  containerd = await PrivateContainerd.start();
  runtime = await containerd.client();
  await containerd.importBusybox("mesos");
  image = await runtime.provisioner.pull(BUSYBOX_IMAGE, { policy: "Never" });
});
afterAll(() => containerd?.stop());

async function launch(script: string, overrides: Partial<ContainerSpec> = {}): Promise<string> {
  const spec = shellTask(containerd, script, overrides);
  await runtime.containerizer.launch(spec, image);
  return spec.id;
}

/** A file of the container's cgroup, on v1 of one controller. */
function cgroupFile(controller: string, id: string, name: string): string {
  const { path, version } = containerd.cgroup;
  const root = version === "v1" ? join("/sys/fs/cgroup", controller) : "/sys/fs/cgroup";
  return readFileSync(join(root, path, `mesos-${id}`, name), "utf8").trim();
}

describe("kill", () => {
  test("signals the first process alone, or each process", async () => {
    const script = `
      sh -c 'trap "echo child >> /mnt/mesos/sandbox/got; exit 0" TERM; echo >> /mnt/mesos/sandbox/ready; while :; do sleep 0.1; done' &
      trap 'echo first >> /mnt/mesos/sandbox/got' TERM
      echo >> /mnt/mesos/sandbox/ready
      while :; do wait; sleep 0.1; done`;
    const id = await launch(script);
    const file = (name: string) => {
      const path = join(containerd.sandbox(id), name);
      return existsSync(path) ? readFileSync(path, "utf8") : "";
    };
    await until("both have set their traps", () => file("ready") === "\n\n");
    await runtime.containerizer.kill(id, "SIGTERM");
    await until("the first process has got the signal", () => file("got") === "first\n");
    await runtime.containerizer.kill(id, "SIGTERM", { all: true });
    await until("both have got it", () => file("got").split("\n").sort().join() === ",child,first,first");
    await runtime.containerizer.remove(id);
  });

  test("SIGKILL ends the whole tree, also what has left the session", async () => {
    const id = await launch("(setsid sleep 1000 &) ; sleep 1000 & wait");
    await until("three processes run", async () => (await runtime.containerizer.pids(id)).length === 3);
    const pids = await runtime.containerizer.pids(id);
    await runtime.containerizer.kill(id, "SIGKILL", { all: true });
    expect(await runtime.containerizer.wait(id)).toMatchObject({
      code: 137,
      signal: "SIGKILL",
      oomKilled: false,
    });
    await until("all are gone", () => pids.every((pid) => !existsSync(`/proc/${pid}`)));
    // It has ended, which is what was wanted.
    await runtime.containerizer.kill(id, "SIGTERM", { all: true });
    await runtime.containerizer.kill(id, "SIGKILL");
    await runtime.containerizer.remove(id);
  });

  test("remove ends a container that runs and leaves nothing of it", async () => {
    const id = await launch("sleep 1000");
    const [pid] = await runtime.containerizer.pids(id);
    await runtime.containerizer.remove(id);
    expect(existsSync(`/proc/${pid}`)).toBe(false);
    expect(await containerd.ctr("-n", "mesos", "containers", "ls", "-q")).not.toContain(id);
    expect(await containerd.ctr("-n", "mesos", "snapshots", "ls")).not.toContain(id);
    expect(readdirSync(join(containerd.folder, "agent/containers"))).not.toContain(id);
    expect(() => cgroupFile("memory", id, "cgroup.procs")).toThrow();
    expect(readdirSync(containerd.sandbox(id))).toContain("stdout");
  });
});

describe("limits", () => {
  test("are written to the container's cgroup below the one given, and change with update", async () => {
    const id = await launch("sleep 1000", {
      limits: { cpus: 0.5, cpuLimit: 1, memoryBytes: 32 << 20, pids: 10 },
    });
    if (containerd.cgroup.version === "v1") {
      expect(cgroupFile("cpu", id, "cpu.shares")).toBe("512");
      expect(cgroupFile("cpu", id, "cpu.cfs_quota_us")).toBe("100000");
      expect(cgroupFile("memory", id, "memory.limit_in_bytes")).toBe(String(32 << 20));
    } else {
      expect(cgroupFile("cpu", id, "cpu.max")).toBe("100000 100000");
      expect(cgroupFile("memory", id, "memory.max")).toBe(String(32 << 20));
    }
    expect(cgroupFile("pids", id, "pids.max")).toBe("10");
    await runtime.containerizer.update(id, { cpus: 2, memoryBytes: 48 << 20 });
    expect((await runtime.containerizer.usage(id)).memoryLimitBytes).toBe(48 << 20);
    expect(cgroupFile("pids", id, "pids.max")).toBe("max");
    if (containerd.cgroup.version === "v1") {
      expect(cgroupFile("cpu", id, "cpu.shares")).toBe("2048");
      expect(cgroupFile("cpu", id, "cpu.cfs_quota_us")).toBe("-1");
    }
    await runtime.containerizer.remove(id);
  });

  test("usage grows with what the container does, and ends with it", async () => {
    const id = await launch("i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done; exec sleep 1000");
    await until("it sleeps", async () => {
      const { cpuNanos, pids } = await runtime.containerizer.usage(id);
      return cpuNanos > 20_000_000n && pids === 1;
    });
    const usage = await runtime.containerizer.usage(id);
    expect(usage).toMatchObject({ pids: 1, memoryLimitBytes: 64 << 20 });
    expect(usage.memoryBytes).toBeGreaterThan(0);
    expect(usage.memoryBytes).toBeLessThan(64 << 20);
    await runtime.containerizer.remove(id);
    await expect(runtime.containerizer.usage(id)).rejects.toBeInstanceOf(ContainerNotFoundError);
  });

  test("a container over its memory is known as such, also when it is gone", async () => {
    const hog = await launch("tail /dev/zero");
    const failed = await launch("exit 137");
    const exit = await runtime.containerizer.wait(hog);
    expect(exit).toMatchObject({ oomKilled: true });
    expect(exit.code).not.toBe(0);
    expect(await runtime.containerizer.wait(failed)).toMatchObject({ code: 137, oomKilled: false });
    await runtime.containerizer.remove(hog);
    expect(await runtime.containerizer.oomKilled(hog)).toBe(true);
    expect(await runtime.containerizer.oomKilled(failed)).toBe(false);
    await runtime.containerizer.remove(failed);
  });

  test("containerd's own report of it is heard", async () => {
    const connection = new Connection(containerd.socket, "mesos");
    const events = new OomEvents(connection);
    events.start();
    // The subscription has no answer that says it stands: a second container is one more chance.
    const seen: string[] = [];
    await until("an event has come", async () => {
      const id = await launch("tail /dev/zero");
      seen.push(id);
      await runtime.containerizer.wait(id);
      return seen.some((each) => events.has(each));
    });
    expect(events.has("another")).toBe(false);
    events.stop();
    connection.close();
    for (const id of seen) await runtime.containerizer.remove(id);
  });

  test("a removed container's want of memory is known without anyone having waited", async () => {
    const id = await launch("tail /dev/zero");
    await until("it has ended", async () => (await runtime.containerizer.recover())[0]?.state === "exited");
    expect((await runtime.containerizer.recover())[0]).toMatchObject({ id, exit: { oomKilled: true } });
    const other = await containerd.client();
    await other.containerizer.remove(id);
    expect(await other.containerizer.oomKilled(id)).toBe(true);
  });
});

describe("exec", () => {
  test("runs as the container's user with its environment, and gives output and exit code", async () => {
    const id = await launch("sleep 1000", { user: "worker", env: { A: "1", B: "1" } });
    const script = 'echo "$A$B$C $(id -un) $PWD"; echo err >&2; exit 3';
    const result = await runtime.containerizer.exec(
      id,
      ["/bin/sh", "-c", script],
      { B: "2", C: "3" },
      { timeoutMs: 20_000 },
    );
    expect({ ...result, stdout: String(result.stdout), stderr: String(result.stderr) }).toEqual({
      code: 3,
      timedOut: false,
      stdout: "123 worker /tmp\n",
      stderr: "err\n",
    });
    expect(readdirSync(join(containerd.folder, "agent/containers", id))).not.toContain("exec");
    await runtime.containerizer.remove(id);
  });

  test("ends with its descendants at the timeout, and the container goes on", async () => {
    const id = await launch("sleep 1000");
    const argv = ["/bin/sh", "-c", "sleep 500 & sleep 600"];
    const result = await runtime.containerizer.exec(id, argv, {}, { timeoutMs: 500 });
    expect(result.timedOut).toBe(true);
    await until(
      "only the container is left",
      async () => (await runtime.containerizer.pids(id)).length === 1,
    );
    await runtime.containerizer.remove(id);
  });

  test("keeps the start of too much output", async () => {
    const id = await launch("sleep 1000");
    const argv = ["/bin/sh", "-c", "echo start; yes | head -c 3000000"];
    const options = { timeoutMs: 20_000, maxOutputBytes: 1_000 };
    const { stdout, code } = await runtime.containerizer.exec(id, argv, {}, options);
    expect(code).toBe(0);
    expect(stdout.length).toBe(1_000);
    expect(String(stdout)).toMatch(/^start\ny\n/);
    await runtime.containerizer.remove(id);
  });

  test("says that a program is missing, and that a container is not running", async () => {
    const id = await launch("sleep 1000");
    const options = { timeoutMs: 20_000 };
    await expect(runtime.containerizer.exec(id, ["/nope"], {}, options)).rejects.toThrow("/nope");
    await runtime.containerizer.kill(id, "SIGKILL");
    await runtime.containerizer.wait(id);
    await expect(runtime.containerizer.exec(id, ["/bin/true"], {}, options)).rejects.toBeInstanceOf(
      ContainerNotFoundError,
    );
    await runtime.containerizer.remove(id);
    await expect(runtime.containerizer.exec(id, ["/bin/true"], {}, options)).rejects.toBeInstanceOf(
      ContainerNotFoundError,
    );
  });
});

describe("output", () => {
  test("goes on after a rotation, nothing of it twice", async () => {
    const id = await launch("i=0; while [ $i -lt 3000 ]; do i=$((i+1)); echo line $i; done; sleep 1000");
    const stdout = join(containerd.sandbox(id), "stdout");
    const options = { maxBytes: 10_000, keep: 3 };
    await until("there is enough", () => statSync(stdout).size >= 10_000);
    expect(await runtime.logs.rotate(stdout, options)).toBe(true);
    const count = () => {
      const names = readdirSync(containerd.sandbox(id)).filter((name) => name.startsWith("stdout"));
      return names.flatMap(
        (name) => readFileSync(join(containerd.sandbox(id), name), "utf8").match(/^line \d+$/gm) ?? [],
      );
    };
    await until("the last line is there", () => count().includes("line 3000"));
    // What came in the moment of the truncation may be missing; nothing is there twice.
    expect(new Set(count()).size).toBe(count().length);
    expect(readFileSync(stdout, "utf8")).not.toContain("\0");
    await runtime.containerizer.remove(id);
  });

  test("is never written through a link that a task put in its place", async () => {
    const secret = join(containerd.folder, "secret");
    writeFileSync(secret, "secret".repeat(10_000));
    const sandbox = containerd.sandbox("evil");
    symlinkSync(secret, join(sandbox, "stdout"));
    expect(await runtime.logs.rotate(join(sandbox, "stdout"), { maxBytes: 10, keep: 1 })).toBe(false);
    expect(readdirSync(sandbox)).toEqual(["stdout"]);
    await expect(launch("true", { stdout: join(sandbox, "stdout") })).rejects.toThrow("ELOOP");
    expect(statSync(secret).size).toBe(60_000);
  });
});
