import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import { collectDefaultMetrics, Registry } from "prom-client";
import { Breath } from "../cluster/breath.ts";
import { Connection } from "../cluster/connection.ts";
import { HealthServer } from "../cluster/health.ts";
import { createLogger } from "../cluster/logger.ts";
import { Metrics } from "../cluster/metrics.ts";
import { systemClock } from "../cluster/time.ts";
import { loadConfig } from "../config/load.ts";
import { operatorConfig } from "../config/operator.ts";
import { Operator } from "../controllers/operator.ts";
import { createGateway, gatewayAddress, identityWithAddress } from "../gateway/compose.ts";

/** Of a call for the Lease: shorter than the time in which the Lease must be renewed. */
const ELECTION_TIMEOUT = 5_000;

async function main(): Promise<number> {
  const { env } = process;
  const config = loadConfig(operatorConfig, env.MESOS_CONFIG);
  const logger = createLogger({ name: "mesos-operator", level: config.logLevel });
  const registry = new Registry();
  const metrics = new Metrics(registry);
  // Memory, collections and how late the event loop is: process_*, nodejs_*.
  collectDefaultMetrics({ register: registry });
  const stop = new AbortController();
  for (const name of ["SIGTERM", "SIGINT"] as const) {
    process.once(name, () => {
      logger.info({ signal: name }, "stopping");
      stop.abort();
    });
  }

  const userAgent = "mesos-operator";
  const breath = Breath.of(systemClock);
  const connection = await Connection.load({
    userAgent,
    ...config.client,
    // What it is answered is news as what it watches: not for each step of a launch to wait behind all who have much to do.
    breath: breath.in("news"),
    onAnswer: metrics.answered,
  });
  // Its renewals wait for nobody's turn.
  const electionConnection = await Connection.load({
    userAgent: `${userAgent}/election`,
    timeout: ELECTION_TIMEOUT,
  });
  const address = gatewayAddress(config.gateway, env.POD_IP);
  const own = `${env.POD_NAME ?? hostname()}_${randomUUID()}`;
  const identity = address === undefined ? own : identityWithAddress(own, address);
  const gateway = config.gateway.enabled
    ? createGateway(config, connection, { logger, clock: systemClock, identity, registry })
    : undefined;
  const operator = new Operator({
    config,
    connection,
    electionConnection,
    identity,
    logger,
    clock: systemClock,
    breath,
    random: Math.random,
    registry,
    metrics,
    ...gateway?.hooks,
  });
  const health = new HealthServer({
    port: config.healthPort,
    livez: {},
    readyz: { caches: () => operator.unsynced(), leader: () => operator.leaderless() },
    registry,
  });
  const port = await health.start();
  logger.info({ port }, "serves /livez, /readyz and /metrics");
  try {
    if (gateway !== undefined) logger.info({ port: await gateway.server.start() }, "serves the Mesos API");
    const outcome = await operator.run(stop.signal);
    logger.info({ outcome }, "ended");
    // Another one may lead by now: what this process holds in memory is of no use any more.
    return outcome === "stopped" ? 0 : 1;
  } finally {
    await gateway?.server.stop();
    await health.stop();
    connection.close();
    electionConnection.close();
  }
}

main().then(
  (code) => {
    // Whatever is still open, say a connection to a silent API server, is not waited for.
    process.exit(code);
  },
  (error: unknown) => {
    console.error(error instanceof Error ? (error.stack ?? error.message) : error);
    process.exit(1);
  },
);
