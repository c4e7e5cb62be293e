import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import {
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type Binaries, binary, ensureBinaries } from "../../../hack/devcluster/binaries.ts";
import { run } from "../../../hack/devcluster/command.ts";
import { type Image, image, layer, writeArchive } from "../../../hack/devcluster/ociimage.ts";
import { ensurePackages } from "../../../hack/devcluster/packages.ts";
import type { ProgramName } from "../../../hack/devcluster/programs.ts";
import { sayToTerminal } from "../../../hack/devcluster/progress.ts";
import {
  type ContainerRuntime,
  openContainerRuntime,
  type RuntimeOptions,
} from "../../../src/agent/containerizer/open.ts";
import type { PodCgroup } from "../../../src/agent/isolation/podCgroup.ts";

export const BUSYBOX_IMAGE = "localhost/busybox:test";
const APPLETS =
  "sh cat echo sleep id env ls printf seq dd true false kill ps wc tr head tail touch yes ip nc wget mount df grep mkdir";

const CRI_PLUGINS = ["grpc.v1.cri", "cri.v1.images", "cri.v1.runtime"].map((name) => `io.containerd.${name}`);

/** A containerd of a test file's own: own root, state, socket and log; ended by its pid. */
export class PrivateContainerd {
  readonly folder = mkdtempSync(join(tmpdir(), "mesos-containerd-"));
  readonly socket = join(this.folder, "containerd.sock");
  /** Settings for registries, as in /etc/containerd/certs.d. */
  readonly certs = join(this.folder, "certs.d");
  readonly cgroup: PodCgroup;
  readonly #binaries: Binaries;
  readonly #runtimes: ContainerRuntime[] = [];
  readonly #prefix: readonly string[];
  readonly #cri: boolean;
  #process: ChildProcess | undefined;

  private constructor(binaries: Binaries, ownNetwork: boolean, cri: boolean) {
    this.#cri = cri;
    this.#binaries = binaries;
    this.#prefix = ownNetwork ? ["unshare", "--net"] : [];
    const version = readFileSync("/proc/self/cgroup", "utf8").includes(":memory:") ? "v1" : "v2";
    this.cgroup = { path: `/mesos-test-${this.folder.split("-").at(-1)}`, driver: "cgroupfs", version };
  }

  /**
   * `ownNetwork`: in a network namespace of its own, so that bridges and port mappings go when it goes. `cri`: with the kubelet's API, its
   * registry settings in the folder `certs.d`.
   */
  static async start({ ownNetwork = false, cri = false } = {}): Promise<PrivateContainerd> {
    await ensurePackages("node", sayToTerminal);
    const names = [
      "containerd",
      "containerd-shim-runc-v2",
      "ctr",
      "bridge",
      "loopback",
      "host-local",
      "portmap",
      "registry",
    ] as const;
    const binaries = await ensureBinaries(names, sayToTerminal);
    const containerd = new PrivateContainerd(binaries, ownNetwork, cri);
    await containerd.up();
    return containerd;
  }

  get pid(): number {
    return this.#process?.pid ?? 0;
  }

