import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import { type Binaries, binary, binaryDirs, cacheDir, ensureBinaries } from "./binaries.ts";
import { run } from "./command.ts";
import type { DevCluster } from "./devcluster.ts";
import { ClusterError } from "./failure.ts";
import { type ClusterRequest, planCluster } from "./plan.ts";
import { Processes } from "./processes.ts";
import { KIND_PROGRAMS } from "./programs.ts";
import { type Say, step } from "./progress.ts";
import { type Credentials, plainHttpHosts, Registry } from "./registry.ts";

/** kind's cluster of that name; the prefix keeps it apart from clusters that are not this project's. */
export function kindName(name: string): string {
  return `mesos-dev-${name}`;
}

/** kind's configuration: a control plane that takes no pods, and the nodes. */
export function kindConfig({ nodes }: ClusterRequest): string {
  return stringify({
    apiVersion: "kind.x-k8s.io/v1alpha4",
    kind: "Cluster",
    nodes: [
      { role: "control-plane" },
      ...Array.from({ length: nodes }, (_, i) => ({
        role: "worker",
        labels: { "topology.kubernetes.io/zone": `zone-${"abc"[i % 3]}` },
      })),
    ],
  });
}

/** The container of a node: `node1` is kind's `…-worker`, `node2` its `…-worker2`; other names are kind's own. */
export function containerOf(cluster: string, node: string): string {
  const number = /^node([1-9]\d*)$/.exec(node)?.[1];
  if (number === undefined) return node;
  return `${kindName(cluster)}-worker${number === "1" ? "" : number}`;
}

/** A cluster whose nodes are containers of a Docker engine. */
export class KindCluster implements DevCluster {
  readonly name: string;
  readonly #binaries: Binaries;

  private constructor(name: string, binaries: Binaries) {
    this.name = name;
    this.#binaries = binaries;
    mkdirSync(this.#dir, { recursive: true });
  }

  static async #all(binaries: Binaries): Promise<string[]> {
    return (await run([binary(binaries, "kind"), "get", "clusters"])).split("\n");
  }

  static async up(request: ClusterRequest, say: Say): Promise<KindCluster> {
    planCluster(request, 0); // Refuses the same requests.
    const binaries = await ensureBinaries(KIND_PROGRAMS, say);
    const cluster = new KindCluster(request.name, binaries);
    if (!(await KindCluster.#all(binaries)).includes(kindName(request.name))) {
      const flags = ["--name", kindName(request.name), "--kubeconfig", cluster.kubeconfig, "--wait", "120s"];
      await step(say, `kind cluster with ${request.nodes} nodes`, () =>
        run([binary(binaries, "kind"), "create", "cluster", ...flags, "--config", "-"], {
          input: kindConfig(request),
        }),
      );
    }
    await cluster.startAll(say);
    return cluster;
  }

  static async open(name: string, say: Say): Promise<KindCluster> {
    const binaries = await ensureBinaries(KIND_PROGRAMS, say);
    if ((await KindCluster.#all(binaries)).includes(kindName(name))) return new KindCluster(name, binaries);
    throw new ClusterError(`There is no cluster ${name}: run 'hack/cluster up --name ${name}'.`);
  }

  static async remove(name: string, say: Say): Promise<boolean> {
    const binaries = await ensureBinaries(KIND_PROGRAMS, say);
    if (!(await KindCluster.#all(binaries)).includes(kindName(name))) return false;
    await new KindCluster(name, binaries).down();
    return true;
  }

  get #dir(): string {
    return join(cacheDir(), "kind", this.name);
  }

  get kubeconfig(): string {
    return join(this.#dir, "kubeconfig");
  }

  get programDirs(): readonly string[] {
    return binaryDirs(this.#binaries);
  }

  async #containers(): Promise<string[]> {
    const names = await run([binary(this.#binaries, "kind"), "get", "nodes", "--name", kindName(this.name)]);
    return names.split("\n").filter((name) => name !== "");
  }

  async loadImage(archive: string): Promise<void> {
    const load = ["load", "image-archive", archive, "--name", kindName(this.name)];
    await run([binary(this.#binaries, "kind"), ...load]);
  }

  commandOnNode(node: string, argv: readonly string[]): string[] {
    return ["docker", "exec", "--interactive", containerOf(this.name, node), ...argv];
  }

  /** systemd, or the kubelet for the control plane, starts it again after a while by itself. */
  async kill(what: string, daemon?: string): Promise<void> {
    const [container, program] =
      daemon === undefined
        ? [
            `${kindName(this.name)}-control-plane`,
            what === "etcd" ? what : `kube-${what.replace(/^kube-/, "")}`,
          ]
        : [containerOf(this.name, what), daemon];
    await run(["docker", "exec", container, "pkill", "-KILL", "-x", program.slice(0, 15)]);
  }

  async start(what: string, daemon?: string): Promise<void> {
    if (daemon === undefined) return; // A static pod: the kubelet does.
    await run(["docker", "exec", containerOf(this.name, what), "systemctl", "start", daemon]);
  }

  async startAll(_say: Say): Promise<void> {
    for (const container of await this.#containers()) {
      await run(["docker", "start", container]);
      await run(["docker", "exec", container, "systemctl", "start", "containerd", "kubelet"]);
    }
    await this.#kubectl("wait", "--for=condition=Ready", "nodes", "--all", "--timeout=120s");
  }

  #kubectl(...args: string[]): Promise<string> {
    return run([binary(this.#binaries, "kubectl"), `--kubeconfig=${this.kubeconfig}`, ...args]);
  }

  async startRegistry(port: number, credentials?: Credentials): Promise<Registry> {
    const format = "{{range .IPAM.Config}}{{.Gateway}} {{end}}";
    const gateways = await run(["docker", "network", "inspect", "kind", "--format", format]);
    const address = gateways.split(" ").find((gateway) => /^[\d.]+$/.test(gateway));
    if (address === undefined) throw new ClusterError("Docker's network 'kind' has no IPv4 gateway.");
    const options = { address, port, ...(credentials === undefined ? {} : { credentials }) };
    const name = `registry-${port}`;
    const processes = new Processes(this.#dir);
    const registry = await Registry.start(name, join(this.#dir, name), options, this.#binaries, processes);
    const dir = `/etc/containerd/certs.d/${registry.host}`;
    for (const container of await this.#containers()) {
      const script = `mkdir -p '${dir}' && cat >'${dir}/hosts.toml'`;
      const input = plainHttpHosts(registry.host);
      await run(["docker", "exec", "--interactive", container, "sh", "-c", script], { input });
    }
    return registry;
  }

  async status(print: (line: string) => void): Promise<boolean> {
    const format = "{{.Name}} {{.State.Status}}";
    const states = await run(["docker", "inspect", "--format", format, ...(await this.#containers())]);
    print(states.trim().replaceAll("\n/", "\n").replace(/^\//, ""));
    const ready = await this.#kubectl("wait", "--for=condition=Ready", "nodes", "--all", "--timeout=1s").then(
      () => true,
      () => false,
    );
    print(ready ? "all nodes are Ready" : "not all nodes are Ready, or the API server does not answer");
    return ready;
  }

  async down(): Promise<void> {
    const processes = new Processes(this.#dir);
    for (const name of processes.names()) await processes.stop(name);
    await run([binary(this.#binaries, "kind"), "delete", "cluster", "--name", kindName(this.name)]);
    rmSync(this.#dir, { recursive: true, force: true });
  }
}
