import type { Registry } from "prom-client";
import { durationMs } from "../api/duration.ts";
import { aborted } from "../cluster/aborted.ts";
import { Breath } from "../cluster/breath.ts";
import type { Connection } from "../cluster/connection.ts";
import { events, leases } from "../cluster/core.ts";
import { Election } from "../cluster/election.ts";
import { EventWriter } from "../cluster/events.ts";
import { Expiry } from "../cluster/expiry.ts";
import type { Logger } from "../cluster/logger.ts";
import type { Metrics } from "../cluster/metrics.ts";
import type { Clock } from "../cluster/time.ts";
import type { OperatorConfig } from "../config/operator.ts";
import { createAgentController } from "./agent/controller.ts";
import { createAllocationController } from "./allocation/controller.ts";
import { allCaches, type Caches, cachesSynced, createCaches, runCaches } from "./caches.ts";
import { createClients } from "./clients.ts";
import type { Dependencies, RescindRequest, Runnable } from "./dependencies.ts";
import { createExecutorController } from "./executor/controller.ts";
import { createFrameworkController } from "./framework/controller.ts";
import { createMaintenanceController } from "./maintenance/controller.ts";
import { OperatorMetrics } from "./metrics.ts";
import { labelReader } from "./node/attributes.ts";
import { createOfferController } from "./offer/controller.ts";
import { OfferStreams } from "./offer/streams.ts";
import { createQuotaController } from "./quota/controller.ts";
import { createReclaimController } from "./reclaim/controller.ts";
import { createReservationController } from "./reservation/controller.ts";
import { createRoleController } from "./role/controller.ts";
import { createSlotController } from "./slot/controller.ts";
import { SlotHolds } from "./slot/holds.ts";
import { createTaintController } from "./taint/controller.ts";
import { createTaskController } from "./task/controller.ts";
import { Mailbox } from "./trigger.ts";
import { createScheduling, type Scheduling } from "./world/scheduling.ts";
import { seed } from "./world/seed.ts";

export interface OperatorOptions {
  readonly config: OperatorConfig;
  /** For everything but the election. */
  readonly connection: Connection;
  /** The election's own, so that renewals never wait behind other calls. */
  readonly electionConnection: Connection;
  /** Unique among all replicas that ever were. */
  readonly identity: string;
  readonly logger: Logger;
  readonly clock: Clock;
  /** Shared by all that work long in this process; absent: its own. */
  readonly breath?: Breath;
  /** In [0, 1). */
  readonly random: () => number;
  readonly registry: Registry;
  readonly metrics: Metrics;
  /** More that runs while this replica leads, say what serves other APIs over the same state. */
  readonly whileLeading?: (deps: Dependencies, scheduling: Scheduling) => Promise<Runnable>;
  /** Told of each leader's identity. */
  readonly onNewLeader?: (leader: string) => void;
}

/**
 * One replica: mirrors the cluster from its start, so that it can decide as soon as it leads, and runs the controllers
 * while it leads.
 */
export class Operator {
  readonly #options: OperatorOptions;
  readonly #deps: Dependencies;
  readonly #election: Election;
  readonly #events: EventWriter;
  /** Whether another replica was seen to lead, or this one has begun to. */
  #leaderKnown = false;

