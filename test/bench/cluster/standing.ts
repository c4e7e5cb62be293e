import { API_VERSION, TASK_FINALIZER } from "../../../src/api/group.ts";
import type { Task } from "../../../src/api/task.ts";
import { tasks } from "../../../src/client/handles.ts";
import type { Connection } from "../../../src/cluster/connection.ts";
import { eachLimited } from "../../../src/controllers/allocation/limited.ts";
import { WORK } from "./controlplane.ts";
import { nodeName } from "./simulator/protocol.ts";
import { until } from "./waiting.ts";

/** Tasks made at a time. */
const WIDTH = 48;
const POLL = 1_000;
const PATIENCE = 900_000;

/** Makes tasks that run, evenly spread, until the benchmark ends. Resolves when all run. */
export async function makeExisting(
  connection: Connection,
  count: number,
  agents: number,
  say: (done: number) => void,
): Promise<void> {
  await make(connection, count, (index) =>
    builtIn(`existing-${index}`, "sleep infinity", 0.1, nodeName(index % agents)),
  );
  const handle = tasks(connection);
  let looked = Number.NEGATIVE_INFINITY;
  await until(
    async () => {
      if (performance.now() < looked + POLL) return undefined;
      looked = performance.now();
      const fieldSelector = "status.state=TASK_RUNNING";
      const { items } = await handle.list({ namespace: WORK, fieldSelector });
      say(items.length);
      return items.length >= count ? true : undefined;
    },
    PATIENCE,
    () =>
      `the ${count} --existing tasks do not all run after ${PATIENCE / 1000} s: try fewer, or more --agents`,
  );
}

/** Makes tasks that wait for an agent larger than any. */
export function makeFlood(connection: Connection, count: number): Promise<void> {
  return make(connection, count, (index) => builtIn(`flood-${index}`, "sleep 1", 1000, undefined));
}

function make(connection: Connection, count: number, task: (index: number) => Task): Promise<void> {
  const handle = tasks(connection);
  const all = Array.from({ length: count }, (_, index) => index);
  return eachLimited(all, WIDTH, async (index) => {
    await handle.create(task(index));
  });
}

const builtIn = (name: string, command: string, cpus: number, agent: string | undefined): Task => ({
  apiVersion: API_VERSION,
  kind: "Task",
  metadata: { name, namespace: WORK, finalizers: [TASK_FINALIZER] },
  spec: {
    role: "*",
    ...(agent !== undefined && { agent }),
    resources: [
      { name: "cpus", scalar: cpus },
      { name: "mem", scalar: 64 },
    ],
    command: { shell: true, value: command },
  },
});
