import { join } from "node:path";
import { Registry } from "prom-client";
import { vi } from "vitest";
import { ensureBinaries } from "../../../hack/devcluster/binaries.ts";
import { run } from "../../../hack/devcluster/command.ts";
import { sayToTerminal } from "../../../hack/devcluster/progress.ts";
import { durationMs } from "../../../src/api/duration.ts";
import { agentLeaseName } from "../../../src/api/group.ts";
import type { Task, TaskSpec, TaskStatus } from "../../../src/api/task.ts";
import { Connection } from "../../../src/cluster/connection.ts";
import { events, type Lease, namespaces, type Pod, serviceAccounts } from "../../../src/cluster/core.ts";
import { EventWriter } from "../../../src/cluster/events.ts";
import { Expiry } from "../../../src/cluster/expiry.ts";
import { createLogger } from "../../../src/cluster/logger.ts";
import { Metrics } from "../../../src/cluster/metrics.ts";
import type { Live } from "../../../src/cluster/object.ts";
import { microTimestamp, sleep, systemClock } from "../../../src/cluster/time.ts";
import { operatorConfig } from "../../../src/config/operator.ts";
import { createAgentController } from "../../../src/controllers/agent/controller.ts";
import { cachesSynced, createCaches, runCaches } from "../../../src/controllers/caches.ts";
import { type Clients, createClients } from "../../../src/controllers/clients.ts";
import type { Dependencies, RescindRequest } from "../../../src/controllers/dependencies.ts";
import { OperatorMetrics } from "../../../src/controllers/metrics.ts";
import { OfferStreams } from "../../../src/controllers/offer/streams.ts";
import { createSlotController } from "../../../src/controllers/slot/controller.ts";
import { SlotHolds } from "../../../src/controllers/slot/holds.ts";
import { createTaskController } from "../../../src/controllers/task/controller.ts";
import { Mailbox } from "../../../src/controllers/trigger.ts";
import { startServer } from "../server.ts";

const CRDS = join(import.meta.dirname, "../../../crds");
export const SYSTEM = "mesos-system";

/**
 * The node side of the operator on an API server of its own: it acts on all Agents and Tasks there are, so two would get into each other's
 * way. There is no kubelet, no scheduler and no agent: the test writes through the API server what they would write.
 */
export class NodeSide {
  readonly clients: Clients;
  readonly connection: Connection;
  readonly deps: Dependencies;
  readonly rescinded: RescindRequest[] = [];
  readonly requested: string[] = [];
  readonly #stop: AbortController = new AbortController();
  readonly #running: Promise<unknown>;
  readonly #stopServer: () => Promise<void>;

