import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { writePrograms } from "../../../hack/devcluster/image.ts";
import type { Say } from "../../../hack/devcluster/progress.ts";
import { frameworks } from "../../../src/client/handles.ts";
import { type ControlPlane, startControlPlane, WORK } from "../cluster/controlplane.ts";
import { takeOver } from "../cluster/failover.ts";
import { LaunchingFramework } from "../cluster/framework.ts";
import { Operator } from "../cluster/operator.ts";
import { seedCluster } from "../cluster/seed/seed.ts";
import { Simulation } from "../cluster/simulation.ts";
import { type Life, median, paceOf, round } from "../cluster/statistics.ts";
import { until } from "../cluster/waiting.ts";
import { Crowd } from "../gateway/crowd.ts";
import { type Applied, applyTasks } from "./applied.ts";
import { Heartbeats } from "./heartbeats.ts";
import type { Options } from "./options.ts";
import type { Seen } from "./probe.ts";

const PROBE = join(import.meta.dirname, "probe.ts");
const PATIENCE = 240_000;
/** Of each task that the load launches. */
const TASK_SECONDS = 2;
/** Milliseconds. */
const APPLY_EVERY = 5_000;
const NO_LIMIT = 1_000_000;
const LOAD = { tasksPerOffer: 10, inFlight: 20 };
/** Tasks asked for at a time. */
const BATCH = 40;
/** Tasks without a framework, applied at a time. */
const APPLIED = 100;
const APPLIED_UNDER_LOAD = 20;

/** The operator as its image runs it, on a cluster that was there before it, under load; then those that take over from it. */
export class LoopBench {
  readonly #options: Options;
  readonly #say: Say;
  readonly #plane: ControlPlane;
  readonly #dir: string;
  readonly #simulation: Simulation;
  /** From when all agents are offered: before, an API server of two cores is busy enough with what was seeded. */
  #heartbeats: Heartbeats | undefined;
  readonly #operators: Operator[] = [];
  #count = 0;

  private constructor(options: Options, say: Say, plane: ControlPlane, dir: string) {
    this.#options = options;
    this.#say = say;
    this.#plane = plane;
    this.#dir = dir;
    const { agents } = options;
    this.#simulation = new Simulation({ kubeconfig: plane.kubeconfig, agents, heartbeat: 0 });
  }

  static async start(options: Options, say: Say): Promise<LoopBench> {
    const { agents, tasks, profile } = options;
    if (profile !== undefined) mkdirSync(profile, { recursive: true });
    const plane = await startControlPlane(say, false);
    const dir = mkdtempSync(join(tmpdir(), "mesos-bench-"));
    await writePrograms(dir);
    const began = performance.now();
    await seedCluster(plane.etcd, agents, tasks);
    say(`${agents} agents and ${tasks} tasks are there after ${round((performance.now() - began) / 1000)} s`);
    const bench = new LoopBench(options, say, plane, dir);
    try {
      await bench.#simulation.up;
      return bench;
    } catch (error) {
      await bench.stop(true);
      throw error;
    }
  }

