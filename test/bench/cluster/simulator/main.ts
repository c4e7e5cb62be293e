/** The nodes of the benchmark as one process: kubelets and agents, whose objects are there already. Started by `simulation.ts`; ends with its parent. */
import { tasks } from "../../../../src/client/handles.ts";
import { Connection } from "../../../../src/cluster/connection.ts";
import { pods } from "../../../../src/cluster/core.ts";
import { createLogger } from "../../../../src/cluster/logger.ts";
import { Reflector } from "../../../../src/cluster/reflector.ts";
import { createAgents } from "./agents.ts";
import { keepAlive } from "./heartbeats.ts";
import { createKubelets } from "./kubelet.ts";
import type { SimulatorMessage, SimulatorSettings } from "./protocol.ts";

/** The nodes of a real cluster have a client each: theirs together knows no limit. */
const UNLIMITED = { qps: 1_000_000, burst: 1_000_000, timeout: 120_000 };

const tell = (message: SimulatorMessage): void => void process.send?.(message);

async function main(): Promise<void> {
  const settings = JSON.parse(process.argv[2] ?? "{}") as SimulatorSettings;
  const { kubeconfig, agents: count, heartbeat } = settings;
  const stop = new AbortController();
  process.once("disconnect", () => process.exit(0));
  process.once("SIGTERM", () => process.exit(0));
  const logger = createLogger({ name: "simulator", level: "warn" });
  const connect = (part: string) =>
    Connection.load({ userAgent: `bench-simulator/${part}`, kubeconfig, ...UNLIMITED });
  const [connection, heart] = await Promise.all([connect("nodes"), connect("heartbeats")]);
  const { signal } = stop;

  const podCache = new Reflector(pods(connection), { logger });
  const taskCache = new Reflector(tasks(connection), {
    logger,
    indexers: { agent: ({ spec }) => (spec.agent === undefined ? [] : [spec.agent]) },
  });
  const late = (milliseconds: number) => tell({ kind: "late", milliseconds });
  const running = [
    ...(heartbeat > 0 ? [keepAlive(heart, count, heartbeat, late, signal)] : []),
    podCache.run(signal),
    taskCache.run(signal),
    createKubelets(pods(connection), podCache, logger).run(signal),
    createAgents({ tasks: tasks(connection), taskCache, podCache, logger, signal }).run(signal),
  ];
  await Promise.all([podCache.synced, taskCache.synced]);
  tell({ kind: "up" });
  await Promise.all(running);
}

main().catch((error: unknown) => {
  tell({ kind: "failed", message: error instanceof Error ? (error.stack ?? error.message) : String(error) });
  process.exit(1);
});
