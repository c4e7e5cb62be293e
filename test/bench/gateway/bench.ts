import { mkdtempSync, rmSync } from "node:fs";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { Say } from "../../../hack/devcluster/progress.ts";
import { type ControlPlane, startControlPlane, WORK } from "../cluster/controlplane.ts";
import { cpuBetween, readCpuTimes } from "../cluster/cputime.ts";
import { BenchError } from "../cluster/failure.ts";
import { Operator } from "../cluster/operator.ts";
import { seedCluster } from "../cluster/seed/seed.ts";
import { Simulation } from "../cluster/simulation.ts";
import { paceOf, round } from "../cluster/statistics.ts";
import { until } from "../cluster/waiting.ts";
import { Crowd } from "./crowd.ts";
import { MEMORY_FLAGS, type Memory, memoryOf } from "./memory.ts";
import type { Options } from "./options.ts";

/** Seconds between an agent's heartbeats, and without one until it is away. */
const HEARTBEAT = 15;
const AGENT_TIMEOUT = 300;
/** Of each task. */
const TASK_SECONDS = 2;
/** Milliseconds in which what a subscription writes comes to an end. */
const SETTLE = 3_000;
const PATIENCE = 240_000;
const NO_LIMIT = 1_000_000;
const QPS = 1_000;

/** One operator with a gateway, on simulated nodes: first its subscribers come, then offers, then launches. */
export class GatewayBench {
  readonly #options: Options;
  readonly #say: Say;
  readonly #plane: ControlPlane;
  readonly #dir: string;
  readonly #simulation: Simulation;
  readonly #operator: Operator;
  #crowd: Crowd | undefined;

