import { execFile } from "node:child_process";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import { inject } from "vitest";
import { agents, frameworks, offers, quotas, reservations, roles, tasks } from "../../src/client/handles.ts";
import { Connection } from "../../src/cluster/connection.ts";
import { nodes, pods } from "../../src/cluster/core.ts";
import type { TestCluster } from "./cluster.setup.ts";

const run = promisify(execFile);
const ROOT = join(import.meta.dirname, "../..");

export class TimeoutError extends Error {
  override readonly name = "TimeoutError";
}

/** Handles of one connection to the cluster under test, and the programs that a person would use on it. */
export class Cluster {
  readonly test: TestCluster;
  readonly connection: Connection;

  static async open(): Promise<Cluster> {
    const test = inject("cluster");
    const connection = await Connection.load({
      userAgent: "mesos-operator-e2e",
      kubeconfig: test.kubeconfig,
      qps: 500,
      burst: 1000,
    });
    return new Cluster(test, connection);
  }

  private constructor(test: TestCluster, connection: Connection) {
    this.test = test;
    this.connection = connection;
  }

  get kinds() {
    const { connection } = this;
    return {
      agents: agents(connection),
      frameworks: frameworks(connection),
      offers: offers(connection),
      quotas: quotas(connection),
      reservations: reservations(connection),
      roles: roles(connection),
      tasks: tasks(connection),
      nodes: nodes(connection),
      pods: pods(connection),
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
    return this.#program(process.execPath, ["src/main/cli.ts", ...args]);
  }

  /** A namespace of the test's own, with a Pod Security level. */
  async namespace(
    name: string,
    level: "privileged" | "baseline" | "restricted" = "privileged",
  ): Promise<string> {
    await this.apply({
      apiVersion: "v1",
      kind: "Namespace",
      metadata: { name, labels: { "pod-security.kubernetes.io/enforce": level } },
    });
    return name;
  }

  /** `kubectl apply` of objects. */
  async apply(...objects: object[]): Promise<string> {
    const child = run("kubectl", ["apply", "--server-side", "-f", "-"], this.#options());
    child.child.stdin?.end(objects.map((object) => JSON.stringify(object)).join("\n---\n"));
    return (await child).stdout;
  }

  close(): void {
    this.connection.close();
  }

  async #program(file: string, args: string[]): Promise<string> {
    return (await run(file, args, this.#options())).stdout;
  }

  #options() {
    const env = { ...process.env, KUBECONFIG: this.test.kubeconfig, PATH: this.test.path };
    return { cwd: ROOT, env, encoding: "utf8", maxBuffer: 64 * 1024 * 1024 } as const;
  }
}

/**
 * Looks until `look` answers something other than undefined and false; throws TimeoutError with `what` and the
 * last error. `every` and `timeout` are milliseconds.
 */
export async function until<T>(
  what: string,
  look: () => Promise<T | undefined | false>,
  { timeout = 60_000, every = 200 }: { timeout?: number; every?: number } = {},
): Promise<T> {
  const deadline = performance.now() + timeout;
  let last: unknown;
  for (;;) {
    try {
      const seen = await look();
      if (seen !== undefined && seen !== false) return seen;
    } catch (error) {
      last = error;
    }
    if (performance.now() > deadline)
      throw new TimeoutError(`after ${timeout} ms still not: ${what}`, { cause: last });
    await delay(every);
  }
}
