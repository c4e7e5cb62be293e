import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { Registry } from "prom-client";
import { vi } from "vitest";
import { ensureBinaries } from "../../../hack/devcluster/binaries.ts";
import { run } from "../../../hack/devcluster/command.ts";
import { sayToTerminal } from "../../../hack/devcluster/progress.ts";
import { type Framework, frameworkSpec } from "../../../src/api/framework.ts";
import { agentLeaseName, slotPodName } from "../../../src/api/group.ts";
import type { Offer, OfferResponse, Operation } from "../../../src/api/offer.ts";
import type { Task, TaskSpec, TaskTemplate } from "../../../src/api/task.ts";
import { Connection } from "../../../src/cluster/connection.ts";
import { events, type Lease, namespaces, serviceAccounts } from "../../../src/cluster/core.ts";
import { createLogger } from "../../../src/cluster/logger.ts";
import { Metrics } from "../../../src/cluster/metrics.ts";
import type { Live } from "../../../src/cluster/object.ts";
import { microTimestamp, systemClock } from "../../../src/cluster/time.ts";
import { operatorConfig } from "../../../src/config/operator.ts";
import { type Clients, createClients } from "../../../src/controllers/clients.ts";
import { Operator, type OperatorOptions } from "../../../src/controllers/operator.ts";
import { startServer } from "../server.ts";

const CRDS = join(import.meta.dirname, "../../../crds");
export const SYSTEM = "mesos-system";
export const API = "mesos.dev/v1alpha1";

/** Milliseconds: a machine that builds images beside may be slow. */
const PATIENCE = 30_000;

/** Of a replica that runs in this process. */
export interface RunningOperator {
  readonly operator: Operator;
  readonly registry: Registry;
  /** Ends it as SIGTERM does. */
  stop(): Promise<void>;
}

/**
 * An API server of its own with the whole operator on it. There is no kubelet, no scheduler and no agent: what they would write is
 * written through the API server by the test.
 */
export class TestCluster {
  readonly clients: Clients;
  readonly connection: Connection;
  readonly kubeconfig: string;
  readonly #stopServer: () => Promise<void>;
  readonly #operators = new Set<RunningOperator>();
  readonly #timers = new Set<NodeJS.Timeout>();

  private constructor(connection: Connection, kubeconfig: string, stopServer: () => Promise<void>) {
    this.connection = connection;
    this.kubeconfig = kubeconfig;
    this.clients = createClients(connection);
    this.#stopServer = stopServer;
  }

  static async start(): Promise<TestCluster> {
    const kubectl = (await ensureBinaries(["kubectl"], sayToTerminal)).get("kubectl") ?? "kubectl";
    const { kubeconfig, stop } = await startServer();
    try {
      const here = [kubectl, "--kubeconfig", kubeconfig];
      await run([...here, "apply", "--server-side", "-f", CRDS]);
      await run([...here, "wait", "--for=condition=Established", "--timeout=30s", "-f", CRDS]);
      const connection = await Connection.load({ userAgent: "test", kubeconfig, qps: 1000, burst: 1000 });
      await namespaces(connection).create({ metadata: { name: SYSTEM } });
      await serviceAccounts(connection).create({ metadata: { name: "default", namespace: SYSTEM } });
      return new TestCluster(connection, kubeconfig, stop);
    } catch (error) {
      await stop();
      throw error;
    }
  }

