import { randomUUID } from "node:crypto";
import { Registry } from "prom-client";
import { type Framework, frameworkSpec } from "../../../src/api/framework.ts";
import type { Offer, OfferResponse, Operation } from "../../../src/api/offer.ts";
import type { Task, TaskTemplate } from "../../../src/api/task.ts";
import { Connection } from "../../../src/cluster/connection.ts";
import { serviceAccounts } from "../../../src/cluster/core.ts";
import { createLogger } from "../../../src/cluster/logger.ts";
import { Metrics } from "../../../src/cluster/metrics.ts";
import type { Live } from "../../../src/cluster/object.ts";
import { systemClock } from "../../../src/cluster/time.ts";
import { operatorConfig } from "../../../src/config/operator.ts";
import { Operator, type OperatorOptions } from "../../../src/controllers/operator.ts";
import { API, BareCluster, readyServer } from "../bareCluster.ts";

/** Of a replica that runs in this process. */
export interface RunningOperator {
  readonly operator: Operator;
  readonly registry: Registry;
  /** Ends it as SIGTERM does. */
  stop(): Promise<void>;
}

/** The whole operator, on the run's API server. */
export class TestCluster extends BareCluster {
  readonly #operators = new Set<RunningOperator>();
  readonly #timers = new Set<NodeJS.Timeout>();

  static async start(): Promise<TestCluster> {
    return new TestCluster(await readyServer());
  }

  async stopOperators(): Promise<void> {
    for (const operator of [...this.#operators]) await operator.stop();
  }

  override async stop(): Promise<void> {
    await this.stopOperators();
    for (const timer of this.#timers) clearInterval(timer);
    await super.stop();
  }

  /** A replica with this configuration and these further options; agents need not renew their Leases unless it says so. */
  async startOperator(config: object = {}, more: Partial<OperatorOptions> = {}): Promise<RunningOperator> {
    const parsed = operatorConfig.parse({
      agents: { timeout: "1h" },
      allocation: { interval: "200ms" },
      ...config,
    });
    const registry = new Registry();
    const metrics = new Metrics(registry);
    const options = { userAgent: "operator", kubeconfig: this.kubeconfig, qps: 1000, burst: 1000 };
    const connection = await Connection.load({ ...options, onAnswer: metrics.answered });
    const electionConnection = await Connection.load({ ...options, timeout: 5_000 });
    const operator = new Operator({
      config: parsed,
      connection,
      electionConnection,
      identity: randomUUID(),
      logger: createLogger({ name: "operator", level: process.env.LOG_LEVEL ?? "silent" }),
      clock: systemClock,
      random: Math.random,
      registry,
      metrics,
      ...more,
    });
    const abort = new AbortController();
    const ended = operator.run(abort.signal);
    const running: RunningOperator = {
      operator,
      registry,
      stop: async () => {
        this.#operators.delete(running);
        abort.abort();
        await ended;
        connection.close();
        electionConnection.close();
      },
    };
    this.#operators.add(running);
    return running;
  }

  /** Node, Agent, its Lease, and a slot Pod whose every resize is granted. */
  async join(name: string, allocatable: Record<string, string> = {}, labels: Record<string, string> = {}) {
    await this.addNode(name, allocatable, labels);
    await this.addAgent(name);
    await this.eventually(() => this.grant(name));
    const timer = setInterval(() => void this.grant(name).catch(() => {}), 200);
    this.#timers.add(timer);
  }

  /** A Pod of somebody else on a node, as kube-scheduler would have bound it. */
  async otherPod(namespace: string, node: string, cpu: string, memory = "64Mi"): Promise<string> {
    await serviceAccounts(this.connection)
      .create({ metadata: { name: "default", namespace } })
      .catch(() => {});
    const pod = await this.clients.pods.create({
      metadata: { generateName: "other-", namespace },
      spec: {
        nodeName: node,
        containers: [{ name: "c", image: "i", resources: { requests: { cpu, memory } } }],
      },
    });
    return pod.metadata.name;
  }

  async framework(namespace: string, name: string, spec: object = {}): Promise<Live<Framework>> {
    const parsed = frameworkSpec.parse({ roles: ["*"], connection: { type: "Manual" }, ...spec });
    return this.clients.frameworks.create({
      apiVersion: API,
      kind: "Framework",
      metadata: { name, namespace },
      spec: parsed,
    });
  }

  /** Outstanding Offers to a framework that it has not answered. */
  async offers(namespace: string, framework: string): Promise<Live<Offer>[]> {
    const { items } = await this.clients.offers.list({
      namespace,
      fieldSelector: `spec.framework=${framework}`,
    });
    return items.filter(
      ({ spec, status }) => (status?.state ?? "Outstanding") === "Outstanding" && spec.response === undefined,
    );
  }

  /** The first Offer to a framework, once there is one. */
  firstOffer(namespace: string, framework: string, timeout?: number): Promise<Live<Offer>> {
    return this.eventually(async () => {
      const [offer] = await this.offers(namespace, framework);
      if (offer === undefined) throw new Error(`no offer to ${framework}`);
      return offer;
    }, timeout);
  }

  respond(offer: Live<Offer>, response: OfferResponse): Promise<Live<Offer>> {
    return this.clients.offers.mergePatch(offer.metadata, { spec: { response } });
  }

  accept(offer: Live<Offer>, operations: object[], refuse = "1h"): Promise<Live<Offer>> {
    return this.respond(offer, { accept: { operations: operations as Operation[], filters: { refuse } } });
  }

  /** The Offer once it is in this state. */
  closed(offer: Live<Offer>, state: string): Promise<Live<Offer>> {
    return this.eventually(async () => {
      const now = await this.clients.offers.get(offer.metadata);
      if (now.status?.state !== state)
        throw new Error(`${now.metadata.name} is ${now.status?.state}, not ${state}`);
      return now;
    });
  }

  /** What an agent reports of a task. */
  report(task: Live<Task>, state: string): Promise<Live<Task>> {
    return this.clients.tasks.mergePatch(task.metadata, { status: { state } }, { subresource: "status" });
  }

  async tasksOf(namespace: string, framework: string): Promise<Live<Task>[]> {
    return (await this.clients.tasks.list({ namespace, fieldSelector: `spec.framework=${framework}` })).items;
  }
}

export const launch = (...tasks: TaskTemplate[]) => ({ type: "LAUNCH", launch: { tasks } });

/** Amount of a scalar in a list of resources. */
export const amount = (
  list: readonly { readonly name: string; readonly scalar?: number | undefined }[] | undefined,
  name: string,
): number => (list ?? []).filter((one) => one.name === name).reduce((sum, { scalar = 0 }) => sum + scalar, 0);
