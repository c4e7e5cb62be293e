import { setImmediate } from "node:timers/promises";
import { Registry } from "prom-client";
import type { Offer } from "../../../src/api/offer.ts";
import { Breath } from "../../../src/cluster/breath.ts";
import { Expiry } from "../../../src/cluster/expiry.ts";
import { createLogger } from "../../../src/cluster/logger.ts";
import { keyOf, type Live } from "../../../src/cluster/object.ts";
import { systemClock } from "../../../src/cluster/time.ts";
import { operatorConfig } from "../../../src/config/operator.ts";
import { AllocationLoop } from "../../../src/controllers/allocation/loop.ts";
import { cachesSynced, createCaches, runCaches } from "../../../src/controllers/caches.ts";
import type { Dependencies, RescindRequest } from "../../../src/controllers/dependencies.ts";
import { OperatorMetrics } from "../../../src/controllers/metrics.ts";
import { answer } from "../../../src/controllers/offer/answers.ts";
import { OfferStreams } from "../../../src/controllers/offer/streams.ts";
import { SlotHolds } from "../../../src/controllers/slot/holds.ts";
import { Mailbox } from "../../../src/controllers/trigger.ts";
import { createScheduling, type Scheduling } from "../../../src/controllers/world/scheduling.ts";
import { GatewayMetrics } from "../../../src/gateway/metrics.ts";
import { OperatorService } from "../../../src/gateway/operator/service.ts";
import type { SchedulerService } from "../../../src/gateway/scheduler/service.ts";
import { Gateway } from "../../../src/gateway/server/gateway.ts";
import { Standings } from "../../../src/gateway/state/standings.ts";
import { PATIENCE } from "../../../src/http/connections.ts";
import { Throttle } from "../../../src/http/throttle.ts";
import { clientsOf, type Lists } from "./memory.ts";
import { SYSTEM } from "./objects.ts";

/** Declined before others have their turn. */
const AT_ONCE = 20;
const NO_LIMIT = { perSecond: 1e6, burst: 1e6, waiting: 1_000 };

/** The parts of the operator that offer and that tell, in this process; what they know is made up. */
export class Leader {
  offers = 0;
  readonly #deps: Dependencies;
  readonly #scheduling: Scheduling;
  readonly #stop: AbortController;
  readonly #server: Gateway;

  private constructor(deps: Dependencies, scheduling: Scheduling, server: Gateway, stop: AbortController) {
    this.#deps = deps;
    this.#scheduling = scheduling;
    this.#server = server;
    this.#stop = stop;
  }

  static async start(
    lists: Lists,
    refuse: string,
  ): Promise<{ readonly leader: Leader; readonly port: number }> {
    const stop = new AbortController();
    const deps = dependencies(lists);
    void runCaches(deps.caches, stop.signal);
    await cachesSynced(deps.caches);
    const scheduling = createScheduling(deps);
    const metrics = new GatewayMetrics(new Registry());
    const server = new Gateway({
      port: 0,
      host: "127.0.0.1",
      authenticators: [],
      anonymous: true,
      limits: { body: 1 << 24, buffered: 1 << 23 },
      throttle: new Throttle(NO_LIMIT, systemClock),
      sources: new Throttle(NO_LIMIT, systemClock),
      connections: { ...PATIENCE, most: 10_000 },
      followers: "Redirect",
      metrics,
      logger: deps.logger,
      clock: systemClock,
    });
    const operator = new OperatorService(deps, scheduling, {
      authorizer: { allows: () => Promise.resolve(true) },
      metrics,
      // Nobody tears a framework down.
      schedulers: undefined as unknown as SchedulerService,
      standings: await Standings.of(deps),
      heartbeat: 15_000,
      identity: "bench",
      master: undefined,
    });
    const leader = new Leader(deps, scheduling, server, stop);
    leader.#connect(refuse);
    const scheduler = undefined as unknown as SchedulerService;
    server.leads({ scheduler, operator });
    void operator.run(stop.signal);
    void new AllocationLoop(deps, scheduling).run(stop.signal);
    return { leader, port: await server.start() };
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#server.stop();
  }

  /** Each framework declines whatever it is offered, a few at a time, as calls come. */
  #connect(refuse: string): void {
    const { caches, offerStreams } = this.#deps;
    offerStreams.serve(0);
    for (const { metadata } of caches.frameworks.store.values()) {
      offerStreams.attach(keyOf(metadata), {
        prepare: (offer) => ({ offer, told: undefined }),
        offered: (offers) => {
          this.offers += offers.length;
          void this.#decline(
            offers.map(({ offer }) => offer),
            refuse,
          );
        },
        closed: () => {},
      });
    }
  }

  async #decline(offers: readonly Live<Offer>[], refuse: string): Promise<void> {
    const { offers: book } = this.#scheduling.assumed;
    for (const [i, offer] of offers.entries()) {
      if (i % AT_ONCE === 0) await setImmediate();
      const current = book.get(keyOf(offer.metadata));
      if (current === undefined) continue;
      const declined = book.respond(current, { decline: { filters: { refuse } } });
      await answer(this.#deps, this.#scheduling, declined, this.#stop.signal);
    }
  }
}

function dependencies(lists: Lists): Dependencies {
  const config = operatorConfig.parse({
    namespace: SYSTEM,
    agents: { timeout: "10h" },
    gateway: { enabled: true, anonymous: true },
  });
  const logger = createLogger({ name: "bench", level: process.env.LOG_LEVEL ?? "error" });
  const clients = clientsOf(lists);
  const caches = createCaches(clients, { logger, clock: systemClock });
  const allocationRequests = new Mailbox<string>();
  const rescindRequests = new Mailbox<RescindRequest>();
  const nothing: unknown = { record: () => {} };
  return {
    config,
    clients,
    caches,
    clock: systemClock,
    breath: Breath.of(systemClock),
    random: Math.random,
    recorder: nothing as Dependencies["recorder"],
    logger,
    metrics: new OperatorMetrics(new Registry()),
    controllerMetrics: nothing as Dependencies["controllerMetrics"],
    agentLeases: new Expiry(caches.leases, { duration: 36_000_000, clock: systemClock }),
    offerStreams: new OfferStreams(),
    slotHolds: new SlotHolds(systemClock),
    requestAllocation: (reason) => allocationRequests.send(reason),
    allocationRequests,
    rescindOffers: (request) => rescindRequests.send(request),
    rescindRequests,
  };
}
