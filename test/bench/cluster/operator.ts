import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import { Child } from "./child.ts";
import { BenchError } from "./failure.ts";
import type { Options } from "./options.ts";
import { type Sample, samples } from "./prometheus.ts";
import { until } from "./waiting.ts";

const PROGRAM = join(import.meta.dirname, "../../../src/main/operator.ts");
const SERVES = "serves /livez, /readyz and /metrics";
/** Milliseconds, on a machine that does much besides. */
const PATIENCE = 300_000;

export interface OperatorSettings extends Pick<Options, "qps" | "interval" | "profile" | "agents"> {
  readonly kubeconfig: string;
  readonly dir: string;
  /** Offers that one framework may have outstanding. */
  readonly maxOffers: number;
  /** Seconds after which an agent without a heartbeat is away. */
  readonly agentTimeout: number;
  /** Tells replicas apart. */
  readonly name: string;
  /** More of its configuration. */
  readonly config?: object;
  /** Of its Node. */
  readonly flags?: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  /** Where it was bundled to; absent: from its sources. */
  readonly program?: string;
}

/** The operator's own program, as a process. */
export class Operator {
  readonly #child: Child;
  readonly #settings: OperatorSettings;

  constructor(settings: OperatorSettings) {
    const { dir, name, kubeconfig, qps, interval, maxOffers, profile, agentTimeout, flags = [] } = settings;
    this.#settings = settings;
    const path = join(dir, `${name}.yaml`);
    const config = {
      healthPort: 0,
      ...(qps > 0 && { client: { qps, burst: 2 * qps } }),
      allocation: { interval },
      offers: { maxPerFramework: maxOffers },
      agents: { timeout: `${agentTimeout}s` },
      ...settings.config,
    };
    writeFileSync(path, stringify(config));
    const profiling = profile === undefined ? [] : ["--cpu-prof", "--cpu-prof-dir", profile];
    const own = { KUBECONFIG: kubeconfig, MESOS_CONFIG: path, POD_NAME: name };
    const env = { ...process.env, ...settings.env, ...own };
    this.#child = new Child(
      [process.execPath, ...flags, ...profiling, settings.program ?? PROGRAM],
      join(dir, `${name}.log`),
      env,
    );
  }

  /** Resolves once it leads and all agents are offered. */
  async leads(): Promise<void> {
    const { agents } = this.#settings;
    let offered = 0;
    await this.#until(
      async () => {
        const found = await this.metric("mesos_agents");
        offered = found.find(({ labels }) => labels.state === "Offered")?.value ?? 0;
        return offered >= agents ? true : undefined;
      },
      () => `offers ${offered} of ${agents} agents`,
    );
  }

  /** Resolves once it mirrors the whole cluster, leading or not. */
  async synced(): Promise<void> {
    await this.#until(
      async () => ((await this.#get("/readyz"))?.ok ? true : undefined),
      () => "has not mirrored the cluster",
    );
  }

  async metric(name: string): Promise<Sample[]> {
    const answer = await this.#get("/metrics");
    return answer === undefined ? [] : samples(await answer.text(), name);
  }

  /** What `work` comes to; rejects if the operator ends by itself meanwhile. */
  during<T>(work: Promise<T>): Promise<T> {
    const end = this.#child.gone.then(() => {
      throw new BenchError(
        `the operator ended by itself; ${this.#child.lastWords}\nIf it lost its Lease the machine is too slow: try a smaller --in-flight.`,
      );
    });
    return Promise.race([work, end]);
  }

  /** Lines of its log that have a word in them, oldest first. */
  logged(word: string): Readonly<Record<string, unknown>>[] {
    const lines = this.#child.log.split("\n").filter((line) => line.includes(word));
    return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  }

  get ended(): boolean {
    return this.#child.ended;
  }

  signal(name: NodeJS.Signals): void {
    this.#child.signal(name);
  }

  stop(): Promise<void> {
    return this.#child.stop();
  }

  async #get(path: string): Promise<Response | undefined> {
    const [line] = this.logged(SERVES);
    if (line === undefined) return undefined;
    const { port } = line;
    return fetch(`http://127.0.0.1:${port}${path}`).catch(() => undefined);
  }

  async #until(check: () => Promise<true | undefined>, what: () => string): Promise<void> {
    const child = this.#child;
    await until(
      async () => {
        if (child.ended) throw new BenchError(`the operator ended by itself; ${child.lastWords}`);
        return check();
      },
      PATIENCE,
      () => `the operator ${what()} after ${PATIENCE / 1000} s; ${child.lastWords}\nTry fewer --agents.`,
    );
  }
}