  async stop(keep = false): Promise<void> {
    await this.#heartbeats?.stop();
    await this.#simulation.stop();
    for (const operator of this.#operators) await operator.stop();
    await this.#plane.stop();
    if (!keep) rmSync(this.#dir, { recursive: true, force: true });
  }

  async *measure(): AsyncGenerator<object> {
    const began = performance.now();
    const leader = this.#operator();
    await leader.leads();
    const [led] = leader.logged("began to lead");
    yield {
      ...(await this.#seen("start", leader)),
      leadsMs: led?.milliseconds,
      offersAllMs: round(performance.now() - began),
    };
    this.#say("all agents are offered");
    const applied = await leader.during(this.#apply("tasks", APPLIED));
    yield { ...(await this.#seen("tasks", leader)), applied };
    const heartbeats = new Heartbeats(this.#plane.etcd, this.#options.agents);
    this.#heartbeats = heartbeats;
    yield await this.#load(leader, heartbeats);
    if (!this.#options.failover) return;
    const standby = this.#operator();
    await standby.synced();
    await delay(5_000);
    yield await this.#seen("mirroring", standby);
    yield await this.#takeOver("standby", leader, () => standby, standby);
    let cold: Operator | undefined;
    const next = () => {
      cold = this.#operator();
      return cold;
    };
    yield await this.#takeOver("cold", standby, next, () => cold);
  }

  #apply(name: string, count: number): Promise<Applied> {
    return applyTasks(this.#plane.connection, name, count, TASK_SECONDS, PATIENCE);
  }

  async #load(leader: Operator, heartbeats: Heartbeats): Promise<object> {
    const { frameworks: size, seconds } = this.#options;
    const { connection, kubeconfig } = this.#plane;
    const [line] = await until(
      () => [leader.logged("serves the Mesos API")].find(({ length }) => length > 0),
      PATIENCE,
      () => "the operator serves no Mesos API",
    );
    const crowd = new Crowd(Number(line?.port), TASK_SECONDS);
    await crowd.grow(size);
    const own = { name: "load", namespace: WORK, kubeconfig, qps: NO_LIMIT, seconds: TASK_SECONDS };
    const objects = new LaunchingFramework({ ...own, ...LOAD, maxOffers: 16 });
    await objects.start(connection);
    await crowd.revive();
    // The first round offers everything there is.
    await delay(5_000);
    const storm = await this.#seen("first-offers", leader);
    console.log(JSON.stringify(storm));
    const [offers, leases, nodes] = [crowd.offers, heartbeats.leases, heartbeats.nodes];
    heartbeats.late = 0;
    const end = performance.now() + seconds * 1000;
    const launch = async (some: () => Promise<readonly Life[]>) => {
      const lives: Life[] = [];
      while (performance.now() < end) lives.push(...(await some()));
      return lives;
    };
    const applied: Applied[] = [];
    const apply = async () => {
      for (; performance.now() < end; await delay(APPLY_EVERY))
        applied.push(await this.#apply(`load-${applied.length}`, APPLIED_UNDER_LOAD));
    };
    const [gateway, offered] = await leader.during(
      Promise.all([
        launch(async () => (await crowd.launch(BATCH, LOAD, PATIENCE)).lives),
        launch(() => objects.launch(BATCH, PATIENCE)),
        apply(),
      ]),
    );
    const { late } = heartbeats;
    const seen = await this.#seen("load", leader);
    const a = (count: number) => round(count / seen.seconds, 1);
    crowd.dismiss();
    await objects.end();
    return {
      ...seen,
      ...{ frameworks: size, offersPerSecond: a(crowd.offers - offers) },
      gatewayLaunches: { count: gateway.length, ...paceOf(gateway, "running") },
      offerLaunches: { count: offered.length, ...paceOf(offered, "running") },
      applied: {
        times: applied.length,
        placedMs: median(applied.map(({ placedMs }) => placedMs)),
        explainedMs: median(applied.map(({ explainedMs }) => explainedMs)),
      },
      leasesPerSecond: a(heartbeats.leases - leases),
      nodesPerSecond: a(heartbeats.nodes - nodes),
      heartbeatsLateMs: round(late),
    };
  }

  async #takeOver(
    start: string,
    leader: Operator,
    next: () => Operator,
    of: Operator | (() => Operator | undefined),
  ): Promise<object> {
    const name = `failover-${start}`;
    const { takeover } = await takeOver(this.#plane.connection, leader, next, name, 64);
    const operator = typeof of === "function" ? of() : of;
    await frameworks(this.#plane.connection).delete({ name, namespace: WORK });
    const [led] = operator?.logged("began to lead") ?? [];
    const seen = operator && (await this.#seen(`failover-${start}`, operator));
    return { ...seen, ...takeover, leadsMs: led?.milliseconds };
  }

  #operator(): Operator {
    const { agents, nodeOptions, profile } = this.#options;
    const name = `operator-${++this.#count}`;
    const operator = new Operator({
      ...{ agents, profile, name, dir: this.#dir, kubeconfig: this.#plane.kubeconfig },
      ...{ qps: 1000, interval: "1s", maxOffers: 64, agentTimeout: 300 },
      flags: [...nodeOptions.split(" ").filter((flag) => flag !== ""), "--import", PROBE],
      env: { MESOS_BENCH_PROBE: this.#report(name), NODE_ENV: "production" },
      program: join(this.#dir, "app/operator.js"),
      config: {
        gateway: {
          ...{ enabled: true, port: 0, namespace: WORK, anonymous: true },
          requests: { perSecond: NO_LIMIT, burst: NO_LIMIT },
        },
      },
    });
    this.#names.set(operator, name);
    this.#operators.push(operator);
    return operator;
  }

  readonly #names = new Map<Operator, string>();
  readonly #report = (name: string): string => join(this.#dir, `${name}.probe`);

  async #seen(
    phase: string,
    operator: Operator,
  ): Promise<Record<string, unknown> & { readonly seconds: number }> {
    const path = this.#report(this.#names.get(operator) ?? "");
    const lines = () => {
      try {
        return readFileSync(path, "utf8").trimEnd().split("\n");
      } catch {
        return [];
      }
    };
    const before = lines().length;
    operator.signal("SIGUSR2");
    const text = await until(
      () => lines()[before],
      PATIENCE,
      () => "the operator's process tells nothing of its turns",
    );
    const { longest, ...seen } = JSON.parse(text) as Seen;
    const { agents, tasks, profile } = this.#options;
    return {
      ...{ bench: "loop", phase, agents, tasks },
      ...seen,
      longest: profile === undefined ? longest.slice(0, 5) : longest,
      load: round(loadavg()[0] ?? 0, 1),
    };
  }
}
