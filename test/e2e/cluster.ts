import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { promisify } from "node:util";
import { inject } from "vitest";
import { run } from "../../hack/devcluster/command.ts";
import { type DevCluster, open as openMachines } from "../../hack/devcluster/devcluster.ts";
import {
  agents,
  executors,
  frameworks,
  offers,
  quotas,
  reservations,
  roles,
  tasks,
} from "../../src/client/handles.ts";
import { Connection } from "../../src/cluster/connection.ts";
import { leases, namespaces, nodes, pods, secrets } from "../../src/cluster/core.ts";
import type { TestCluster } from "./cluster.setup.ts";

export { NeverError, TimeoutError, until } from "./until.ts";

const execute = promisify(execFile);
const ROOT = join(import.meta.dirname, "../..");

/** Pod Security levels (KEP-2579). */
export type Level = "privileged" | "baseline" | "restricted";

/** What the tests read of the chart's values. */
interface ChartValues {
  readonly taskImage: { readonly repository: string; readonly tag: string };
}

/** Handles of one connection to the cluster under test, and the programs that a person would use on it. */
export class Cluster {
  readonly test: TestCluster;
  readonly connection: Connection;
  /** The nodes' processes and files, and the registries. */
  readonly machines: DevCluster;
  /** Names of the nodes that run pods, in order. */
  readonly nodes: readonly string[];
  readonly kinds;

  static async open(): Promise<Cluster> {
    const test = inject("cluster");
    const connection = await Connection.load({
      userAgent: "mesos-operator-e2e",
      kubeconfig: test.kubeconfig,
      qps: 500,
      burst: 1000,
    });
    const selection = { labelSelector: "!node-role.kubernetes.io/control-plane" };
    const [machines, { items }] = await Promise.all([
      openMachines(test.name, () => {}),
      nodes(connection).list(selection),
    ]);
    const names = items.map(({ metadata }) => metadata.name).sort();
    return new Cluster(test, connection, machines, names);
  }

  private constructor(
    test: TestCluster,
    connection: Connection,
    machines: DevCluster,
    names: readonly string[],
  ) {
    this.nodes = names;
    this.test = test;
    this.connection = connection;
    this.machines = machines;
    this.kinds = {
      agents: agents(connection),
      executors: executors(connection),
      frameworks: frameworks(connection),
      offers: offers(connection),
      quotas: quotas(connection),
      reservations: reservations(connection),
      roles: roles(connection),
      tasks: tasks(connection),
      leases: leases(connection),
      namespaces: namespaces(connection),
      nodes: nodes(connection),
      pods: pods(connection),
      secrets: secrets(connection),
    };
  }

  kubectl(...args: string[]): Promise<string> {
    return this.#program("kubectl", args);
  }

  helm(...args: string[]): Promise<string> {
    return this.#program("helm", args);
  }

  /** hack/cluster COMMAND … on this cluster. */
  hack(command: string, ...args: string[]): Promise<string> {
    return this.#program(join(ROOT, "hack/cluster"), [command, "--name", this.test.name, ...args]);
  }

  /** `kubectl mesos …` */
  mesos(...args: string[]): Promise<string> {
    return this.#program(process.execPath, ["--conditions=mesos-source", "src/main/cli.ts", ...args]);
  }

  /** The address of a node's own network. */
  async address(node: string): Promise<string> {
    const { status } = await this.kinds.nodes.get({ name: node });
    const found = status?.addresses?.find(({ type }) => type === "InternalIP")?.address;
    if (found === undefined) throw new Error(`${node} has no address`);
    return found;
  }

  /** The chart's values as they are in force. */
  async chartValues(): Promise<ChartValues> {
    const { release, operatorNamespace } = this.test;
    const flags = ["--all", "--output", "json", "--namespace", operatorNamespace];
    return JSON.parse(await this.helm("get", "values", release, ...flags));
  }

  /** Runs a shell line on a node, with its network and its files; gives what it printed. */
  onNode(node: string, line: string): Promise<string> {
    return run(this.machines.commandOnNode(node, ["sh", "-c", line]));
  }

  /** A namespace of the test's own with a Pod Security level; its name begins with `prefix`. */
  async namespace(prefix: string, level: Level = "privileged"): Promise<string> {
    const name = `${prefix}-${randomBytes(3).toString("hex")}`;
    const labels = { "pod-security.kubernetes.io/enforce": level };
    await this.kinds.namespaces.create({
      apiVersion: "v1",
      kind: "Namespace",
      metadata: { name, labels },
    });
    // Pods need it, and it comes a moment later.
    await this.kubectl("wait", "--for=create", "serviceaccount/default", "-n", name, "--timeout=30s");
    return name;
  }

  /** `kubectl apply` of objects; rejects with what the API server says. */
  async apply(...objects: object[]): Promise<string> {
    const child = execute("kubectl", ["apply", "--server-side", "-f", "-"], this.#options());
    child.child.stdin?.end(objects.map((object) => JSON.stringify(object)).join("\n---\n"));
    return (await child).stdout;
  }

  close(): void {
    this.connection.close();
  }

  async #program(file: string, args: string[]): Promise<string> {
    return (await execute(file, args, this.#options())).stdout;
  }

  #options() {
    const env = { ...process.env, KUBECONFIG: this.test.kubeconfig, PATH: this.test.path };
    return { cwd: ROOT, env, encoding: "utf8", maxBuffer: 64 * 1024 * 1024 } as const;
  }
}
