import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import { Registry } from "prom-client";
import { Agent } from "../agent/agent.ts";
import { Connection } from "../cluster/connection.ts";
import { HealthServer } from "../cluster/health.ts";
import { createLogger } from "../cluster/logger.ts";
import { Metrics } from "../cluster/metrics.ts";
import { systemClock } from "../cluster/time.ts";
import { agentConfig } from "../config/agent.ts";
import { loadConfig } from "../config/load.ts";

async function main(): Promise<void> {
  const { env } = process;
  const config = loadConfig(agentConfig, env.MESOS_CONFIG);
  const log = createLogger({ name: "mesos-agent", level: config.logLevel });
  const registry = new Registry();
  const metrics = new Metrics(registry);
  const stop = new AbortController();
  for (const name of ["SIGTERM", "SIGINT"] as const) {
    process.once(name, () => {
      log.info({ signal: name }, "stopping; the tasks go on");
      stop.abort(new Error("the agent stops"));
    });
  }
  const connection = await Connection.load({
    userAgent: "mesos-agent",
    qps: 100,
    burst: 200,
    onAnswer: metrics.answered,
  });
  const agent = new Agent({
    config,
    connection,
    node: env.NODE_NAME ?? hostname(),
    addresses: (env.HOST_IP ?? "").split(",").filter((address) => address !== ""),
    identity: `${env.POD_NAME ?? hostname()}_${randomUUID()}`,
    clock: systemClock,
    uuid: randomUUID,
    log,
    registry,
  });
  const health = new HealthServer({
    port: config.healthPort,
    livez: {},
    readyz: { agent: () => agent.unready() },
    registry,
  });
  const port = await health.start();
  log.info({ port }, "serves /livez, /readyz and /metrics");
  try {
    await agent.run(stop.signal);
  } catch (error) {
    if (!stop.signal.aborted) throw error;
  } finally {
    await health.stop();
    connection.close();
  }
}

main().then(
  () => {
    // Calls that wait for containerd or a silent API server are not waited for.
    process.exit(0);
  },
  (error: unknown) => {
    console.error(error instanceof Error ? (error.stack ?? error.message) : error);
    process.exit(1);
  },
);
