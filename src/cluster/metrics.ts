import { Counter, Gauge, Histogram, type Registry } from "prom-client";
import type { ControllerMetrics, Outcome } from "./controller.ts";
import type { Watched } from "./reflector.ts";

/** Seconds: what waits for a queue or an API server, up to minutes. */
const SECONDS = [0.001, 0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];

/**
 * Prometheus metrics of this runtime, under controller-runtime's names where it has them, so that its dashboards
 * work. One a registry.
 */
export class Metrics implements ControllerMetrics {
  readonly #registry: Registry;
  readonly #depth: Gauge<"name">;
  readonly #added: Counter<"name">;
  readonly #retried: Counter<"name">;
  readonly #waited: Histogram<"name">;
  readonly #worked: Histogram<"name">;
  readonly #reconciled: Counter<"controller" | "result">;
  readonly #errors: Counter<"controller">;
  readonly #time: Histogram<"controller">;
  readonly #active: Gauge<"controller">;
  readonly #requests: Counter<"code" | "method">;
  readonly #latency: Histogram<"method">;
  readonly #leader: Gauge<"name">;
  readonly #reflectors = new Map<string, Watched<object>>();

  constructor(registry: Registry) {
    const registers = [registry];
    const queue = <N extends string>(name: string, help: string, labelNames: N[]) => ({
      name: `workqueue_${name}`,
      help,
      labelNames,
      registers,
    });
    this.#registry = registry;
    this.#depth = new Gauge(queue("depth", "Keys that wait in the queue", ["name"]));
    this.#added = new Counter(queue("adds_total", "Keys added to the queue", ["name"]));
    this.#retried = new Counter(queue("retries_total", "Keys added again after a failure", ["name"]));
    this.#waited = new Histogram({
      ...queue("queue_duration_seconds", "How long a key waits before it is taken", ["name"]),
      buckets: SECONDS,
    });
    this.#worked = new Histogram({
      ...queue("work_duration_seconds", "How long a key is worked on", ["name"]),
      buckets: SECONDS,
    });
    const controller = <N extends string>(name: string, help: string, labelNames: N[]) => ({
      name: `controller_runtime_${name}`,
      help,
      labelNames,
      registers,
    });
    this.#reconciled = new Counter(controller("reconcile_total", "Reconciles", ["controller", "result"]));
    this.#errors = new Counter(
      controller("reconcile_errors_total", "Reconciles that failed", ["controller"]),
    );
    this.#time = new Histogram({
      ...controller("reconcile_time_seconds", "Time of a reconcile", ["controller"]),
      buckets: SECONDS,
    });
    this.#active = new Gauge(controller("active_workers", "Workers that are reconciling", ["controller"]));
    this.#requests = new Counter({
      name: "rest_client_requests_total",
      help: "Answers of the API server; code 0: none came",
      labelNames: ["code", "method"],
      registers,
    });
    this.#latency = new Histogram({
      name: "rest_client_request_duration_seconds",
      help: "Time to the head of the API server's answer",
      labelNames: ["method"],
      buckets: SECONDS,
      registers,
    });
    this.#leader = new Gauge({
      name: "leader_election_master_status",
      help: "1 while this process leads",
      labelNames: ["name"],
      registers,
    });
    this.#observeReflectors();
  }

  depth(controller: string, keys: number): void {
    this.#depth.set({ name: controller }, keys);
  }

  added(controller: string): void {
    this.#added.inc({ name: controller });
  }

  retried(controller: string): void {
    this.#retried.inc({ name: controller });
  }

  waited(controller: string, seconds: number): void {
    this.#waited.observe({ name: controller }, seconds);
  }

  reconciled(controller: string, outcome: Outcome, seconds: number): void {
    this.#worked.observe({ name: controller }, seconds);
    this.#time.observe({ controller }, seconds);
    this.#reconciled.inc({ controller, result: outcome });
    if (outcome === "error" || outcome === "terminal_error") this.#errors.inc({ controller });
  }

  active(controller: string, workers: number): void {
    this.#active.set({ controller }, workers);
  }

  /** For ConnectionOptions.onAnswer. */
  readonly answered = (method: string, code: number, seconds: number): void => {
    this.#requests.inc({ method, code: String(code) });
    this.#latency.observe({ method }, seconds);
  };

  leading(name: string, leads: boolean): void {
    this.#leader.set({ name }, leads ? 1 : 0);
  }

  /** Shows the size and the watch age of a reflector's store from now on. */
  watch(name: string, reflector: Watched<object>): void {
    this.#reflectors.set(name, reflector);
  }

  #observeReflectors(): void {
    const reflectors = this.#reflectors;
    const each = (name: string, help: string, of: (reflector: Watched<object>) => number) =>
      new Gauge({
        name,
        help,
        labelNames: ["name"],
        registers: [this.#registry],
        collect() {
          for (const [label, reflector] of reflectors) this.set({ name: label }, of(reflector));
        },
      });
    each("reflector_objects", "Objects in the store", ({ store }) => store.size);
    each("reflector_watch_age_seconds", "Since the API server last sent anything", (reflector) =>
      Math.min(reflector.lastWatchAge() / 1000, Number.MAX_SAFE_INTEGER),
    );
  }
}
