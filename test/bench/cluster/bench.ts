import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { setTimeout as delay } from "node:timers/promises";
import type { Say } from "../../../hack/devcluster/progress.ts";
import { frameworks } from "../../../src/client/handles.ts";
import { isNotFound } from "../../../src/cluster/errors.ts";
import { minimumSize } from "../../../src/controllers/slot/size.ts";
import { type ControlPlane, startControlPlane, WORK } from "./controlplane.ts";
import { takeOver } from "./failover.ts";
import { BenchError } from "./failure.ts";
import { LaunchingFramework } from "./framework.ts";
import { beginning, type Measurement, measure, spentSoFar } from "./measurement.ts";
import { Operator } from "./operator.ts";
import type { Options } from "./options.ts";
import { PodLoad } from "./podload.ts";
import { KubeScheduler } from "./scheduler.ts";
import { seedCluster } from "./seed/seed.ts";
import { Simulation } from "./simulation.ts";
import { makeFlood } from "./standing.ts";
import { sweepPods, sweepTasks } from "./sweep.ts";
import { until } from "./waiting.ts";

/** Of one measurement: milliseconds, and milliseconds a task more. */
const PATIENCE = 300_000;
const PATIENCE_EACH = 200;
/** Launches before those that count: of programs that compile as they go. */
const WARM_UP = 0.1;
/** Of the API server's CPU profile. */
const PROFILE_SECONDS = 15;

/** Room for so many tasks of the framework's. */
const warmRoom = (tasks: number) => ({ cpus: `${100 * tasks}m`, mem: `${64 * tasks}Mi` });

/** One API server with its nodes, on which one measurement comes after the other. */
export class Bench {
  readonly #options: Options;
  readonly #say: Say;
  readonly #plane: ControlPlane;
  readonly #dir: string;
  readonly #simulation: Simulation;
  readonly #operators = new Set<Operator>();
  #leader: Operator | undefined;
  #scheduler: KubeScheduler | undefined;
  #count = 0;

  private constructor(options: Options, say: Say, plane: ControlPlane, dir: string) {
    this.#options = options;
    this.#say = say;
    this.#plane = plane;
    this.#dir = dir;
    const settings = {
      kubeconfig: plane.kubeconfig,
      agents: options.agents,
      heartbeat: options.heartbeat * 1000,
    };
    this.#simulation = new Simulation(settings);
  }

  /** Resolves once the operator offers every agent and the tasks that shall be there are. */
  static async start(options: Options, say: Say): Promise<Bench> {
    if (options.profile !== undefined) mkdirSync(options.profile, { recursive: true });
    const plane = await startControlPlane(say, options.profile !== undefined);
    const dir = mkdtempSync(join(tmpdir(), "mesos-bench-"));
    const { agents, existing, warm } = options;
    await seedCluster(plane.etcd, agents, existing, minimumSize(warmRoom(warm)));
    say(`${agents} agents and ${existing} tasks are there`);
    const bench = new Bench(options, say, plane, dir);
    try {
      await bench.#prepare();
      return bench;
    } catch (error) {
      await bench.stop(error instanceof BenchError);
      throw error;
    }
  }

