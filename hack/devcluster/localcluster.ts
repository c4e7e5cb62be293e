import { readFileSync } from "node:fs";
import { availableParallelism, totalmem } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { type Apiserver, existingApiserver } from "./apiserver.ts";
import { type Binaries, binary, binaryDirs, ensureBinaries } from "./binaries.ts";
import { createCgroup, enterCgroup, killCgroup, removeCgroup } from "./cgroups.ts";
import { run } from "./command.ts";
import { CONTROL_PLANE, controlPlaneCgroup, startControllers, startServer } from "./controlplane.ts";
import type { DevCluster } from "./devcluster.ts";
import { ClusterError } from "./failure.ts";
import { printStatus, readyNodes } from "./localstatus.ts";
import { createBridge, removeNetwork } from "./network.ts";
import { NODE_DAEMONS, Node } from "./node.ts";
import type { Machine } from "./nodeconfig.ts";
import { ensurePackages } from "./packages.ts";
import type { ClusterPlan, ClusterRequest } from "./plan.ts";
import { Processes } from "./processes.ts";
import { LOCAL_PROGRAMS } from "./programs.ts";
import { type Say, step } from "./progress.ts";
import { type Credentials, plainHttpHosts, Registry } from "./registry.ts";
import { clusterDir, ensurePlan, kubeconfigPath, removeState, requirePlan } from "./statedir.ts";
import { corednsImage, pauseImage } from "./systemimages.ts";

const MIB = 1 << 20;
const NODES_READY_MS = 120_000;
const POLL_MS = 200;
const PODS_READY = "--timeout=120s";

function machine(): Machine {
  return { cpus: availableParallelism(), memoryMiB: Math.floor(totalmem() / MIB) };
}

/** A cluster on this machine: etcd, API server, controllers and scheduler on the host, nodes in namespaces. */
export class LocalCluster implements DevCluster {
  readonly plan: ClusterPlan;
  readonly nodes: readonly Node[];
  readonly processes: Processes;
  readonly #dir: string;
  readonly #binaries: Binaries;

