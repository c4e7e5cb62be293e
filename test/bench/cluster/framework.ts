import type { Task } from "../../../src/api/task.ts";
import { tasks } from "../../../src/client/handles.ts";
import type { Connection } from "../../../src/cluster/connection.ts";
import { createLogger } from "../../../src/cluster/logger.ts";
import { Reflector } from "../../../src/cluster/reflector.ts";
import {
  type OfferedResources,
  OfferGoneError,
  type Scheduler,
  SchedulerDriver,
  type TaskInfo,
  type TaskUpdate,
} from "../../../src/framework/index.ts";
import { BenchError } from "./failure.ts";
import { Gate } from "./gate.ts";
import type { Life } from "./statistics.ts";

export interface FrameworkSettings {
  readonly name: string;
  readonly namespace: string;
  readonly kubeconfig: string;
  readonly qps: number;
  readonly tasksPerOffer: number;
  readonly maxOffers: number;
  /** Tasks that were asked for and have no Task object yet. */
  readonly inFlight: number;
  readonly seconds: number;
}

const FOR_EVER = "1h";
const ENDED_WELL = "TASK_FINISHED";

export const taskInfo = (name: string, seconds: number): TaskInfo => ({
  name,
  resources: [
    { name: "cpus", scalar: 0.1 },
    { name: "mem", scalar: 64 },
  ],
  command: { shell: true, value: `sleep ${seconds}` },
});

/** A framework made with the SDK that launches so many tasks on each offer and has the rest offered again at once. */
export class LaunchingFramework implements Scheduler {
  readonly #settings: FrameworkSettings;
  readonly #gate: Gate;
  readonly #lives = new Map<string, Life>();
  readonly #offers: OfferedResources[] = [];
  readonly #stop = new AbortController();
  #driver: SchedulerDriver | undefined;
  #ended: Promise<unknown> = Promise.resolve();
  #wanted = 0;
  #made = 0;
  #done = 0;
  #bound = 0;
  #finished = Promise.withResolvers<void>();
  #failure: Error | undefined;

  constructor(settings: FrameworkSettings) {
    this.#settings = settings;
    this.#gate = new Gate(settings.inFlight);
  }

  /** Connects; offers are kept until `launch`. `connection` is for seeing Tasks as they are made. */
  async start(connection: Connection): Promise<void> {
    const { name, namespace, kubeconfig, qps, maxOffers } = this.#settings;
    const driver = await SchedulerDriver.connect(this, {
      name,
      namespace,
      kubeconfig,
      roles: ["*"],
      capabilities: ["PARTITION_AWARE"],
      maxOffers,
      offerTimeout: FOR_EVER,
      // Its errors come by `error`.
      logger: createLogger({ name, level: "silent" }),
      ...(qps > 0 && { client: { qps, burst: 2 * qps } }),
    });
    this.#driver = driver;
    const { signal } = this.#stop;
    const logger = createLogger({ name, level: "warn" });
    const cache = new Reflector(tasks(connection), {
      namespace,
      fieldSelector: `spec.framework=${name}`,
      logger,
    });
    cache.onChange(({ type, object }) => {
      if (type === "added") this.#isBound(object);
    });
    this.#ended = Promise.all([driver.run(signal), cache.run(signal)]);
    this.#ended.catch((error: unknown) => this.#fail(error));
  }

  /** Launches so many tasks and resolves, once all have ended, with what became of each. */
  async launch(count: number, timeout: number): Promise<Life[]> {
    this.#lives.clear();
    this.#finished = Promise.withResolvers<void>();
    this.#done = 0;
    this.#bound = 0;
    this.#wanted = count;
    void this.#pump();
    const late = setTimeout(() => this.#fail(new BenchError(this.#progress(count, timeout))), timeout);
    await this.#finished.promise;
    clearTimeout(late);
    return [...this.#lives.values()];
  }

  /** Deletes the Framework. */
  async end(): Promise<void> {
    await this.#driver?.teardown();
    this.#stop.abort();
    await this.#ended.catch(() => {});
  }

  resourceOffers(_driver: SchedulerDriver, offers: readonly OfferedResources[]): void {
    this.#offers.push(...offers);
    void this.#pump();
  }

  offerRescinded(_driver: SchedulerDriver, offerId: string): void {
    const at = this.#offers.findIndex(({ id }) => id === offerId);
    if (at >= 0) this.#offers.splice(at, 1);
  }

  statusUpdate(_driver: SchedulerDriver, { name, state, message }: TaskUpdate): void {
    const life = this.#lives.get(name);
    if (life === undefined) return;
    if (state === "TASK_RUNNING") life.running ??= performance.now();
    else if (state === ENDED_WELL) this.#end();
    else if (state !== "TASK_STARTING") {
      this.#fail(new BenchError(`a task ended as ${state}: ${message}. Try fewer --agents or --in-flight.`));
    }
  }

  error(_driver: SchedulerDriver, error: Error): void {
    this.#fail(error);
  }

  #end(): void {
    this.#done += 1;
    if (this.#done === this.#lives.size && this.#wanted === 0) this.#finished.resolve();
  }

  /** The gate admits in the order of the offers. */
  async #pump(): Promise<void> {
    while (this.#wanted > 0) {
      const offer = this.#offers.shift();
      if (offer === undefined) return;
      const count = Math.min(this.#settings.tasksPerOffer, this.#wanted);
      this.#wanted -= count;
      await this.#gate.enter(count);
      void this.#accept(offer, count).catch((error: unknown) => this.#fail(error));
    }
  }

  async #accept(offer: OfferedResources, count: number): Promise<void> {
    const { name, seconds } = this.#settings;
    const asked = performance.now();
    const infos = Array.from({ length: count }, () => taskInfo(`${name}-${this.#made++}`, seconds));
    for (const info of infos) if (info.name !== undefined) this.#lives.set(info.name, { asked });
    try {
      await this.#driver?.launch(offer, infos, { refuse: "0s" });
    } catch (error) {
      if (!(error instanceof OfferGoneError)) throw error;
      for (const info of infos) if (info.name !== undefined) this.#lives.delete(info.name);
      this.#gate.leave(count);
      this.#wanted += count;
      void this.#pump();
    }
  }

  #isBound({ metadata: { name = "" }, spec }: Task): void {
    const life = this.#lives.get(name);
    if (life === undefined || life.bound !== undefined || spec.agent === undefined) return;
    life.bound = performance.now();
    this.#bound += 1;
    this.#gate.leave();
  }

  #progress(count: number, timeout: number): string {
    const numbers = `${this.#bound} of ${count} tasks were launched and ${this.#done} ended`;
    return `after ${timeout / 1000} s ${numbers}: the machine is too slow for this, try fewer --agents or --tasks`;
  }

  #fail(error: unknown): void {
    this.#failure ??= error instanceof Error ? error : new Error(String(error));
    this.#finished.reject(this.#failure);
  }
}
