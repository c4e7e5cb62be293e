import { Registry } from "prom-client";
import { durationMs } from "../../../src/api/duration.ts";
import type { Task, TaskStatus } from "../../../src/api/task.ts";
import { Breath } from "../../../src/cluster/breath.ts";
import { events, type Pod } from "../../../src/cluster/core.ts";
import { EventWriter } from "../../../src/cluster/events.ts";
import { Expiry } from "../../../src/cluster/expiry.ts";
import { createLogger } from "../../../src/cluster/logger.ts";
import { Metrics } from "../../../src/cluster/metrics.ts";
import type { Live } from "../../../src/cluster/object.ts";
import { sleep, systemClock } from "../../../src/cluster/time.ts";
import { operatorConfig } from "../../../src/config/operator.ts";
import { createAgentController } from "../../../src/controllers/agent/controller.ts";
import { cachesSynced, createCaches, runCaches } from "../../../src/controllers/caches.ts";
import type { Dependencies, RescindRequest } from "../../../src/controllers/dependencies.ts";
import { OperatorMetrics } from "../../../src/controllers/metrics.ts";
import { OfferStreams } from "../../../src/controllers/offer/streams.ts";
import { createSlotController } from "../../../src/controllers/slot/controller.ts";
import { SlotHolds } from "../../../src/controllers/slot/holds.ts";
import { createTaintController } from "../../../src/controllers/taint/controller.ts";
import { createTaskController } from "../../../src/controllers/task/controller.ts";
import { Mailbox } from "../../../src/controllers/trigger.ts";
import { BareCluster, type ReadyServer, readyServer } from "../bareCluster.ts";

/** The node side of the operator: its controllers of agents, slots, tasks and taints, without the allocator. */
export class NodeSide extends BareCluster {
  readonly deps: Dependencies;
  readonly rescinded: RescindRequest[] = [];
  readonly requested: string[] = [];
  readonly #stop: AbortController = new AbortController();
  readonly #running: Promise<unknown>;

  private constructor(server: ReadyServer, config: object) {
    super(server);
    const logger = createLogger({ name: "node-side", level: process.env.LOG_LEVEL ?? "silent" });
    const registry = new Registry();
    const caches = createCaches(this.clients, { logger, clock: systemClock, freeze: true });
    const parsed = operatorConfig.parse(config);
    const agentLeases = new Expiry(caches.leases, { duration: durationMs(parsed.agents.timeout) });
    const recorder = new EventWriter(events(server.connection), {
      controller: "mesos.dev/operator",
      instance: "test",
      logger,
    });
    this.deps = {
      config: parsed,
      clients: this.clients,
      caches,
      clock: systemClock,
      breath: Breath.of(systemClock),
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
      createTaintController(this.deps).run(signal),
    ]);
  }

  static async start(config: object = {}): Promise<NodeSide> {
    const server = await readyServer();
    const side = new NodeSide(server, config);
    await cachesSynced(side.deps.caches);
    return side;
  }

  override async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
    this.deps.agentLeases.close();
    await super.stop();
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

  /** What an agent reports. */
  async report(namespace: string, name: string, status: TaskStatus): Promise<Live<Task>> {
    return this.clients.tasks.mergePatch({ namespace, name }, { status }, { subresource: "status" });
  }
}
