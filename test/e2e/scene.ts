import { expect } from "vitest";
import type { Task } from "../../src/api/task.ts";
import type { TaskState } from "../../src/api/taskstate.ts";
import { createLogger } from "../../src/cluster/logger.ts";
import type { Live } from "../../src/cluster/object.ts";
import { Reflector } from "../../src/cluster/reflector.ts";
import { Cluster, type Level, until } from "./cluster.ts";
import { becomes, ends, history, reaches, type TaskInput, task } from "./tasks.ts";

/**
 * A namespace with the tasks of one test file: started together, asserted one by one. It is watched from the start, so that
 * states which last only a moment are seen too.
 */
export class Scene {
  readonly cluster: Cluster;
  readonly namespace: string;
  readonly #states = new Map<string, TaskState[]>();
  readonly #stop = new AbortController();

  static async open(prefix: string, level?: Level): Promise<Scene> {
    const cluster = await Cluster.open();
    return Scene.within(cluster, prefix, level);
  }

  /** One more namespace; closing it leaves the cluster's connection open. */
  static async within(cluster: Cluster, prefix: string, level?: Level): Promise<Scene> {
    const scene = new Scene(cluster, await cluster.namespace(`e2e-${prefix}`, level));
    await scene.#watch();
    return scene;
  }

  private constructor(cluster: Cluster, namespace: string) {
    this.cluster = cluster;
    this.namespace = namespace;
  }

  /** Nodes for tasks that must be apart. */
  get node1(): string {
    return this.cluster.nodes[0] ?? "";
  }

  get node2(): string {
    return this.cluster.nodes[1] ?? "";
  }

  get node3(): string {
    return this.cluster.nodes[2] ?? this.node2;
  }

  /** Creates tasks by name, all at once. */
  async start(tasks: Readonly<Record<string, TaskInput>>): Promise<void> {
    await Promise.all(Object.entries(tasks).map(([name, spec]) => this.create(name, spec)));
  }

  /** Creates one; rejects with the API server's refusal. */
  create(name: string, spec: TaskInput): Promise<Live<Task>> {
    return this.cluster.kinds.tasks.create(task(this.namespace, name, spec) as unknown as Task);
  }

  get(name: string): Promise<Live<Task>> {
    return this.cluster.kinds.tasks.get(this.#ref(name));
  }

  reaches(name: string, states: TaskState | readonly TaskState[], timeout?: number): Promise<Live<Task>> {
    return reaches(this.cluster, this.namespace, name, [states].flat() as TaskState[], timeout);
  }

  running(name: string, timeout?: number): Promise<Live<Task>> {
    return this.reaches(name, "TASK_RUNNING", timeout);
  }

  ends(name: string, timeout?: number): Promise<Live<Task>> {
    return ends(this.cluster, this.namespace, name, timeout);
  }

  becomes(
    name: string,
    what: string,
    good: (task: Live<Task>) => boolean,
    timeout?: number,
  ): Promise<Live<Task>> {
    return becomes(this.cluster, this.#ref(name), what, good, timeout);
  }

  async kill(name: string, gracePeriod?: string): Promise<void> {
    const kill = gracePeriod === undefined ? {} : { gracePeriod };
    await this.cluster.kinds.tasks.mergePatch(this.#ref(name), { spec: { kill } });
  }

  /** The states that a watcher saw, in order; TASK_STAGING for none yet. */
  seen(name: string): readonly TaskState[] {
    return this.#states.get(name) ?? [];
  }

  /** The same once the watcher, which others may be ahead of, saw this one. */
  seenUntil(name: string, last: TaskState): Promise<readonly TaskState[]> {
    return until(`a watcher sees ${name} as ${last}`, async () => {
      const seen = this.seen(name);
      return seen.at(-1) === last && seen;
    });
  }

  /** A file of the task's sandbox, as it lies on the node. */
  async file(name: string, path: string): Promise<string> {
    const { spec, status } = await this.get(name);
    const sandbox = status?.container?.sandbox;
    if (spec.agent === undefined || sandbox === undefined)
      throw new Error(`${name} has no sandbox: ${JSON.stringify(status)}`);
    return this.cluster.onNode(spec.agent, `cat '${sandbox}/${path}'`);
  }

  /** What the task has written to stdout. */
  output(name: string): Promise<string> {
    return this.file(name, "stdout");
  }

  /** Waits for the end, which must be TASK_FINISHED, and gives the stdout. */
  async finished(name: string, timeout?: number): Promise<string> {
    const { status } = await this.ends(name, timeout);
    if (status?.state === "TASK_FINISHED") return this.output(name);
    const [stdout, stderr] = await Promise.all(
      ["stdout", "stderr"].map((file) => this.file(name, file).catch(() => "")),
    );
    throw new Error(`${name}: ${JSON.stringify(status)}\nstdout: ${stdout}\nstderr: ${stderr}`);
  }

  /** Waits for its end, which must be that of a task that never ran: its image, or a file of its own, could not be had. */
  async launchFails(name: string, words: RegExp): Promise<void> {
    const task = await this.ends(name, 120_000);
    expect(task.status).toMatchObject({
      state: "TASK_FAILED",
      reason: "REASON_CONTAINER_LAUNCH_FAILED",
      message: expect.stringMatching(words),
    });
    expect(history(task)).toEqual(["TASK_STARTING", "TASK_FAILED"]);
  }

  /** `kubectl mesos -n NAMESPACE …` */
  mesos(...args: string[]): Promise<string> {
    return this.cluster.mesos("--namespace", this.namespace, ...args);
  }

  kubectl(...args: string[]): Promise<string> {
    return this.cluster.kubectl("--namespace", this.namespace, ...args);
  }

  /** Ends what is left of it, in the background. */
  async remove(): Promise<void> {
    this.#stop.abort();
    await this.cluster.kinds.namespaces.delete({ name: this.namespace });
  }

  async close(): Promise<void> {
    await this.remove();
    this.cluster.close();
  }

  #ref(name: string) {
    return { name, namespace: this.namespace };
  }

  async #watch(): Promise<void> {
    const logger = createLogger({ name: "e2e", level: "silent" });
    const reflector = new Reflector(this.cluster.kinds.tasks, { namespace: this.namespace, logger });
    reflector.onChange(({ object: { metadata, status } }) => {
      const state = status?.state ?? "TASK_STAGING";
      const states = this.#states.get(metadata.name) ?? [];
      if (states.at(-1) !== state) this.#states.set(metadata.name, [...states, state]);
    });
    void reflector.run(this.#stop.signal);
    await reflector.synced;
  }
}

/** Places a task on that node. */
export const on = (node: string): Pick<TaskInput, "constraints"> => ({
  constraints: [{ attribute: "HOSTNAME", operator: "TextEquals", value: node }],
});

/** `/bin/sh -c LINE` */
export const sh = (value: string): Pick<TaskInput, "command"> => ({ command: { value } });

/** cpus, mem in MiB, and what else. */
export const resources = (
  cpus: number,
  mem: number,
  ...others: NonNullable<TaskInput["resources"]>
): Pick<TaskInput, "resources"> => ({
  resources: [{ name: "cpus", scalar: cpus }, { name: "mem", scalar: mem }, ...others],
});

/** The ports, each by itself. */
export const ports = (...numbers: number[]) => ({
  name: "ports",
  ranges: numbers.map((port) => ({ begin: port, end: port })),
});