  private constructor(plan: ClusterPlan, binaries: Binaries) {
    this.plan = plan;
    this.#dir = clusterDir(plan.name);
    this.#binaries = binaries;
    this.processes = new Processes(this.#dir);
    this.nodes = plan.nodes.map((node) => new Node(this.#dir, plan, node, binaries, this.processes));
  }

  /** @throws ClusterError when there is none of that name. */
  static async open(name: string, say: Say): Promise<LocalCluster> {
    return new LocalCluster(requirePlan(name), await ensureBinaries(LOCAL_PROGRAMS, say));
  }

  /** Brings the cluster up, or what of it does not run. */
  static async up(request: ClusterRequest, say: Say): Promise<LocalCluster> {
    if (process.getuid?.() !== 0) throw new ClusterError("A cluster needs root: run this again with sudo.");
    await ensurePackages("node", say);
    const binaries = await ensureBinaries(LOCAL_PROGRAMS, say);
    const cluster = new LocalCluster(await ensurePlan(request), binaries);
    await cluster.startAll(say);
    return cluster;
  }

  get name(): string {
    return this.plan.name;
  }

  get kubeconfig(): string {
    return kubeconfigPath(this.plan.name);
  }

  get programDirs(): readonly string[] {
    return binaryDirs(this.#binaries);
  }

  async startAll(say: Say): Promise<void> {
    const { plan } = this;
    createCgroup(controlPlaneCgroup(plan));
    for (const node of plan.nodes) createCgroup(`${node.cgroup}/system`);
    await createBridge(plan);
    const [apiserver] = await Promise.all([
      step(say, "API server ready", () => startServer(this.#dir, plan, this.#binaries, this.processes)),
      step(say, `${plan.nodes.length} nodes with containerd`, () => this.#startNodes()),
    ]);
    await step(say, "kubelets, controllers, DNS ready", () => this.#startKubernetes(apiserver));
  }

  async #startNodes(): Promise<void> {
    const images = await Promise.all([pauseImage(), corednsImage(this.#binaries)]);
    await Promise.all(
      this.nodes.map(async (node) => {
        await node.startBase();
        await node.startContainerd();
        await node.ensureImages(images);
      }),
    );
  }

  async #startKubernetes(apiserver: Apiserver): Promise<void> {
    const { server, authority } = apiserver;
    await Promise.all([
      startControllers(this.#dir, this.plan, apiserver, this.#binaries, this.processes),
      ...this.nodes.map((node) => node.startKubelet(server, authority, machine())),
      ...this.nodes.map((node) => node.startKubeProxy(server, authority)),
    ]);
    const manifest = readFileSync(join(import.meta.dirname, "coredns.yaml"), "utf8")
      .replaceAll("DNS_ADDRESS", this.plan.dnsAddress)
      .replaceAll("COREDNS_IMAGE", (await corednsImage(this.#binaries)).name);
    await this.kubectl(["apply", "--server-side", "--force-conflicts", "-f", "-"], manifest);
    await this.#waitNodes(apiserver);
    const rollout = ["rollout", "status", "deployment/coredns", PODS_READY];
    await this.kubectl(["--namespace=kube-system", ...rollout]);
    // Without it the API server refuses pods.
    await this.kubectl(["wait", "--for=create", PODS_READY, "serviceaccount/default"]);
  }

  async #waitNodes(apiserver: Apiserver): Promise<void> {
    const deadline = performance.now() + NODES_READY_MS;
    for (;;) {
      const ready = await readyNodes(apiserver);
      const missing = this.plan.nodes.map(({ name }) => name).filter((name) => ready?.has(name) !== true);
      if (missing.length === 0) return;
      if (performance.now() > deadline) {
        const log = this.processes.logFile(`${missing[0]}.kubelet`);
        throw new ClusterError(
          `After ${NODES_READY_MS / 1000} s not Ready: ${missing.join(", ")}. See ${log}.`,
        );
      }
      await delay(POLL_MS);
    }
  }

  /** Runs kubectl as the administrator and gives what it printed. */
  async kubectl(args: readonly string[], input = ""): Promise<string> {
    const argv = [binary(this.#binaries, "kubectl"), `--kubeconfig=${this.kubeconfig}`, ...args];
    return run(argv, { input });
  }

  /** Names of all processes of the cluster, in starting order. */
  get processNames(): string[] {
    return [
      ...CONTROL_PLANE,
      ...this.nodes.flatMap((node) => NODE_DAEMONS.map((daemon) => node.processName(daemon))),
    ];
  }

  /** @throws ClusterError when there is no such node. */
  node(name: string): Node {
    const node = this.nodes.find(({ plan }) => plan.name === name);
    if (node === undefined) {
      const names = this.nodes.map(({ plan }) => plan.name).join(", ");
      throw new ClusterError(`There is no node ${name}; there are ${names}.`);
    }
    return node;
  }

  async loadImage(archive: string): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.loadImage(archive)));
  }

  commandOnNode(node: string, argv: readonly string[]): string[] {
    return this.node(node).command(argv);
  }

  /** A node without a daemon is the whole node, with its pods: as if its power went. */
  async kill(what: string, daemon?: string): Promise<void> {
    const node = daemon === undefined ? this.nodes.find(({ plan }) => plan.name === what) : undefined;
    if (node === undefined) await this.processes.kill(this.#processName(what, daemon));
    else await killCgroup(node.plan.cgroup);
  }

  async start(what: string, daemon?: string): Promise<void> {
    await this.processes.restart(this.#processName(what, daemon));
  }

  /** The process that the command line means by `node1 kubelet`, `apiserver` or `kube-scheduler`. */
  #processName(what: string, daemon: string | undefined): string {
    if (daemon !== undefined) {
      const known = NODE_DAEMONS.find((name) => name === daemon);
      if (known !== undefined) return this.node(what).processName(known);
      throw new ClusterError(`A node runs ${NODE_DAEMONS.join(", ")}, but no ${daemon}.`);
    }
    const found = CONTROL_PLANE.find((name) => name === what || name === `kube-${what}`);
    if (found !== undefined) return found;
    throw new ClusterError(`There is no ${what}: say NODE DAEMON or one of ${CONTROL_PLANE.join(", ")}.`);
  }

  async startRegistry(port: number, credentials?: Credentials): Promise<Registry> {
    const options = {
      address: this.plan.bridgeAddress,
      port,
      ...(credentials === undefined ? {} : { credentials }),
    };
    const name = `registry-${port}`;
    const launcher = enterCgroup(controlPlaneCgroup(this.plan));
    const dir = join(this.#dir, name);
    const registry = await Registry.start(name, dir, options, this.#binaries, this.processes, launcher);
    const path = `/etc/containerd/certs.d/${registry.host}/hosts.toml`;
    for (const node of this.nodes) node.writeFile(path, plainHttpHosts(registry.host));
    return registry;
  }

  async status(print: (line: string) => void): Promise<boolean> {
    return printStatus(this, await existingApiserver(this.#dir, this.plan.apiserver), print);
  }

  async down(): Promise<void> {
    await down(this.plan);
  }
}

/** Removes every process, link, cgroup and file of the cluster; mounts and rules go with the nodes' namespaces. */
export async function down(plan: ClusterPlan): Promise<void> {
  await killCgroup(plan.cgroup);
  await removeNetwork(plan);
  await removeCgroup(plan.cgroup);
  removeState(plan);
}