  private constructor(connection: Connection, config: object, stopServer: () => Promise<void>) {
    this.connection = connection;
    this.#stopServer = stopServer;
    this.clients = createClients(connection);
    const logger = createLogger({ name: "node-side", level: process.env.LOG_LEVEL ?? "silent" });
    const registry = new Registry();
    const caches = createCaches(this.clients, { logger, clock: systemClock, freeze: true });
    const parsed = operatorConfig.parse(config);
    const agentLeases = new Expiry(caches.leases, { duration: durationMs(parsed.agents.timeout) });
    const recorder = new EventWriter(events(connection), {
      controller: "mesos.dev/operator",
      instance: "test",
      logger,
    });
    this.deps = {
      config: parsed,
      clients: this.clients,
      caches,
      clock: systemClock,
      random: Math.random,
      recorder,
      logger,
      metrics: new OperatorMetrics(registry),
      controllerMetrics: new Metrics(registry),
      agentLeases,
      offerStreams: new OfferStreams(),
      slotHolds: new SlotHolds(systemClock),
      requestAllocation: (reason) => void this.requested.push(reason),
      allocationRequests: new Mailbox(),
      rescindOffers: (request) => void this.rescinded.push(request),
      rescindRequests: new Mailbox(),
    };
    const { signal } = this.#stop;
    this.#running = Promise.all([
      runCaches(caches, signal),
      recorder.run(signal),
      createAgentController(this.deps).run(signal),
      createSlotController(this.deps).run(signal),
      createTaskController(this.deps).run(signal),
    ]);
  }

  static async start(config: object = {}): Promise<NodeSide> {
    const kubectl = (await ensureBinaries(["kubectl"], sayToTerminal)).get("kubectl") ?? "kubectl";
    const server = await startServer();
    try {
      const here = [kubectl, "--kubeconfig", server.kubeconfig];
      await run([...here, "apply", "--server-side", "-f", CRDS]);
      await run([...here, "wait", "--for=condition=Established", "--timeout=30s", "-f", CRDS]);
      const options = { userAgent: "node-side-test", qps: 1000, burst: 1000 };
      const connection = await Connection.load({ ...options, kubeconfig: server.kubeconfig });
      await namespaces(connection).create({ metadata: { name: SYSTEM } });
      // Nobody makes it here, and the API server admits no Pod without.
      await serviceAccounts(connection).create({ metadata: { name: "default", namespace: SYSTEM } });
      const side = new NodeSide(connection, config, () => server.stop());
      await cachesSynced(side.deps.caches);
      return side;
    } catch (error) {
      await server.stop();
      throw error;
    }
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
    this.deps.agentLeases.close();
    this.connection.close();
    await this.#stopServer();
  }

  /** A Node that a kubelet would report: 4 cpus, 8 GiB. */
  async addNode(name: string): Promise<void> {
    await this.clients.nodes.create({ metadata: { name, labels: { "kubernetes.io/hostname": name } } });
    const status = {
      allocatable: { cpu: "4", memory: "8Gi", "ephemeral-storage": "20Gi", pods: "110" },
      conditions: [{ type: "Ready", status: "True", reason: "KubeletReady", message: "ready" }],
    };
    await this.clients.nodes.mergePatch({ name }, { status }, { subresource: "status" });
  }

  /** What an agent program does first: its Agent object and its Lease. */
  async addAgent(name: string): Promise<void> {
    await this.clients.agents.create({
      apiVersion: "mesos.dev/v1alpha1",
      kind: "Agent",
      metadata: { name },
      spec: { unschedulable: false },
    });
    await this.renew(name);
  }

  /** One renewal of the agent's Lease. */
  async renew(agent: string): Promise<void> {
    const metadata = { name: agentLeaseName(agent), namespace: SYSTEM };
    const spec: Lease["spec"] = {
      holderIdentity: agent,
      leaseDurationSeconds: 75,
      renewTime: microTimestamp(Date.now()),
    };
    const update = { metadata, spec };
    await this.clients.leases
      .mergePatch(metadata, update)
      .catch(() =>
        this.clients.leases.create({ apiVersion: "coordination.k8s.io/v1", kind: "Lease", ...update }),
      );
  }

  /** Renews until the function that it answers with is called: the agent dies. */
  keepAlive(agent: string, interval = 200): () => void {
    const timer = setInterval(() => void this.renew(agent).catch(() => {}), interval);
    return () => clearInterval(timer);
  }

  /** Node, Agent, Lease and a slot Pod that "runs". */
  async join(name: string): Promise<Live<Pod>> {
    await this.addNode(name);
    await this.addAgent(name);
    const slot = await this.eventually(() => this.slot(name));
    await this.grant(name);
    return slot;
  }

  slot(node: string): Promise<Live<Pod>> {
    return this.clients.pods.get({ namespace: SYSTEM, name: `mesos-slot-${node}` });
  }

  /** The kubelet's part of a slot Pod's status; what is left out stays. */
  async slotStatus(node: string, status: Partial<NonNullable<Pod["status"]>>): Promise<void> {
    await this.clients.pods.mergePatch(
      { namespace: SYSTEM, name: `mesos-slot-${node}` },
      { status },
      { subresource: "status" },
    );
  }

  /** What the kubelet writes when it grants what the slot Pod asks for. */
  async grant(node: string): Promise<void> {
    const requests = (await this.slot(node)).spec?.containers[0]?.resources?.requests ?? {};
    await this.slotStatus(node, { phase: "Running", conditions: [], containerStatuses: [running(requests)] });
  }

  /** Grants whatever is asked, until the function that it answers with is called and has settled. */
  obligingKubelet(node: string): () => Promise<void> {
    const stop = new AbortController();
    const running = (async () => {
      while (!stop.signal.aborted) {
        await this.grant(node).catch(() => {});
        await sleep(systemClock, 100, stop.signal).catch(() => {});
      }
    })();
    return () => {
      stop.abort();
      return running;
    };
  }

  async task(namespace: string, name: string, spec: Partial<TaskSpec> = {}): Promise<Live<Task>> {
    return this.clients.tasks.create({
      apiVersion: "mesos.dev/v1alpha1",
      kind: "Task",
      metadata: { name, namespace },
      spec: {
        role: "*",
        resources: [
          { name: "cpus", scalar: 0.5 },
          { name: "mem", scalar: 64 },
        ],
        command: { shell: true, value: "sleep 1" },
        ...spec,
      },
    });
  }

  getTask(namespace: string, name: string): Promise<Live<Task>> {
    return this.clients.tasks.get({ namespace, name });
  }

  /** What an agent reports. */
  async report(namespace: string, name: string, status: TaskStatus): Promise<Live<Task>> {
    return this.clients.tasks.mergePatch({ namespace, name }, { status }, { subresource: "status" });
  }

  async namespace(prefix: string): Promise<string> {
    const { metadata } = await namespaces(this.connection).create({
      metadata: { generateName: `${prefix}-` },
    });
    return metadata.name;
  }

  /** The result of `check` once it does not throw. */
  eventually<T>(check: () => Promise<T> | T, timeout = 10_000): Promise<T> {
    return vi.waitFor(check, { timeout, interval: 50 });
  }

  /** Reasons of the Events about an object. */
  async eventReasons(namespace: string, name: string): Promise<string[]> {
    const { items } = await events(this.connection).list({ namespace });
    return items.filter(({ regarding }) => regarding?.name === name).map(({ reason }) => reason ?? "");
  }
}

const running = (requests: Record<string, string>) => ({
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
