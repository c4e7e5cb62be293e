import { Registry } from "prom-client";
import { durationMs } from "../../../src/api/duration.ts";
import type { KubernetesObject } from "../../../src/api/kind.ts";
import { Breath } from "../../../src/cluster/breath.ts";
import { Expiry } from "../../../src/cluster/expiry.ts";
import { createLogger } from "../../../src/cluster/logger.ts";
import { Metrics } from "../../../src/cluster/metrics.ts";
import type { Resource } from "../../../src/cluster/resource.ts";
import { systemClock } from "../../../src/cluster/time.ts";
import { operatorConfig } from "../../../src/config/operator.ts";
import { createAllocationController } from "../../../src/controllers/allocation/controller.ts";
import { cachesSynced, createCaches, runCaches } from "../../../src/controllers/caches.ts";
import type { Clients } from "../../../src/controllers/clients.ts";
import type { Dependencies } from "../../../src/controllers/dependencies.ts";
import { OperatorMetrics } from "../../../src/controllers/metrics.ts";
import { OfferStreams } from "../../../src/controllers/offer/streams.ts";
import { SlotHolds } from "../../../src/controllers/slot/holds.ts";
import { Mailbox } from "../../../src/controllers/trigger.ts";
import { createScheduling, type Scheduling } from "../../../src/controllers/world/scheduling.ts";
import { Feed } from "./feed.ts";

/** The object that a client is of. */
type ObjectOf<C> = C extends Resource<infer T> ? T : never;
export type Feeds = { readonly [K in keyof Clients]: Feed<ObjectOf<Clients[K]>> };
export type ObjectIn<K extends keyof Feeds> =
  Feeds[K] extends Feed<infer T> ? T : KubernetesObject<object, object>;

export function createFeeds(): Feeds {
  const at = (plural: string) => ({ group: "", version: "v1", kind: plural, plural, namespaced: true });
  return {
    agents: new Feed(at("agents")),
    executors: new Feed(at("executors")),
    frameworks: new Feed(at("frameworks")),
    offers: new Feed(at("offers")),
    quotas: new Feed(at("quotas")),
    reservations: new Feed(at("reservations")),
    roles: new Feed(at("roles")),
    tasks: new Feed(at("tasks")),
    leases: new Feed(at("leases")),
    namespaces: new Feed(at("namespaces")),
    nodes: new Feed(at("nodes")),
    pods: new Feed(at("pods")),
  };
}

/** What a leading operator has of caches, views, mirror, engine and allocation loop: the real ones, fed by `feeds`. */
export class Mirror {
  readonly scheduling: Scheduling;
  readonly #deps: Dependencies;

  constructor(feeds: Feeds, maxOffers: number) {
    const clock = systemClock;
    const registry = new Registry();
    const logger = createLogger({ name: "bench", level: "error" });
    const config = operatorConfig.parse({ offers: { maxPerFramework: maxOffers } });
    const clients: Clients = feeds;
    const caches = createCaches(clients, { logger, clock });
    const allocationRequests = new Mailbox<string>();
    this.#deps = {
      ...{ config, clients, caches, clock, breath: Breath.of(clock), logger, random: Math.random },
      recorder: { record: () => {} },
      metrics: new OperatorMetrics(registry),
      controllerMetrics: new Metrics(registry),
      agentLeases: new Expiry(caches.leases, { duration: durationMs(config.agents.timeout), clock }),
      offerStreams: new OfferStreams(),
      slotHolds: new SlotHolds(clock),
      requestAllocation: (reason) => allocationRequests.send(reason),
      allocationRequests,
      rescindOffers: () => {},
      rescindRequests: new Mailbox(),
    };
    this.scheduling = createScheduling(this.#deps);
  }

  now(): number {
    return this.#deps.clock.monotonic();
  }

  /** Until the signal aborts; `synced` once everything was listed. */
  async run(signal: AbortSignal, synced: () => void): Promise<void> {
    const { caches } = this.#deps;
    const running = runCaches(caches, signal);
    await cachesSynced(caches);
    synced();
    await Promise.all([running, createAllocationController(this.#deps, this.scheduling).run(signal)]);
  }
}