  /** Ends all that it started; `keep` leaves the logs. */
  async stop(keep = false): Promise<void> {
    await this.#simulation.stop();
    await this.#scheduler?.stop();
    for (const operator of this.#operators) await operator.stop();
    await this.#plane.stop();
    if (!keep) rmSync(this.#dir, { recursive: true, force: true });
  }

  async launches(alternation: number, tasksPerOffer: number): Promise<Measurement> {
    const { tasks, agents, inFlight, seconds, qps, settle } = this.#options;
    const { connection, kubeconfig } = this.#plane;
    const name = `launches-${++this.#count}`;
    const maxOffers = this.#maxOffers(tasksPerOffer);
    const own = { name, namespace: WORK, kubeconfig, qps, inFlight, seconds, tasksPerOffer, maxOffers };
    const framework = new LaunchingFramework(own);
    const operator = await this.#lead();
    try {
      await framework.start(connection);
      const launch = async (count: number) => {
        const lives = await operator.during(framework.launch(count, this.#patience()));
        await delay(settle * 1000);
        return lives;
      };
      await launch(this.#warmUp());
      const before = await beginning(connection);
      const profile = this.#profileServer(`apiserver-${name}-${tasksPerOffer}`);
      const lives = await launch(tasks);
      await profile;
      const after = await spentSoFar(connection);
      return measure({ bench: "launches", agents, alternation, tasksPerOffer }, lives, before, after);
    } finally {
      // Without an operator nothing of it would go.
      await this.#lead();
      await framework.end();
      await this.#removed(name);
      await sweepTasks(connection, name);
    }
  }

  /** kube-scheduler's turn: the operator does not run, as kube-scheduler does not in the operator's. */
  async pods(alternation: number): Promise<Measurement> {
    const { tasks, agents, inFlight, seconds, qps } = this.#options;
    const { connection, kubeconfig, scheduler } = this.#plane;
    await this.#endLeader();
    this.#scheduler = new KubeScheduler(scheduler, this.#dir, kubeconfig, qps);
    const name = `pods-${++this.#count}`;
    const load = new PodLoad(connection, { name, namespace: WORK, inFlight, seconds });
    try {
      await load.run(this.#warmUp(), this.#patience());
      const before = await beginning(connection);
      const profile = this.#profileServer(`apiserver-${name}`);
      const lives = await load.run(tasks, this.#patience());
      await profile;
      const after = await spentSoFar(connection);
      return measure({ bench: "pods", agents, alternation }, lives, before, after);
    } finally {
      await load.end();
      await this.#scheduler.stop();
      await sweepPods(connection, name);
    }
  }

  /** Of a standby that mirrors the cluster already, or of a program that starts when the leader has gone. */
  async failover(alternation: number, standby: boolean): Promise<object> {
    const { agents, existing } = this.#options;
    const leader = await this.#lead();
    const waiting = standby ? this.#operator("standby") : undefined;
    await waiting?.synced();
    const name = `failover-${++this.#count}`;
    const next = () => waiting ?? this.#operator("next");
    const most = Math.min(agents, this.#mostOffers());
    const { operator, takeover } = await takeOver(this.#plane.connection, leader, next, name, most);
    this.#operators.delete(leader);
    this.#leader = operator;
    const handle = frameworks(this.#plane.connection);
    await handle.delete({ name, namespace: WORK });
    await this.#removed(name);
    const start = standby ? "standby" : "cold";
    return { bench: "failover", agents, existing, alternation, start, offers: most, ...takeover };
  }

  /** By how much the simulated heartbeats are late: above some seconds the machine is too slow for so many. */
  get heartbeatsLateMs(): number {
    return this.#simulation.late;
  }

  async #prepare(): Promise<void> {
    const { agents, flood } = this.#options;
    await this.#simulation.up;
    await this.#lead();
    this.#say(`${agents} agents are offered`);
    if (flood > 0) {
      await makeFlood(this.#plane.connection, flood);
      this.#say(`${flood} tasks wait for an agent that does not exist`);
    }
  }

  async #lead(): Promise<Operator> {
    if (this.#leader === undefined || this.#leader.ended) this.#leader = this.#operator("operator");
    await this.#leader.leads();
    return this.#leader;
  }

  async #endLeader(): Promise<void> {
    const leader = this.#leader;
    if (leader === undefined) return;
    this.#leader = undefined;
    await leader.stop();
    this.#operators.delete(leader);
  }

  #operator(name: string): Operator {
    const { qps, interval, profile, agents, heartbeat, warm } = this.#options;
    const operator = new Operator({
      ...{ qps, interval, profile, agents },
      kubeconfig: this.#plane.kubeconfig,
      dir: this.#dir,
      maxOffers: this.#mostOffers(),
      agentTimeout: 5 * heartbeat,
      config: { slot: { minimum: warmRoom(warm) } },
      name: `${name}-${++this.#count}`,
    });
    this.#operators.add(operator);
    return operator;
  }

  /** Enough that what is in flight never waits for the next allocation. */
  #maxOffers(tasksPerOffer: number): number {
    return this.#options.maxOffers || Math.ceil((4 * this.#options.inFlight) / tasksPerOffer);
  }

  /** What the operator gives a framework, whichever of the measurements it is for. */
  #mostOffers(): number {
    return Math.max(...this.#options.tasksPerOffer.map((count) => this.#maxOffers(count)));
  }

  /** The API server's CPU profile of the seconds that follow, if profiles are wanted. */
  async #profileServer(name: string): Promise<void> {
    const { profile } = this.#options;
    if (profile === undefined) return;
    const path = "/debug/pprof/profile";
    const query = { seconds: PROFILE_SECONDS };
    const request = { method: "GET", path, query, timeout: 1_000 * PROFILE_SECONDS + 30_000 } as const;
    const answer = await this.#plane.connection.open(request, request.timeout);
    writeFileSync(join(profile, `${name}.pprof`), await buffer(answer));
  }

  #warmUp(): number {
    return Math.ceil(this.#options.tasks * WARM_UP);
  }

  #patience(): number {
    return PATIENCE + PATIENCE_EACH * this.#options.tasks;
  }

  async #removed(framework: string): Promise<void> {
    const handle = frameworks(this.#plane.connection);
    const there = () =>
      handle.get({ name: framework, namespace: WORK }).then(
        () => undefined,
        (error: unknown) => {
          if (isNotFound(error)) return true as const;
          throw error;
        },
      );
    await until(there, PATIENCE, () => `the framework ${framework} is not gone after ${PATIENCE / 1000} s`);
  }
}
