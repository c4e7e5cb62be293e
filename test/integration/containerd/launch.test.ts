import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  ContainerExistsError,
  ContainerLaunchError,
  ContainerNotFoundError,
  InvalidSpecError,
} from "../../../src/agent/containerizer/errors.ts";
import type { ContainerRuntime } from "../../../src/agent/containerizer/open.ts";
import type { ContainerSpec } from "../../../src/agent/containerizer/spec.ts";
import type { ImageConfig } from "../../../src/agent/provisioner/provisioner.ts";
import { BUSYBOX_IMAGE, PrivateContainerd } from "./privateContainerd.ts";
import { shellTask, taskSpec } from "./taskSpec.ts";

let containerd: PrivateContainerd;
let runtime: ContainerRuntime;
let image: ImageConfig;

beforeAll(async () => {
  containerd = await PrivateContainerd.start();
  runtime = await containerd.client();
  await containerd.importBusybox("k8s.io");
  image = await runtime.provisioner.pull(BUSYBOX_IMAGE, { policy: "IfNotPresent" });
});
afterAll(() => containerd?.stop());

const spec = (overrides: Partial<ContainerSpec> = {}) => taskSpec(containerd, overrides);
const shell = (script: string, overrides: Partial<ContainerSpec> = {}) =>
  shellTask(containerd, script, overrides);

/** Runs to the end and gives the exit status and what was printed. */
async function runToEnd(each: ContainerSpec) {
  const { containerizer } = runtime;
  await containerizer.launch(each, image);
  const exit = await containerizer.wait(each.id);
  await containerizer.remove(each.id);
  return { exit, stdout: containerd.output(each.id), stderr: containerd.output(each.id, "stderr") };
}

describe("launch", () => {
  test("runs the image's entrypoint and command when none is given", async () => {
    const { exit, stdout } = await runToEnd(spec());
    expect(exit).toMatchObject({ code: 0, oomKilled: false });
    expect(stdout).toBe("hello from the image\n");
  });

  test("keeps stdout and stderr apart and reports the exit code", async () => {
    const { exit, stdout, stderr } = await runToEnd(shell("echo out; echo err >&2; exit 7"));
    expect(exit).toMatchObject({ code: 7 });
    expect(Math.abs(Date.now() - exit.exitedAt.getTime())).toBeLessThan(60_000);
    expect({ stdout, stderr }).toEqual({ stdout: "out\n", stderr: "err\n" });
  });

  test("gives environment, working directory and sandbox", async () => {
    const each = shell('echo "$FROM_IMAGE $MINE $PWD"; echo kept > /mnt/mesos/sandbox/file', {
      env: { MINE: "mine" },
    });
    const { stdout } = await runToEnd(each);
    expect(stdout).toBe("yes mine /tmp\n");
    expect(readFileSync(join(containerd.sandbox(each.id), "file"), "utf8")).toBe("kept\n");
  });

  test("resolves a user's name by the image's files, behind a link in the image", async () => {
    const { stdout } = await runToEnd(shell("id; echo $HOME", { user: "worker" }));
    expect(stdout).toContain("uid=1000(worker) gid=1001(workers) groups=1001(workers),1002(extra)");
    expect(stdout).toContain("/home/worker");
  });

  test("tells the ids of a user before anything runs", async () => {
    const { containerizer } = runtime;
    expect(await containerizer.resolveUser(image, "worker")).toEqual({ uid: 1000, gid: 1001 });
    expect(await containerizer.resolveUser(image, undefined)).toEqual({ uid: 0, gid: 0 });
    expect(await containerizer.resolveUser(image, "7:8")).toEqual({ uid: 7, gid: 8 });
    await expect(containerizer.resolveUser(image, "stranger")).rejects.toBeInstanceOf(InvalidSpecError);
    expect(await containerd.ctr("-n", "mesos", "snapshots", "ls")).not.toContain("mesos-view");
  });

  test("drops capabilities, gains no privileges, filters system calls and hides the kernel's files", async () => {
    const { stdout } = await runToEnd(
      shell(
        "grep -E 'CapEff|NoNewPrivs|Seccomp:' /proc/self/status; wc -c < /proc/interrupts; touch /proc/sys/x || echo read-only",
      ),
    );
    expect(stdout).toMatch(/CapEff:\s*00000000a80425fb/);
    expect(stdout).toMatch(/NoNewPrivs:\s*1/);
    expect(stdout).toMatch(/Seccomp:\s*2/);
    expect(stdout).toMatch(/^0$/m);
    expect(stdout).toContain("read-only");
  });

  test("gives a privileged container what the agent itself has", async () => {
    const { stdout } = await runToEnd(
      shell(
        "grep -E 'CapEff|Seccomp:' /proc/self/status; ls /dev | wc -l; mount -t tmpfs none /tmp && echo mounted",
        {
          security: { privileged: true },
        },
      ),
    );
    const own = /CapEff:\s*([0-9a-f]+)/.exec(readFileSync("/proc/self/status", "utf8"))?.[1] ?? "none";
    expect(stdout).toContain(own);
    expect(stdout).toMatch(/Seccomp:\s*0/);
    expect(stdout).toContain("mounted");
  });

  test("binds volumes, read-only where asked", async () => {
    const source = containerd.sandbox("volume");
    const mounts = [
      { source, target: "/rw" },
      { source, target: "/ro", readOnly: true },
    ];
    const { stdout } = await runToEnd(
      shell("echo x > /rw/file; cat /ro/file; echo y 2>/dev/null > /ro/file || echo refused", { mounts }),
    );
    expect(stdout).toBe("x\nrefused\n");
  });

  test("says why a program cannot be started and leaves nothing", async () => {
    const each = spec({ command: ["/no/such/program"] });
    const error = await runtime.containerizer.launch(each, image).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(ContainerLaunchError);
    expect(String(error)).toContain("/no/such/program");
    expect(await runtime.containerizer.recover()).toEqual([]);
    expect(existsSync(join(containerd.folder, "agent/containers", each.id))).toBe(false);
    expect(await containerd.ctr("-n", "mesos", "snapshots", "ls")).not.toContain(each.id);
  });

  test("never launches an id twice", async () => {
    const each = shell("sleep 1000");
    await runtime.containerizer.launch(each, image);
    const again = runtime.containerizer.launch(each, image);
    await expect(again).rejects.toBeInstanceOf(ContainerExistsError);
    expect(await runtime.containerizer.pids(each.id)).toHaveLength(1);
    await runtime.containerizer.remove(each.id);
  });

  test("refuses what can never run", async () => {
    const { containerizer } = runtime;
    const bad: Partial<ContainerSpec>[] = [
      { user: "nobody-here" },
      { security: { runAsNonRoot: true } },
      { cwd: "relative" },
      { mounts: [{ source: "/etc/../etc", target: "/x" }] },
      { network: { type: "cni" } },
      { id: "../escape" },
    ];
    for (const each of bad) {
      await expect(containerizer.launch(spec(each), image)).rejects.toBeInstanceOf(InvalidSpecError);
    }
    expect(await containerizer.recover()).toEqual([]);
  });

  test("an unknown container is an error to ask for and none to remove", async () => {
    const { containerizer } = runtime;
    await expect(containerizer.wait("unknown")).rejects.toBeInstanceOf(ContainerNotFoundError);
    await expect(containerizer.usage("unknown")).rejects.toBeInstanceOf(ContainerNotFoundError);
    await expect(containerizer.kill("unknown", "SIGTERM")).rejects.toBeInstanceOf(ContainerNotFoundError);
    await containerizer.remove("unknown");
  });
});