  private constructor(options: Options, say: Say, plane: ControlPlane) {
    this.#options = options;
    this.#say = say;
    this.#plane = plane;
    this.#dir = mkdtempSync(join(tmpdir(), "mesos-bench-"));
    const { kubeconfig } = plane;
    const { agents, interval, profile } = options;
    this.#simulation = new Simulation({ kubeconfig, agents, heartbeat: HEARTBEAT * 1000 });
    this.#operator = new Operator({
      ...{ kubeconfig, agents, interval, profile, dir: this.#dir, name: "operator", qps: QPS },
      maxOffers: 64,
      agentTimeout: AGENT_TIMEOUT,
      flags: MEMORY_FLAGS,
      config: {
        gateway: {
          enabled: true,
          port: 0,
          namespace: WORK,
          // All are one principal here, whose limit is for one scheduler.
          anonymous: true,
          requests: { perSecond: NO_LIMIT, burst: NO_LIMIT },
          requestsPerAddress: { perSecond: NO_LIMIT, burst: NO_LIMIT },
        },
      },
    });
  }

  /** Resolves once the gateway answers and all agents can be offered. */
  static async start(options: Options, say: Say): Promise<GatewayBench> {
    const plane = await startControlPlane(say, false);
    await seedCluster(plane.etcd, options.agents, 0);
    const bench = new GatewayBench(options, say, plane);
    try {
      await bench.#simulation.up;
      await bench.#operator.leads();
      const [line] = await until(
        () => [bench.#operator.logged("serves the Mesos API")].find(({ length }) => length > 0),
        PATIENCE,
        () => "the operator serves no Mesos API",
      );
      bench.#crowd = new Crowd(Number(line?.port), TASK_SECONDS);
      return bench;
    } catch (error) {
      await bench.stop(error instanceof BenchError);
      throw error;
    }
  }

  /** Ends all that it started; `keep` leaves the logs. */
  async stop(keep = false): Promise<void> {
    this.#crowd?.dismiss();
    await this.#simulation.stop();
    await this.#operator.stop();
    await this.#plane.stop();
    if (!keep) rmSync(this.#dir, { recursive: true, force: true });
  }

  /** Memory with no, half and all of the subscribers, none of whom is offered anything yet. */
  async *subscriptions(): AsyncGenerator<object> {
    const { frameworks } = this.#options;
    let first: Memory | undefined;
    for (const subscribers of new Set([0, Math.floor(frameworks / 2), frameworks])) {
      const began = performance.now();
      await this.#during(this.#all.grow(subscribers));
      const took = performance.now() - began;
      this.#say(`${subscribers} are subscribed`);
      await delay(SETTLE);
      const memory = await memoryOf(this.#operator);
      first ??= memory;
      const each = (name: keyof Memory) =>
        round(((memory[name] - (first?.[name] ?? 0)) * 1024) / subscribers, 1);
      yield {
        bench: "memory",
        subscribers,
        rssMiB: memory.rss,
        heapMiB: memory.heap,
        externalMiB: memory.external,
        ...(subscribers > 0 && {
          rssEachKiB: each("rss"),
          heapEachKiB: each("heap"),
          subscribeMs: round(took / subscribers, 1),
        }),
        ...load(),
      };
    }
  }

  /** Offers a second, each declined. */
  async offers(): Promise<object> {
    const { seconds } = this.#options;
    await this.#during(this.#all.revive());
    await delay(SETTLE);
    const { counted, ...spent } = await this.#spent(async () => {
      const before = this.#all.offers;
      const began = performance.now();
      await this.#during(delay(seconds * 1000));
      return { offers: this.#all.offers - before, time: performance.now() - began };
    });
    const memory = await memoryOf(this.#operator);
    const offersPerSecond = round((counted.offers * 1000) / counted.time, 1);
    const line = { bench: "offers", subscribers: this.#all.size, seconds, offersPerSecond, ...spent };
    return { ...line, rssMiB: memory.rss, heapMiB: memory.heap, ...load() };
  }

  /** From ACCEPT to the UPDATE of TASK_RUNNING, while all others are offered and decline. */
  async launches(): Promise<object> {
    const { tasks, tasksPerOffer, inFlight } = this.#options;
    const { counted, ...spent } = await this.#spent(() =>
      this.#during(this.#all.launch(tasks, { tasksPerOffer, inFlight }, PATIENCE)),
    );
    const { lives, tooLate } = counted;
    const { perSecond, p50ms, p99ms } = paceOf(lives, "running");
    const { offers } = this.#all;
    const settings = { subscribers: this.#all.size, tasks, tasksPerOffer, inFlight };
    return {
      ...{ bench: "launches", ...settings, runningPerSecond: perSecond, p50ms, p99ms, tooLate, offers },
      ...spent,
      ...load(),
    };
  }

  get #all(): Crowd {
    if (this.#crowd === undefined) throw new BenchError("the gateway does not answer yet");
    return this.#crowd;
  }

  #during<T>(work: Promise<T>): Promise<T> {
    return this.#operator.during(this.#all.during(work));
  }

  /** What the operator and the rest took meanwhile: its event loop's delay, and processors (1 is a whole one). */
  async #spent<T>(work: () => Promise<T>) {
    // Each scrape begins anew.
    await this.#operator.metric("event_loop_lag_seconds");
    const before = readCpuTimes();
    const began = performance.now();
    const counted = await work();
    const time = performance.now() - began;
    const cpu = cpuBetween(before, readCpuTimes());
    const lag = await this.#operator.metric("event_loop_lag_seconds");
    const lagMs = (quantile: string) =>
      round((lag.find(({ labels }) => labels.quantile === quantile)?.value ?? Number.NaN) * 1000, 1);
    return {
      counted,
      eventLoopP50ms: lagMs("0.5"),
      eventLoopP99ms: lagMs("0.99"),
      eventLoopMaxMs: lagMs("1"),
      processors: Object.fromEntries(Array.from(cpu, ([program, ms]) => [program, round(ms / time, 2)])),
    };
  }
}

const load = () => ({ loadAverage: round(loadavg()[0] ?? 0, 1) });
