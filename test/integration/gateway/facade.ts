import { Registry } from "prom-client";
import { createLogger } from "../../../src/cluster/logger.ts";
import { systemClock } from "../../../src/cluster/time.ts";
import { GatewayMetrics } from "../../../src/gateway/metrics.ts";
import { Gateway, type GatewayOptions } from "../../../src/gateway/server/gateway.ts";
import { PATIENCE } from "../../../src/http/connections.ts";
import { Throttle, type ThrottleOptions } from "../../../src/http/throttle.ts";

const UNLIMITED = { perSecond: 1000, burst: 1000, waiting: 1000 };

export const throttle = (options: Partial<ThrottleOptions> = {}) =>
  new Throttle({ ...UNLIMITED, ...options }, systemClock);

/** HTTP faces of replicas, with nothing behind them. */
export class Facades {
  readonly #running: Gateway[] = [];

  async start(more: Partial<GatewayOptions> = {}): Promise<{ gateway: Gateway; port: number }> {
    const gateway = new Gateway({
      port: 0,
      host: "127.0.0.1",
      authenticators: [],
      anonymous: true,
      limits: { body: 1 << 20, buffered: 1 << 20 },
      throttle: throttle(),
      sources: throttle(),
      connections: { ...PATIENCE, most: 1000 },
      followers: "Redirect",
      metrics: new GatewayMetrics(new Registry()),
      logger: createLogger({ name: "gateway", level: "silent" }),
      clock: systemClock,
      ...more,
    });
    this.#running.push(gateway);
    return { gateway, port: await gateway.start() };
  }

  async stop(): Promise<void> {
    await Promise.all(this.#running.splice(0).map((gateway) => gateway.stop()));
  }
}
