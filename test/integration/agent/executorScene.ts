import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Executor, ExecutorStatus } from "../../../src/api/executor.ts";
import type { Framework } from "../../../src/api/framework.ts";
import { API_VERSION } from "../../../src/api/group.ts";
import type { Task } from "../../../src/api/task.ts";
import { executors, frameworks } from "../../../src/client/handles.ts";
import type { Live } from "../../../src/cluster/object.ts";
import type { Encoding } from "../../../src/wire/media.ts";
import type { AgentNode } from "./agentNode.ts";
import { ExecutorClient, type ExecutorIdentity } from "./executorClient.ts";

/** A process that says who it is, and what it was told, and then waits: the test speaks in its name. */
const STAND_IN = "env > env; sleep 1000";

/** Executors of one framework on one node. */
export class ExecutorScene {
  readonly node: AgentNode;
  readonly framework: Live<Framework>;

  private constructor(node: AgentNode, framework: Live<Framework>) {
    this.node = node;
    this.framework = framework;
  }

  static async on(node: AgentNode): Promise<ExecutorScene> {
    const framework = await frameworks(node.connection).create({
      apiVersion: API_VERSION,
      kind: "Framework",
      metadata: { name: "fw", namespace: node.namespace },
      spec: { roles: ["*"], connection: { type: "Manual" }, capabilities: ["PARTITION_AWARE"] },
    } as unknown as Framework);
    return new ExecutorScene(node, framework);
  }

  make(name: string, line = STAND_IN): Promise<Live<Executor>> {
    return executors(this.node.connection).create({
      apiVersion: API_VERSION,
      kind: "Executor",
      metadata: { name, namespace: this.node.namespace },
      spec: {
        framework: "fw",
        agent: this.node.name,
        executorId: name,
        resources: [
          { name: "cpus", scalar: 0.1 },
          { name: "mem", quantity: "32Mi" },
        ],
        command: { value: line },
        shutdownGracePeriod: "2s",
      },
    } as unknown as Executor);
  }

  task(name: string, executor: string): Promise<Live<Task>> {
    return this.node.task(name, {
      framework: "fw",
      taskId: name,
      executor: { name: executor, executorId: executor },
    });
  }

  executor(name: string): Promise<Live<Executor>> {
    return executors(this.node.connection).get({ namespace: this.node.namespace, name });
  }

  becomes(name: string, state: ExecutorStatus["state"]): Promise<Live<Executor>> {
    return this.node.eventually(async () => {
      const found = await this.executor(name);
      if (found.status?.state !== state) throw new Error(`${name} is ${JSON.stringify(found.status)}`);
      return found;
    });
  }

  async connect(name: string, encoding: Encoding = "json") {
    await this.becomes(name, "Starting");
    return this.connectAgain(name, encoding);
  }

  /** Of one that may be Running already. */
  async connectAgain(name: string, encoding: Encoding = "json") {
    const env = await this.#environment(name);
    const identity: ExecutorIdentity & { readonly token: string } = {
      frameworkId: env.MESOS_FRAMEWORK_ID ?? "",
      executorId: env.MESOS_EXECUTOR_ID ?? "",
      token: env.MESOS_EXECUTOR_AUTHENTICATION_TOKEN ?? "",
    };
    return { env, identity, client: new ExecutorClient(await this.node.port(), identity, encoding) };
  }

  /** What the executor finds in its environment. */
  async #environment(name: string): Promise<Record<string, string>> {
    const { status } = await this.executor(name);
    return this.node.eventually(() => {
      const lines = readFileSync(join(status?.container?.sandbox ?? "", "env"), "utf8")
        .trim()
        .split("\n");
      if (!lines.some((line) => line.startsWith("MESOS_EXECUTOR_AUTHENTICATION_TOKEN=")))
        throw new Error("not yet");
      return Object.fromEntries(
        lines.map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]),
      );
    });
  }
}