  program(name: ProgramName): string {
    return binary(this.#binaries, name);
  }

  async up(): Promise<void> {
    const { folder } = this;
    const config = join(folder, "config.toml");
    writeFileSync(
      config,
      `version = 2
root = '${folder}/root'
state = '${folder}/state'
disabled_plugins = [${(this.#cri ? [] : CRI_PLUGINS).map((each) => `'${each}'`)}]
[grpc]
  address = '${this.socket}'
[ttrpc]
  address = '${this.socket}.ttrpc'
[plugins.'io.containerd.metadata.v1.bolt']
  no_sync = true
[plugins.'io.containerd.internal.v1.opt']
  path = '${folder}/opt'
[plugins.'io.containerd.nri.v1.nri']
  disable = true
[plugins.'io.containerd.grpc.v1.cri'.registry]
  config_path = '${this.certs}'
`,
    );
    const log = openSync(join(folder, "containerd.log"), "a");
    const path = [
      dirname(binary(this.#binaries, "containerd-shim-runc-v2")),
      process.env.PATH,
      "/usr/sbin:/sbin",
    ];
    // unshare executes what it is given, so the pid is containerd's.
    const [program = "", ...argv] = [
      ...this.#prefix,
      binary(this.#binaries, "containerd"),
      "--config",
      config,
    ];
    this.#process = spawn(program, argv, {
      env: { ...process.env, PATH: path.join(":") },
      stdio: ["ignore", log, log],
    });
    await this.ctr("version");
  }

  /** Waits for the socket as every client does: by trying. */
  async ctr(...args: string[]): Promise<string> {
    const deadline = Date.now() + 20_000;
    for (;;) {
      try {
        return await run([this.program("ctr"), "-a", this.socket, ...args]);
      } catch (error) {
        if (Date.now() > deadline || this.#process?.exitCode != null || args[0] !== "version") throw error;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }
  }

  async kill(signal: NodeJS.Signals): Promise<void> {
    const child = this.#process;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    child.kill(signal);
    await ended;
  }

  /** A client such as each start of the agent makes. */
  async client(options: Partial<RuntimeOptions> = {}): Promise<ContainerRuntime> {
    const runtime = await openContainerRuntime({
      socket: this.socket,
      stateDir: join(this.folder, "agent"),
      log: { warn: (fields, message) => console.warn(message, fields) },
      ...options,
    });
    this.#runtimes.push(runtime);
    return runtime;
  }

  /** A folder that stands for a task's sandbox. */
  sandbox(id: string): string {
    const path = join(this.folder, "sandboxes", id);
    mkdirSync(path, { recursive: true });
    return path;
  }

  output(id: string, stream: "stdout" | "stderr" = "stdout"): string {
    return readFileSync(join(this.sandbox(id), stream), "utf8");
  }

  /** Imports an image of busybox and the given files into a containerd namespace, as an administrator would. */
  async importBusybox(namespace: string, name = BUSYBOX_IMAGE, { unpack = false } = {}): Promise<void> {
    const archive = join(this.folder, "busybox.tar");
    // The name is in it, so that no two images share all of their blobs.
    await writeArchive(archive, await busyboxImage({ "etc/image": name }), [name]);
    await this.ctr("-n", namespace, "images", "import", ...(unpack ? [] : ["--no-unpack"]), archive);
  }

  async stop(): Promise<void> {
    for (const runtime of this.#runtimes) {
      for (const { id } of await runtime.containerizer.recover().catch(() => [])) {
        await runtime.containerizer.remove(id).catch(() => {});
      }
      runtime.close();
    }
    // What a failed test has left of the kubelet's: its shim would outlive containerd.
    const left = await this.ctr("-n", "k8s.io", "tasks", "ls", "-q").catch(() => "");
    for (const id of left.split("\n").filter((each) => each !== "")) {
      await this.ctr("-n", "k8s.io", "tasks", "rm", "-f", id).catch(() => "");
    }
    await this.kill("SIGTERM");
    for (const mount of mountsBelow(this.folder)) await run(["umount", "-l", mount]).catch(() => {});
    removeCgroups(this.cgroup.path);
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Two layers: the second has users, and a passwd that is reached by a link. */
export async function busyboxImage(files: Readonly<Record<string, string>> = {}): Promise<Image> {
  const users = "root:x:0:0:root:/root:/bin/sh\nworker:x:1000:1001:a worker:/home/worker:/bin/sh\n";
  const groups = "root:x:0:\nworkers:x:1001:\nextra:x:1002:worker\n";
  const layers = [
    await layer([
      { path: "bin", directory: true },
      { path: "bin/busybox", content: readFileSync("/bin/busybox"), mode: 0o755 },
      ...APPLETS.split(" ").map((name) => ({ path: `bin/${name}`, link: "busybox" })),
      { path: "tmp", directory: true, mode: 0o1777 },
    ]),
    await layer([
      { path: "etc", directory: true },
      { path: "etc/passwd", link: "accounts/users" },
      { path: "etc/accounts", directory: true },
      { path: "etc/accounts/users", content: users },
      { path: "etc/group", content: groups },
      { path: "home", directory: true },
      { path: "home/worker", directory: true },
      ...Object.entries(files).map(([path, content]) => ({ path, content })),
    ]),
  ];
  return image(layers, {
    Entrypoint: ["/bin/echo"],
    Cmd: ["hello from the image"],
    Env: ["FROM_IMAGE=yes", "PATH=/bin"],
    WorkingDir: "/tmp",
  });
}

function mountsBelow(folder: string): string[] {
  return readFileSync("/proc/self/mountinfo", "utf8")
    .split("\n")
    .map((line) => line.split(" ")[4] ?? "")
    .filter((path) => path.startsWith(`${folder}/`))
    .reverse();
}

function removeCgroups(path: string): void {
  const root = "/sys/fs/cgroup";
  for (const controller of ["", ...readdirSync(root)]) {
    try {
      removeEmptyFolders(join(root, controller, path));
    } catch {
      // Not in this hierarchy, or a container is left in it, which the test has then reported.
    }
  }
}

function removeEmptyFolders(folder: string): void {
  for (const child of readdirSync(folder, { withFileTypes: true })) {
    if (child.isDirectory()) removeEmptyFolders(join(folder, child.name));
  }
  rmdirSync(folder);
}
