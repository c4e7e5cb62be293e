import { Registry } from "prom-client";
import { afterEach, describe, expect, it } from "vitest";
import { createLogger } from "../../../src/cluster/logger.ts";
import { systemClock } from "../../../src/cluster/time.ts";
import { GatewayMetrics } from "../../../src/gateway/metrics.ts";
import { Gateway, type GatewayOptions } from "../../../src/gateway/server/gateway.ts";
import { Throttle } from "../../../src/http/throttle.ts";
import { writtenCalls } from "../../../src/wire/scheduler.fixture.ts";
import { ask } from "./client.ts";

const LIMITS = { perSecond: 1000, burst: 1000, waiting: 1000 };

/** A replica's HTTP face while there is no leader behind it. */
describe("a gateway that cannot answer", () => {
  const running: Gateway[] = [];
  afterEach(() => Promise.all(running.splice(0).map((gateway) => gateway.stop())));

  const start = async (limits = LIMITS, more: Partial<GatewayOptions> = {}) => {
    const gateway = new Gateway({
      port: 0,
      host: "127.0.0.1",
      authenticators: [],
      anonymous: true,
      limits: { body: 1 << 20, buffered: 1 << 20 },
      throttle: new Throttle(limits, systemClock),
      followers: "Redirect",
      metrics: new GatewayMetrics(new Registry()),
      logger: createLogger({ name: "gateway", level: "silent" }),
      clock: systemClock,
      ...more,
    });
    running.push(gateway);
    return { gateway, port: await gateway.start() };
  };

  it.each(writtenCalls("f").map(({ type }) => type))(
    "tells %s that nobody leads, or who does, before it looks at it",
    async (type) => {
      const { gateway, port } = await start();
      const asked = { headers: { "Content-Type": "application/json" }, body: JSON.stringify({ type }) };
      expect(await ask(port, asked)).toMatchObject({ status: 503, body: "No leader elected" });
      gateway.follows({ self: true, address: undefined });
      expect(await ask(port, asked)).toMatchObject({ status: 503, body: "Master has not finished recovery" });
      gateway.follows({ self: false, address: "10.0.0.1:5050" });
      const redirected = await ask(port, { ...asked, path: "/master/api/v1/scheduler" });
      expect(redirected.status).toBe(307);
      expect(redirected.headers.location).toBe("//10.0.0.1:5050/master/api/v1/scheduler");
    },
  );

  it("refuses what is more than may wait", async () => {
    const { port } = await start({ perSecond: 2, burst: 1, waiting: 1 });
    const answered = await Promise.all(Array.from({ length: 4 }, () => ask(port, {})));
    expect(answered.map(({ status }) => status).sort()).toEqual([429, 429, 503, 503]);
  });

  it("says so while credentials cannot be checked", async () => {
    const broken = { scheme: "basic", authenticate: () => Promise.reject(new Error("away")) } as const;
    const { port } = await start(LIMITS, { authenticators: [broken] });
    const headers = { Authorization: "Basic YTpi" };
    expect(await ask(port, { headers })).toMatchObject({
      status: 503,
      body: "the credentials cannot be checked now",
    });
  });
});
