import { describe, expect, test } from "vitest";
import type { ImageConfig } from "../provisioner/provisioner.ts";
import { buildSpec, type NodeFacts, type SpecInput } from "./buildSpec.ts";
import { capabilitiesOfMask } from "./capabilities.ts";
import { InvalidSpecError } from "./errors.ts";
import type { ContainerSpec } from "./spec.ts";

const image: ImageConfig = {
  name: "docker.io/library/app:1",
  digest: "sha256:0",
  snapshotter: "overlayfs",
  chainId: "sha256:1",
  entrypoint: ["/entry"],
  cmd: ["--default"],
  env: { A: "image", B: "image", PATH: "/image/bin" },
  user: "",
  workingDir: "/work",
};
const facts: NodeFacts = {
  cgroupVersion: "v1",
  swapAccounting: false,
  arch: "x64",
  capabilities: capabilitiesOfMask("000001ffffffffff"),
  oomScoreAdj: 0,
};
const base: ContainerSpec = {
  id: "t1",
  labels: {},
  env: {},
  network: { type: "host" },
  limits: { cpus: 1 },
  stdout: "/s/stdout",
  stderr: "/s/stderr",
};
const root = { uid: 0, gid: 0, additionalGids: [], home: "/root" };

function build(spec: Partial<ContainerSpec> = {}, input: Partial<SpecInput> = {}) {
  return buildSpec({ spec: { ...base, ...spec }, image, user: root, files: {}, facts, ...input });
}

describe("the process", () => {
  const args = (spec: Partial<ContainerSpec>) => build(spec).process.args;

  test("command replaces the entrypoint and drops cmd, args replaces cmd", () => {
    expect(args({})).toEqual(["/entry", "--default"]);
    expect(args({ args: ["x"] })).toEqual(["/entry", "x"]);
    expect(args({ command: ["/bin/sh"] })).toEqual(["/bin/sh"]);
    expect(args({ command: ["/bin/sh"], args: ["-c", "true"] })).toEqual(["/bin/sh", "-c", "true"]);
  });

  test("with an init it is the init's child, one process more is allowed, and the init's file is mounted", () => {
    const limits = { cpus: 1, pids: 10 };
    const made = build({ command: ["/bin/sh"], limits }, { init: "/var/lib/mesos/init/1" });
    expect(made.process.args).toEqual(["/.mesos-init", "--", "/bin/sh"]);
    expect(made.linux.resources.pids).toEqual({ limit: 11 });
    expect(made.mounts).toContainEqual({
      destination: "/.mesos-init",
      type: "bind",
      source: "/var/lib/mesos/init/1",
      options: ["rbind", "ro", "rprivate"],
    });
    expect(build({ limits }).linux.resources.pids).toEqual({ limit: 10 });
  });

  test("nothing to run is refused", () => {
    expect(() => build({}, { image: { ...image, entrypoint: [], cmd: [] } })).toThrow(InvalidSpecError);
    expect(() => build({ command: [] })).toThrow("no command");
  });

  test("the task's environment lies over the image's, over defaults", () => {
    const { env } = build({ env: { B: "task", EMPTY: "" } }).process;
    expect([...env].sort()).toEqual(["A=image", "B=task", "EMPTY=", "HOME=/root", "PATH=/image/bin"]);
    const bare = build({}, { image: { ...image, env: {} }, user: { uid: 5, gid: 0, additionalGids: [] } });
    expect(bare.process.env).toEqual([
      "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
      "HOME=/",
    ]);
    expect(() => build({ env: { "A=B": "x" } })).toThrow("A=B");
    expect(() => build({ env: { A: "x\0y" } })).toThrow(InvalidSpecError);
  });

  test("the working directory is the task's, else the image's, else the sandbox", () => {
    const noWorkingDir = { image: { ...image, workingDir: "" } };
    expect(build({ cwd: "/mine" }).process.cwd).toBe("/mine");
    expect(build().process.cwd).toBe("/work");
    expect(build({ sandbox: { source: "/s" } }, noWorkingDir).process.cwd).toBe("/mnt/mesos/sandbox");
    expect(build({}, noWorkingDir).process.cwd).toBe("/");
    expect(() => build({ cwd: "mine" })).toThrow("not absolute");
  });

  test("groups are the user's own first, each once", () => {
    const user = { uid: 7, gid: 8, additionalGids: [9, 10] };
    expect(build({ supplementalGroups: [10, 11] }, { user }).process.user).toEqual({
      uid: 7,
      gid: 8,
      additionalGids: [8, 9, 10, 11],
    });
  });

  test("the OOM score is never lower than the agent's own, and inherited when not asked for", () => {
    const oom = (oomScoreAdj: number | undefined, own: number) =>
      build(oomScoreAdj === undefined ? {} : { oomScoreAdj }, { facts: { ...facts, oomScoreAdj: own } })
        .process.oomScoreAdj;
    expect(oom(-998, -500)).toBe(-500);
    expect(oom(-998, 0)).toBe(0);
    expect(oom(800, 0)).toBe(800);
    expect(oom(undefined, 0)).toBeUndefined();
  });

  test("root is refused where it must not be", () => {
    expect(() => build({ security: { runAsNonRoot: true } })).toThrow("as root");
    const user = { uid: 1, gid: 0, additionalGids: [] };
    expect(build({ security: { runAsNonRoot: true } }, { user }).process.user.uid).toBe(1);
  });
});

