import type { Task } from "../../src/api/task.ts";
import { hasEnded, isTerminal } from "../../src/api/taskstate.ts";
import type { Live } from "../../src/cluster/object.ts";
import type { Cluster } from "./cluster.ts";
import { type Load, STARTS } from "./load.ts";

/** What the API server, the nodes and the frameworks say of the same tasks. */
export class Ledger {
  readonly #cluster: Cluster;
  readonly #namespaces: readonly string[];

  constructor(cluster: Cluster, namespaces: readonly string[]) {
    this.#cluster = cluster;
    this.#namespaces = namespaces;
  }

  async tasks(): Promise<Live<Task>[]> {
    const lists = await Promise.all(
      this.#namespaces.map((namespace) => this.#cluster.kinds.tasks.list({ namespace })),
    );
    return lists.flatMap(({ items }) => items);
  }

  /** How often each task was started, over all nodes, by `namespace.name`. */
  async starts(): Promise<Map<string, number>> {
    const counts = new Map<string, number>();
    const outputs = await Promise.all(
      this.#cluster.nodes.map((node) =>
        this.#cluster.onNode(node, `cd ${STARTS} && find . -type f -exec grep -c '' /dev/null {} +`),
      ),
    );
    for (const line of outputs.flatMap((output) => output.trim().split("\n"))) {
      const [, name, count] = line.match(/^\.\/(.+):(\d+)$/) ?? [];
      if (name !== undefined) counts.set(name, (counts.get(name) ?? 0) + Number(count));
    }
    return counts;
  }

  /** Uids of the tasks whose containers run. */
  async containers(): Promise<Set<string>> {
    const outputs = await Promise.all(
      this.#cluster.nodes.map((node) => this.#cluster.onNode(node, "ctr -n mesos tasks ls")),
    );
    const running = outputs
      .flatMap((output) => output.split("\n"))
      .filter((line) => line.includes("RUNNING"));
    return new Set(running.map((line) => line.split(/\s+/)[0] ?? ""));
  }

  /** What must hold whatever has happened; each line tells of one thing that does not. */
  async wrong(loads: readonly Load[]): Promise<string[]> {
    const before = await this.tasks();
    const containers = await this.containers();
    const starts = await this.starts();
    const tasks = await this.tasks();
    const twice = [...starts].filter(([, count]) => count > 1);
    return [
      ...twice.map(([name, count]) => `${name} was started ${count} times`),
      ...tasks.flatMap((task) => wrongWith(task, starts.has(nameOf(task)))),
      ...strangers(before, containers, tasks),
      ...loads.flatMap(toldTwice),
    ];
  }

  async summary(): Promise<string> {
    const [tasks, starts] = await Promise.all([this.tasks(), this.starts()]);
    const states = Map.groupBy(tasks, ({ status }) => status?.state ?? "TASK_STAGING");
    const words = [...states].map(([state, { length }]) => `${length} ${state.slice("TASK_".length)}`).sort();
    const total = [...starts.values()].reduce((sum, count) => sum + count, 0);
    return `${tasks.length} tasks: ${words.join(", ")}; ${total} starts of ${starts.size}`;
  }
}

const nameOf = ({ metadata }: Live<Task>): string => `${metadata.namespace}.${metadata.name}`;

/** Of one task: it has one end, and that fits what it did on its node. */
function wrongWith(task: Live<Task>, started: boolean): string[] {
  const { state = "TASK_STAGING", updates = [], message } = task.status ?? {};
  const ends = updates.filter((update) => isTerminal(update.state) && update.state === state);
  const said = `${nameOf(task)}: ${state}`;
  return [
    ...(hasEnded(task.status) && ends.length !== 1 ? [`${said} was told ${ends.length} times`] : []),
    ...(state === "TASK_FINISHED" && !started ? [`${said} and was not started`] : []),
    ...(state === "TASK_DROPPED" && started ? [`${said} and has been started`] : []),
    ...(state === "TASK_FAILED" || state === "TASK_ERROR" ? [`${said}: ${message}`] : []),
  ];
}

/** Tasks without the container that they should have, and the other way round. The nodes were looked at in between. */
function strangers(
  before: readonly Live<Task>[],
  containers: ReadonlySet<string>,
  after: readonly Live<Task>[],
): string[] {
  const runs = ({ status }: Task) => status?.state === "TASK_RUNNING";
  const still = new Set(after.filter(runs).map(({ metadata }) => metadata.uid));
  const missing = before.filter(
    (task) => runs(task) && still.has(task.metadata.uid) && !containers.has(task.metadata.uid),
  );
  const left = before.filter(({ metadata, status }) => hasEnded(status) && containers.has(metadata.uid));
  return [
    ...missing.map((task) => `${nameOf(task)} is TASK_RUNNING and has no container`),
    ...left.map((task) => `${nameOf(task)} is ${task.status?.state} and its container runs`),
  ];
}

/** Launches that the API server took and that have not become Tasks. */
export function unmade({ accepted }: Load, tasks: readonly Live<Task>[]): string[] {
  const names = new Set(tasks.map(({ metadata }) => metadata.name));
  return [...accepted].filter((name) => !names.has(name));
}

/** What a framework knows of its tasks: each has one end. */
const toldTwice = ({ name: framework, ends }: Load): string[] =>
  [...ends]
    .filter(([, told]) => told.size > 1)
    .map(([name, told]) => `${framework} was told ${told.size} ends of ${name}`);
