import { isTerminal } from "../../src/api/taskstate.ts";
import {
  type OfferedResources,
  OfferGoneError,
  parseResources,
  SchedulerDriver,
  type TaskInfo,
  type TaskUpdate,
  toSpec,
} from "../../src/framework/index.ts";
import type { Scene } from "./scene.ts";

/** On each node: a line for each start of a task, in a file of the task's. */
export const STARTS = "/var/lib/mesos-e2e-starts";
const EACH = parseResources("cpus:0.015;mem:24");
/** As one operation may have. */
const MOST_TASKS = 32;

/** Tells that it was started, and lasts: one in four for half a minute or more, the others until they are killed. */
export function work(namespace: string, name: string, index: number): Omit<TaskInfo, "name"> {
  const seconds = index % 4 === 0 ? 30 + ((index * 7) % 30) : 3600;
  return {
    resources: toSpec(EACH),
    command: { value: `echo started >> /starts/${namespace}.${name}; exec sleep ${seconds}` },
    volumes: [{ containerPath: "/starts", hostPath: STARTS, mode: "RW" }],
    killPolicy: { gracePeriod: "1s" },
  };
}

/** A framework of the SDK that keeps a number of tasks going, and keeps a book of what it launched and what it was told. */
export class Load {
  readonly name: string;
  /** Launches that the API server has taken. */
  readonly accepted = new Set<string>();
  /** Uuids of the ends that were told, by task. */
  readonly ends = new Map<string, Map<string, TaskUpdate>>();
  readonly errors: string[] = [];
  readonly #scene: Scene;
  readonly #goal: number;
  readonly #going = new Set<string>();
  #count = 0;
  #driver: SchedulerDriver | undefined;
  #run: Promise<void> = Promise.resolve();

  constructor(scene: Scene, name: string, goal: number) {
    this.#scene = scene;
    this.name = name;
    this.#goal = goal;
  }

  async start(): Promise<void> {
    const { namespace, cluster } = this.#scene;
    const driver = await SchedulerDriver.connect(
      {
        resourceOffers: async (_, offers) => {
          for (const offer of offers) await this.#answer(driver, offer);
        },
        statusUpdate: (_, update) => this.#told(update),
        error: (_, error) => void this.errors.push(error.message),
      },
      {
        name: this.name,
        namespace,
        kubeconfig: cluster.test.kubeconfig,
        roles: [`load-${this.name}`],
        capabilities: ["PARTITION_AWARE", "TASK_KILLING_STATE"],
      },
    );
    this.#driver = driver;
    this.#run = driver.run();
    this.#run.catch((error: unknown) => this.errors.push(`run: ${String(error)}`));
  }

  /** Ends the driver, not its tasks. */
  async stop(): Promise<void> {
    this.#driver?.stop();
    await this.#run;
  }

  async #answer(driver: SchedulerDriver, offer: OfferedResources): Promise<void> {
    const tasks: (TaskInfo & { name: string })[] = [];
    let left = offer.resources.unreserved();
    while (tasks.length < MOST_TASKS && this.#going.size < this.#goal && left.contains(EACH)) {
      const index = this.#count++;
      const name = `${this.name}-${index}`;
      this.#going.add(name);
      tasks.push({ name, ...work(this.#scene.namespace, name, index) });
      left = left.subtract(EACH);
    }
    const names = tasks.map(({ name }) => name);
    try {
      if (tasks.length === 0) await driver.decline(offer, { refuse: "2s" });
      else await driver.launch(offer, tasks, { refuse: "0s" });
      for (const name of names) this.accepted.add(name);
    } catch (error) {
      // Taken back, or the API server was away: whether it was taken then, its Tasks will show.
      for (const name of names) this.#going.delete(name);
      if (!(error instanceof OfferGoneError)) this.errors.push(String(error));
    }
  }

  #told(update: TaskUpdate): void {
    if (!isTerminal(update.state)) {
      this.#going.add(update.name);
      return;
    }
    this.#going.delete(update.name);
    const ends = this.ends.get(update.name) ?? new Map<string, TaskUpdate>();
    this.ends.set(update.name, ends.set(update.uuid ?? "", update));
  }
}