  constructor(options: OperatorOptions) {
    const { config, connection, electionConnection, identity, logger, clock, metrics } = options;
    const { namespace, leaseName: name } = config;
    this.#options = options;
    this.#events = new EventWriter(events(connection), {
      controller: "mesos.dev/operator",
      instance: identity,
      logger,
      clock,
    });
    this.#deps = dependencies(options, this.#events);
    for (const cache of allCaches(this.#deps.caches)) metrics.watch(cache.name, cache);
    this.#election = new Election(leases(electionConnection), {
      namespace,
      name,
      identity,
      onStarted: (signal) => this.#lead(signal),
      onNewLeader: (leader) => {
        logger.info({ leader }, "a leader was elected");
        if (leader !== identity) this.#leaderKnown = true;
        options.onNewLeader?.(leader);
      },
      logger,
      clock,
    });
  }

  get leading(): boolean {
    return this.#election.leading;
  }

  /** Of all that it mirrors; why it is not ready to take over, or undefined. */
  unsynced(): string | undefined {
    const missing = allCaches(this.#deps.caches).filter(({ hasSynced }) => !hasSynced);
    return missing.length === 0 ? undefined : `not listed yet: ${missing.map(({ name }) => name).join(", ")}`;
  }

  /**
   * Why clients must not come yet, or undefined: there is nobody to whom it could lead them. Only until it knows a first leader: when that
   * one goes, those who stand by are to take over. Who can neither see the Lease nor take it stays so, and is no stand-by.
   */
  leaderless(): string | undefined {
    return this.#leaderKnown ? undefined : "nobody is known to lead yet";
  }

  /** "stopped": the signal aborted, the Lease is released. "lost": others may lead by now, so exit. */
  async run(signal: AbortSignal): Promise<"stopped" | "lost"> {
    const { metrics, config } = this.#options;
    // Caches and events outlive the controllers, which use them until they end.
    const rest = new AbortController();
    const background = Promise.all([
      runCaches(this.#deps.caches, rest.signal),
      this.#events.run(rest.signal),
    ]);
    metrics.leading(config.leaseName, false);
    try {
      return await this.#election.run(signal);
    } finally {
      metrics.leading(config.leaseName, false);
      rest.abort();
      this.#deps.agentLeases.close();
      await background;
    }
  }

  async #lead(signal: AbortSignal): Promise<void> {
    const { config, logger, metrics, clock } = this.#options;
    const began = clock.monotonic();
    await Promise.race([cachesSynced(this.#deps.caches), aborted(signal)]);
    if (signal.aborted) return;
    const scheduling = createScheduling(this.#deps);
    await seed(this.#deps, scheduling, signal).catch((error: unknown) => {
      if (!signal.aborted) throw error;
    });
    if (signal.aborted) return;
    metrics.leading(config.leaseName, true);
    logger.info({ milliseconds: Math.round(clock.monotonic() - began) }, "began to lead");
    const controllers: Runnable[] = [
      createAgentController(this.#deps),
      createSlotController(this.#deps),
      createTaskController(this.#deps),
      createExecutorController(this.#deps),
      createTaintController(this.#deps),
      createFrameworkController(this.#deps, scheduling),
      createRoleController(this.#deps, scheduling),
      createQuotaController(this.#deps, scheduling),
      createReservationController(this.#deps, scheduling),
      createOfferController(this.#deps, scheduling),
      createMaintenanceController(this.#deps, scheduling),
      createAllocationController(this.#deps, scheduling),
      createReclaimController(this.#deps, scheduling),
    ];
    // Each looks through much as it is made.
    await this.#deps.breath.take();
    const more = await this.#options.whileLeading?.(this.#deps, scheduling);
    if (more !== undefined) controllers.push(more);
    await this.#deps.breath.take();
    this.#leaderKnown = true;
    const running: Promise<void>[] = [];
    for (const controller of controllers) {
      running.push(controller.run(signal));
      await this.#deps.breath.take();
    }
    await Promise.all(running);
    scheduling.mirror.close();
    scheduling.views.close();
  }
}

function dependencies(options: OperatorOptions, recorder: EventWriter): Dependencies {
  const { config, connection, logger, clock, random, registry, metrics } = options;
  const clients = createClients(connection);
  const { breath = Breath.of(clock) } = options;
  const caches: Caches = createCaches(clients, { logger, clock, breath, readsLabel: labelReader(config) });
  const allocationRequests = new Mailbox<string>();
  const rescindRequests = new Mailbox<RescindRequest>();
  return {
    config,
    clients,
    caches,
    clock,
    breath,
    random,
    recorder,
    logger,
    metrics: new OperatorMetrics(registry),
    controllerMetrics: metrics,
    agentLeases: new Expiry(caches.leases, { duration: durationMs(config.agents.timeout), clock }),
    offerStreams: new OfferStreams(),
    slotHolds: new SlotHolds(clock),
    requestAllocation: (reason) => allocationRequests.send(reason),
    allocationRequests,
    rescindOffers: (request) => rescindRequests.send(request),
    rescindRequests,
  };
}