describe("isolation", () => {
  test("is on by default", () => {
    const { process, linux, root: rootfs } = build();
    expect(process.noNewPrivileges).toBe(true);
    expect(process.capabilities.bounding).toHaveLength(14);
    expect(linux.seccomp?.defaultAction).toBe("SCMP_ACT_ERRNO");
    expect(linux.maskedPaths).toContain("/proc/kcore");
    expect(linux.readonlyPaths).toContain("/proc/sys");
    expect(linux.resources.devices).toEqual([{ allow: false, access: "rwm" }]);
    expect(rootfs.readonly).toBe(false);
  });

  test("is off for the privileged", () => {
    const { process, linux, mounts } = build({ security: { privileged: true } });
    expect(process.noNewPrivileges).toBe(false);
    expect(process.capabilities.bounding).toHaveLength(41);
    expect(linux).not.toHaveProperty("seccomp");
    expect(linux).not.toHaveProperty("maskedPaths");
    expect(linux.resources.devices).toEqual([{ allow: true, access: "rwm" }]);
    expect(mounts.find(({ destination }) => destination === "/dev")).toMatchObject({
      type: "bind",
      source: "/dev",
    });
    expect(mounts.find(({ destination }) => destination === "/sys")?.options).toContain("rw");
  });

  test("each part can be chosen", () => {
    const security = { seccomp: "unconfined", noNewPrivileges: false, readOnlyRootfs: true } as const;
    const { process, linux, root: rootfs } = build({ security });
    expect(process.noNewPrivileges).toBe(false);
    expect(linux).not.toHaveProperty("seccomp");
    expect(rootfs.readonly).toBe(true);
  });

  test("namespaces follow the network and the cgroup version", () => {
    const types = (spec: Partial<ContainerSpec>, input: Partial<SpecInput> = {}) =>
      build(spec, input).linux.namespaces;
    const own = [{ type: "pid" }, { type: "ipc" }, { type: "uts" }, { type: "mount" }];
    expect(types({})).toEqual(own);
    expect(types({ network: { type: "none" } })).toEqual([...own, { type: "network" }]);
    expect(types({ network: { type: "netns", path: "/n" } })).toEqual([
      ...own,
      { type: "network", path: "/n" },
    ]);
    expect(types({ network: { type: "cni" } }, { netns: "/c" })).toEqual([
      ...own,
      { type: "network", path: "/c" },
    ]);
    expect(types({ network: { type: "container", id: "o" } }, { netns: "/o" })).toEqual([
      ...own,
      { type: "network", path: "/o" },
    ]);
    expect(types({}, { facts: { ...facts, cgroupVersion: "v2" } })).toEqual([...own, { type: "cgroup" }]);
  });

  test("a hostname is set only in a network of its own", () => {
    expect(build({ hostname: "h", network: { type: "none" } }).hostname).toBe("h");
    expect(build({ hostname: "h" })).not.toHaveProperty("hostname");
  });

  test("the cgroup lies below the slot's", () => {
    const cgroup = { path: "/kubepods/podX", driver: "cgroupfs", version: "v2" } as const;
    expect(build({ cgroup }).linux.cgroupsPath).toBe("/kubepods/podX/mesos-t1");
  });
});

