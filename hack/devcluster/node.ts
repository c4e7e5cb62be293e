import { existsSync, readFileSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { type Binaries, binary, binaryDirs } from "./binaries.ts";
import type { Authority } from "./certificates.ts";
import { enterCgroup, killCgroup } from "./cgroups.ts";
import { run } from "./command.ts";
import { ClusterError } from "./failure.ts";
import { writeKubeconfig } from "./kubeconfig.ts";
import { connectNode, disconnectNode } from "./network.ts";
import { cniConfig, containerdConfig, kubeletConfig, kubeProxyConfig, type Machine } from "./nodeconfig.ts";
import type { ClusterPlan, NodePlan } from "./plan.ts";
import type { Processes } from "./processes.ts";
import { createRootfs, writeNodeFile } from "./rootfs.ts";
import type { Archive } from "./systemimages.ts";

/** The programs that run on every node, in starting order; `init` holds the node's namespaces. */
export const NODE_DAEMONS = ["init", "containerd", "kubelet", "kube-proxy"] as const;
export type NodeDaemon = (typeof NODE_DAEMONS)[number];

const READY_MS = 60_000;
const SOCKET = "/run/containerd/containerd.sock";

/** One node: namespaces and a root folder of its own, and in them the daemons a real node has. */
export class Node {
  readonly plan: NodePlan;
  readonly #cluster: ClusterPlan;
  readonly #root: string;
  readonly #binaries: Binaries;
  readonly #processes: Processes;

  /** `dir` is the cluster's folder. */
  constructor(dir: string, cluster: ClusterPlan, plan: NodePlan, binaries: Binaries, processes: Processes) {
    this.plan = plan;
    this.#cluster = cluster;
    this.#root = join(dir, "nodes", plan.name, "rootfs");
    this.#binaries = binaries;
    this.#processes = processes;
  }

  processName(daemon: NodeDaemon): string {
    return `${this.plan.name}.${daemon}`;
  }

  /** For programs on the node: the cluster's own are found first. */
  get #environment(): NodeJS.ProcessEnv {
    const path = [
      ...binaryDirs(this.#binaries),
      "/usr/local/sbin",
      "/usr/local/bin",
      "/usr/sbin",
      "/usr/bin",
      "/sbin",
      "/bin",
    ];
    return { PATH: path.join(":"), HOME: "/root" };
  }

  /** The node's containerd as seen from the host. */
  get socket(): string {
    return join(this.#root, SOCKET);
  }

  /** Writes a file of the node; `path` is as the node sees it. */
  writeFile(path: string, text: string): void {
    writeNodeFile(this.#root, path, text);
  }

  /** A command line that runs `argv` on the node, in the caller's cgroup. */
  command(argv: readonly string[]): string[] {
    const init = this.#processes.find(this.processName("init"));
    if (init === undefined)
      throw new ClusterError(`${this.plan.name} does not run: see 'hack/cluster status'.`);
    const env = Object.entries(this.#environment).map(([name, value]) => `${name}=${value}`);
    return ["nsenter", "-t", String(init.pid), "-m", "-n", "-u", "--", "env", ...env, ...argv];
  }

  async #startDaemon(daemon: NodeDaemon, argv: readonly string[]): Promise<void> {
    const inCgroup = [...enterCgroup(`${this.plan.cgroup}/system`), ...argv];
    const command = daemon === "init" ? inCgroup : this.command(inCgroup);
    await this.#processes.start(this.processName(daemon), command, this.#environment);
  }

  /** Starts what holds the node: root folder, namespaces, the link to the bridge. */
  async startBase(): Promise<void> {
    const init = this.processName("init");
    if (this.#processes.find(init) === undefined) {
      // What is left of a node that lost its first process has the old namespaces: it starts anew, as after a reboot.
      await killCgroup(this.plan.cgroup);
      await disconnectNode(this.plan);
      rmSync(join(this.#root, "run"), { recursive: true, force: true });
      createRootfs(this.#root, this.#cluster, this.plan, this.#binaries);
      const script = join(import.meta.dirname, "node-init.sh");
      const unshare = ["unshare", "--mount", "--net", "--uts", "--propagation", "private"];
      await this.#startDaemon("init", [
        ...unshare,
        script,
        this.#root,
        this.plan.name,
        ...binaryDirs(this.#binaries),
      ]);
    }
    const ready = async () => existsSync(join(this.#root, "run/node-ready"));
    await this.#processes.waitReady(init, ready, READY_MS);
    const record = this.#processes.find(init);
    if (record !== undefined) await connectNode(this.#cluster, this.plan, record.pid);
  }

  async startContainerd(): Promise<void> {
    writeNodeFile(this.#root, "/etc/containerd/config.toml", containerdConfig);
    writeNodeFile(this.#root, "/etc/cni/net.d/10-pods.conflist", cniConfig(this.plan));
    await this.#startDaemon("containerd", [binary(this.#binaries, "containerd"), "--log-level=info"]);
    await this.#processes.waitReady(
      this.processName("containerd"),
      () => this.#containerdListens(),
      READY_MS,
    );
  }

  #containerdListens(): Promise<boolean> {
    return new Promise((resolve) => {
      const socket = connect(this.socket);
      socket.on("connect", () => {
        socket.destroy();
        resolve(true);
      });
      socket.on("error", () => resolve(false));
    });
  }

  /** Imports an image archive for pods, from a file of the host. */
  async loadImage(archive: string): Promise<void> {
    const ctr = [binary(this.#binaries, "ctr"), "--address", this.socket, "--namespace", "k8s.io"];
    await run([...ctr, "images", "import", archive]);
  }

  /** Imports what is not there yet. */
  async ensureImages(archives: readonly Archive[]): Promise<void> {
    const ctr = [binary(this.#binaries, "ctr"), "--address", this.socket, "--namespace", "k8s.io"];
    const present = new Set((await run([...ctr, "images", "list", "--quiet"])).split("\n"));
    for (const { name, path } of archives) if (!present.has(name)) await this.loadImage(path);
  }

  /** Writes the node's keys and configuration and starts kubelet and kube-proxy; the API server must run. */
  async startKubelet(server: string, authority: Authority, machine: Machine): Promise<void> {
    const { name, address, zone } = this.plan;
    const subject = { commonName: `system:node:${name}`, organizations: ["system:nodes"] };
    const conf = join(this.#root, "etc/kubernetes");
    const serving = await authority.issueFile(`${name}-serving`, { ...subject, names: [name, address] });
    writeNodeFile(this.#root, "/etc/kubernetes/ca.crt", authority.certificate);
    writeNodeFile(this.#root, "/etc/kubernetes/kubelet.crt", readFileSync(serving.certificate, "utf8"));
    writeNodeFile(this.#root, "/etc/kubernetes/kubelet.key", readFileSync(serving.key, "utf8"), 0o600);
    writeNodeFile(
      this.#root,
      "/etc/kubernetes/kubelet.yaml",
      kubeletConfig(this.#cluster, this.plan, machine),
    );
    await writeKubeconfig(join(conf, "kubelet.conf"), "kubelet", server, authority, name, subject);
    await this.#startDaemon("kubelet", [
      binary(this.#binaries, "kubelet"),
      "--config=/etc/kubernetes/kubelet.yaml",
      "--kubeconfig=/etc/kubernetes/kubelet.conf",
      `--hostname-override=${name}`,
      `--node-ip=${address}`,
      `--node-labels=topology.kubernetes.io/zone=${zone}`,
    ]);
  }

  async startKubeProxy(server: string, authority: Authority): Promise<void> {
    const subject = { commonName: "system:kube-proxy" };
    const path = join(this.#root, "etc/kubernetes/kube-proxy.conf");
    // Makes the folder too: the kubelet, which starts at the same time, may not have yet.
    writeNodeFile(this.#root, "/etc/kubernetes/kube-proxy.yaml", kubeProxyConfig(this.#cluster, this.plan));
    await writeKubeconfig(path, "kube-proxy", server, authority, "kube-proxy", subject);
    const argv = [binary(this.#binaries, "kube-proxy"), "--config=/etc/kubernetes/kube-proxy.yaml"];
    await this.#startDaemon("kube-proxy", argv);
  }
}
