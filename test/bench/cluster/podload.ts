import type { Connection } from "../../../src/cluster/connection.ts";
import { type Pod, pods } from "../../../src/cluster/core.ts";
import { createLogger } from "../../../src/cluster/logger.ts";
import { Reflector } from "../../../src/cluster/reflector.ts";
import type { Resource } from "../../../src/cluster/resource.ts";
import { Gate } from "./gate.ts";
import type { Life } from "./statistics.ts";
import { until } from "./waiting.ts";

export interface PodLoadSettings {
  readonly name: string;
  readonly namespace: string;
  readonly inFlight: number;
  readonly seconds: number;
}

/** Makes Pods for kube-scheduler, each equal to a task of the framework. */
export class PodLoad {
  readonly #settings: PodLoadSettings;
  readonly #pods: Resource<Pod>;
  readonly #gate: Gate;
  readonly #lives = new Map<string, Life>();
  readonly #stop = new AbortController();
  readonly #watching: Promise<void>;
  #made = 0;
  #ended = 0;

  constructor(connection: Connection, settings: PodLoadSettings) {
    const { name, namespace, inFlight } = settings;
    this.#settings = settings;
    this.#pods = pods(connection);
    this.#gate = new Gate(inFlight);
    const logger = createLogger({ name, level: "warn" });
    const cache = new Reflector(this.#pods, { namespace, labelSelector: `bench=${name}`, logger });
    cache.onChange(({ object }) => this.#observe(object));
    this.#watching = cache.run(this.#stop.signal);
  }

  /** Makes so many Pods and resolves, once all have ended, with what became of each. */
  async run(count: number, timeout: number): Promise<Life[]> {
    this.#lives.clear();
    this.#ended = 0;
    const making = this.#make(count);
    making.catch(() => {});
    await until(
      () => (this.#ended >= count ? true : undefined),
      timeout,
      () =>
        `after ${timeout / 1000} s ${this.#ended} of ${count} Pods have ended: try fewer --agents or --tasks`,
    );
    await making;
    return [...this.#lives.values()];
  }

  async #make(count: number): Promise<void> {
    const creations: Promise<unknown>[] = [];
    for (let index = 0; index < count; index++) {
      await this.#gate.enter();
      const name = `${this.#settings.name}-${this.#made++}`;
      this.#lives.set(name, { asked: performance.now() });
      creations.push(this.#pods.create(this.#pod(name)));
    }
    await Promise.all(creations);
  }

  async end(): Promise<void> {
    this.#stop.abort();
    await this.#watching;
  }

  #observe({ metadata: { name }, spec, status }: Pod & { metadata: { name: string } }): void {
    const life = this.#lives.get(name);
    if (life === undefined) return;
    if (life.bound === undefined && spec?.nodeName !== undefined) {
      life.bound = performance.now();
      this.#gate.leave();
    }
    if (life.running === undefined && status?.phase === "Running") life.running = performance.now();
    if (status?.phase === "Succeeded" && life.ended === undefined) {
      life.ended = performance.now();
      this.#ended += 1;
    }
  }

  #pod(name: string): Pod {
    const { namespace, seconds, name: label } = this.#settings;
    const requests = { cpu: "100m", memory: "64Mi" };
    const command = ["sleep", String(seconds)];
    return {
      metadata: { name, namespace, labels: { bench: label } },
      spec: {
        restartPolicy: "Never",
        automountServiceAccountToken: false,
        terminationGracePeriodSeconds: 0,
        containers: [{ name: "main", image: "simulated", command, resources: { requests } }],
      },
    };
  }
}