  async stopOperators(): Promise<void> {
    for (const operator of [...this.#operators]) await operator.stop();
  }

  async stop(): Promise<void> {
    await this.stopOperators();
    for (const timer of this.#timers) clearInterval(timer);
    this.connection.close();
    await this.#stopServer();
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

  async namespace(prefix: string): Promise<string> {
    const { metadata } = await namespaces(this.connection).create({
      metadata: { generateName: `${prefix}-` },
    });
    return metadata.name;
  }

  /** Node, Agent, its Lease, and a slot Pod whose every resize is granted. 4 cpus and 8 GiB are allocatable unless told. */
  async join(name: string, allocatable: Record<string, string> = {}, labels: Record<string, string> = {}) {
    const { nodes, agents, leases } = this.clients;
    await nodes.create({ metadata: { name, labels: { "kubernetes.io/hostname": name, ...labels } } });
    // The API server taints what is new as not ready; the node controller, which is not there, takes it off.
    await nodes.mergePatch({ name }, { spec: { taints: null } });
    await nodes.mergePatch(
      { name },
      {
        status: {
          allocatable: { cpu: "4", memory: "8Gi", "ephemeral-storage": "20Gi", pods: "110", ...allocatable },
          conditions: [{ type: "Ready", status: "True", reason: "KubeletReady", message: "ready" }],
        },
      },
      { subresource: "status" },
    );
    await agents.create({
      apiVersion: API,
      kind: "Agent",
      metadata: { name },
      spec: { unschedulable: false },
    });
    const spec: Lease["spec"] = {
      holderIdentity: name,
      leaseDurationSeconds: 3600,
      renewTime: microTimestamp(Date.now()),
    };
    const metadata = { name: agentLeaseName(name), namespace: SYSTEM };
    await leases.create({ apiVersion: "coordination.k8s.io/v1", kind: "Lease", metadata, spec });
    await this.eventually(() => this.#grant(name));
    const timer = setInterval(() => void this.#grant(name).catch(() => {}), 200);
    this.#timers.add(timer);
  }

  /** What a kubelet with room writes. */
  async #grant(node: string): Promise<void> {
    const ref = { name: slotPodName(node), namespace: SYSTEM };
    const pod = await this.clients.pods.get(ref);
    const requests = pod.spec?.containers[0]?.resources?.requests ?? {};
    const granted = pod.status?.containerStatuses?.[0]?.allocatedResources;
    if (JSON.stringify(granted) === JSON.stringify(requests)) return;
    const status = { phase: "Running", conditions: [], containerStatuses: [runningSlot(requests)] };
    await this.clients.pods.mergePatch(ref, { status }, { subresource: "status" });
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
  firstOffer(namespace: string, framework: string, timeout = PATIENCE): Promise<Live<Offer>> {
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

  task(namespace: string, name: string, spec: Partial<TaskSpec> = {}): Promise<Live<Task>> {
    return this.clients.tasks.create({
      apiVersion: API,
      kind: "Task",
      metadata: { name, namespace },
      spec: { role: "*", ...template(), ...spec },
    });
  }

  getTask(namespace: string, name: string): Promise<Live<Task>> {
    return this.clients.tasks.get({ namespace, name });
  }

  /** What an agent reports of a task. */
  report(task: Live<Task>, state: string): Promise<Live<Task>> {
    return this.clients.tasks.mergePatch(task.metadata, { status: { state } }, { subresource: "status" });
  }

  async tasksOf(namespace: string, framework: string): Promise<Live<Task>[]> {
    return (await this.clients.tasks.list({ namespace, fieldSelector: `spec.framework=${framework}` })).items;
  }

  eventually<T>(check: () => Promise<T> | T, timeout = PATIENCE): Promise<T> {
    return vi.waitFor(check, { timeout, interval: 40 });
  }

  /** Reasons of the Events about an object. */
  async eventReasons(namespace: string, name: string): Promise<string[]> {
    const { items } = await events(this.connection).list({ namespace });
    return items.filter(({ regarding }) => regarding?.name === name).map(({ reason }) => reason ?? "");
  }
}

/** A task that asks for so much. */
export function template(cpus = 0.5, mem = 64, rest: Partial<TaskTemplate> = {}): TaskTemplate {
  return {
    resources: [
      { name: "cpus", scalar: cpus },
      { name: "mem", scalar: mem },
    ],
    command: { shell: true, value: "sleep 1" },
    ...rest,
  };
}

export const launch = (...tasks: TaskTemplate[]) => ({ type: "LAUNCH", launch: { tasks } });

/** Amount of a scalar in a list of resources. */
export const amount = (
  list: readonly { readonly name: string; readonly scalar?: number | undefined }[] | undefined,
  name: string,
): number => (list ?? []).filter((one) => one.name === name).reduce((sum, { scalar = 0 }) => sum + scalar, 0);

const runningSlot = (requests: Record<string, string>) => ({
  name: "slot",
  image: "i",
  imageID: "i",
  ready: true,
  restartCount: 0,
  containerID: "containerd://c",
  state: { running: { startedAt: "2026-01-01T00:00:00Z" } },
  allocatedResources: requests,
  resources: { requests },
});
