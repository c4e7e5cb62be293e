import { setTimeout as delay } from "node:timers/promises";
import { API_VERSION, TASK_FINALIZER } from "../../../src/api/group.ts";
import type { Task } from "../../../src/api/task.ts";
import { tasks } from "../../../src/client/handles.ts";
import { findCondition } from "../../../src/cluster/conditions.ts";
import type { Connection } from "../../../src/cluster/connection.ts";
import { eachLimited } from "../../../src/controllers/limited.ts";
import { WORK } from "./controlplane.ts";
import { BenchError } from "./failure.ts";

/** Tasks made at a time. */
const WIDTH = 48;
/** Milliseconds. */
const PATIENCE = 300_000;
const LOOK_EVERY = 2_000;

/** Makes tasks that wait for an agent larger than any, and resolves once each is told why it waits: some a second. */
export async function makeFlood(connection: Connection, count: number): Promise<void> {
  const handle = tasks(connection);
  const all = Array.from({ length: count }, (_, index) => index);
  await eachLimited(all, WIDTH, async (index) => {
    await handle.create(unplaceable(`flood-${index}`));
  });
  let told = 0;
  for (const deadline = performance.now() + PATIENCE; told < count; await delay(LOOK_EVERY)) {
    if (performance.now() > deadline)
      throw new BenchError(`${told} of ${count} tasks were told why they wait: try fewer`);
    const { items } = await handle.list({ namespace: WORK });
    told = items.filter(
      ({ status }) => findCondition(status?.conditions, "Placed")?.status === "False",
    ).length;
  }
}

const unplaceable = (name: string): Task => ({
  apiVersion: API_VERSION,
  kind: "Task",
  metadata: { name, namespace: WORK, finalizers: [TASK_FINALIZER] },
  spec: {
    role: "*",
    resources: [
      { name: "cpus", scalar: 1000 },
      { name: "mem", scalar: 64 },
    ],
    command: { shell: true, value: "sleep 1" },
  },
});
