import {
  type OfferedResources,
  OfferGoneError,
  type Resources,
  type Scheduler,
  SchedulerDriver,
  type SchedulerDriverOptions,
  type TaskInfo,
  type TaskUpdate,
  toSpec,
} from "../../src/framework/index.ts";
import type { Scene } from "./scene.ts";

/** Names the next task and says what it is; undefined: no more for now. */
export type NextTask = (
  offer: OfferedResources,
) => (Omit<TaskInfo, "resources"> & { name: string }) | undefined;

/**
 * A framework of the SDK, in this process, that fills what it is offered with equal tasks. It keeps what it has accepted and every update
 * it was told, for the test to look at.
 */
export class Filler {
  readonly name: string;
  readonly driver: SchedulerDriver;
  /** Names of the tasks of each answer that the API server took. */
  readonly accepted: string[];
  readonly updates: TaskUpdate[];
  readonly log: Log;
  readonly #run: Promise<void>;

  static async connect(
    scene: Scene,
    options: SchedulerDriverOptions,
    each: Resources,
    next: NextTask,
  ): Promise<Filler> {
    const log: Log = { accepted: [], updates: [], calls: [], rescinded: [] };
    const { kubeconfig } = scene.cluster.test;
    const driver = await SchedulerDriver.connect(scheduler(log, each, next), {
      namespace: scene.namespace,
      kubeconfig,
      capabilities: ["PARTITION_AWARE", "TASK_KILLING_STATE"],
      ...options,
    });
    return new Filler(options.name, driver, log);
  }

  private constructor(name: string, driver: SchedulerDriver, log: Log) {
    this.name = name;
    this.driver = driver;
    this.log = log;
    this.accepted = log.accepted;
    this.updates = log.updates;
    this.#run = driver.run();
    // Looked at by `stop`.
    this.#run.catch((error: unknown) => log.calls.push(`run: ${String(error)}`));
  }

  /** Ends the driver, not its tasks. */
  async stop(): Promise<void> {
    this.driver.stop();
    await this.#run;
  }
}

interface Log {
  readonly accepted: string[];
  readonly updates: TaskUpdate[];
  /** Names of the other callbacks, in order, with what they were told. */
  readonly calls: string[];
  readonly rescinded: string[];
}

function scheduler(log: Log, each: Resources, next: NextTask): Scheduler {
  return {
    registered: (_, id) => void log.calls.push(`registered ${id}`),
    reregistered: (_, id) => void log.calls.push(`reregistered ${id}`),
    disconnected: (_, reason) => void log.calls.push(`disconnected ${reason}`),
    offerRescinded: (_, id) => void log.rescinded.push(id),
    statusUpdate: (_, update) => void log.updates.push(update),
    error: (_, error) => void log.calls.push(`error ${error.message}`),
    async resourceOffers(driver, offers) {
      await Promise.all(offers.map((offer) => answer(driver, offer)));
    },
  };

  async function answer(driver: SchedulerDriver, offer: OfferedResources): Promise<void> {
    const tasks: TaskInfo[] = [];
    let left = offer.resources.unreserved();
    // As many as one operation may have.
    while (tasks.length < 32 && left.contains(each)) {
      const task = next(offer);
      if (task === undefined) break;
      tasks.push({ ...task, resources: toSpec(each) });
      left = left.subtract(each);
    }
    try {
      if (tasks.length === 0) await driver.decline(offer, { refuse: "2s" });
      else await driver.launch(offer, tasks, { refuse: "0s" });
      log.accepted.push(...tasks.map(({ name = "" }) => name));
    } catch (error) {
      if (!(error instanceof OfferGoneError)) throw error;
    }
  }
}