describe("mounts", () => {
  const binds = (spec: Partial<ContainerSpec>, input: Partial<SpecInput> = {}) =>
    build(spec, input).mounts.filter(({ type }) => type === "bind");

  test("sandbox, files and volumes come after the kernel's, in order", () => {
    const spec = {
      sandbox: { source: "/var/sandbox" },
      mounts: [
        { source: "/data", target: "/data/", readOnly: true },
        { source: "/x", target: "/data/x" },
      ],
    };
    const files = { resolvConf: "/etc/resolv.conf", hosts: "/h" };
    expect(binds(spec, { files })).toEqual([
      {
        destination: "/etc/resolv.conf",
        type: "bind",
        source: "/etc/resolv.conf",
        options: ["rbind", "ro", "rprivate"],
      },
      { destination: "/etc/hosts", type: "bind", source: "/h", options: ["rbind", "ro", "rprivate"] },
      {
        destination: "/mnt/mesos/sandbox",
        type: "bind",
        source: "/var/sandbox",
        options: ["rbind", "rw", "rprivate"],
      },
      { destination: "/data/", type: "bind", source: "/data", options: ["rbind", "ro", "rprivate"] },
      { destination: "/data/x", type: "bind", source: "/x", options: ["rbind", "rw", "rprivate"] },
    ]);
  });

  test("a mount that passes events on needs the root to do so", () => {
    const mount = { source: "/x", target: "/x" } as const;
    const propagation = (each: "private" | "slave" | "shared") =>
      build({ mounts: [{ ...mount, propagation: each }] }).linux.rootfsPropagation;
    expect([propagation("private"), propagation("slave"), propagation("shared")]).toEqual([
      undefined,
      "rslave",
      "rshared",
    ]);
  });

  test.each(["relative", "/a/../b", "/", "/proc/sys", "/proc"])("nothing stands at %s", (target) => {
    expect(() => build({ mounts: [{ source: "/x", target }] })).toThrow(InvalidSpecError);
  });

  test("a source has no way out either", () => {
    expect(() => build({ mounts: [{ source: "/x/../../etc", target: "/x" }] })).toThrow(InvalidSpecError);
  });
});

describe("seccomp", () => {
  const calls = (spec: Partial<ContainerSpec> = {}, arch = "x64") => {
    const rules = build(spec, { facts: { ...facts, arch } }).linux.seccomp?.syscalls ?? [];
    return (name: string) => rules.filter((rule) => rule.names.includes(name));
  };

  test("allows the usual and not the dangerous", () => {
    const of = calls();
    expect(of("read")).toEqual([{ names: expect.arrayContaining(["read"]), action: "SCMP_ACT_ALLOW" }]);
    for (const name of ["mount", "bpf", "reboot", "kexec_load", "unshare", "keyctl"])
      expect(of(name)).toEqual([]);
    expect(of("chroot")).toHaveLength(1);
    expect(of("arch_prctl")).toHaveLength(1);
  });

  test("clone makes no namespaces, and clone3 is not there", () => {
    expect(calls()("clone")).toMatchObject([
      { args: [{ index: 0, value: 0x7e020000, op: "SCMP_CMP_MASKED_EQ" }] },
    ]);
    expect(calls()("clone3")).toMatchObject([{ action: "SCMP_ACT_ERRNO", errnoRet: 38 }]);
    const admin = calls({ security: { addCapabilities: ["SYS_ADMIN"] } });
    expect(admin("clone")).toMatchObject([{ action: "SCMP_ACT_ALLOW" }]);
    expect(admin("clone3")).toMatchObject([{ action: "SCMP_ACT_ALLOW" }]);
    expect(admin("mount")).toHaveLength(1);
  });

  test("follows the machine's architecture", () => {
    expect(build({}, { facts: { ...facts, arch: "arm64" } }).linux.seccomp?.architectures).toEqual([
      "SCMP_ARCH_AARCH64",
      "SCMP_ARCH_ARM",
    ]);
    expect(calls({}, "arm64")("arch_prctl")).toEqual([]);
    expect(calls({}, "s390x")("clone")).toMatchObject([{ args: [{ index: 1 }] }]);
    expect(build({}, { facts: { ...facts, arch: "pdp11" } }).linux).not.toHaveProperty("seccomp");
  });
});
