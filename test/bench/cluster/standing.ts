import { API_VERSION, TASK_FINALIZER } from "../../../src/api/group.ts";
import type { Task } from "../../../src/api/task.ts";
import { tasks } from "../../../src/client/handles.ts";
import type { Connection } from "../../../src/cluster/connection.ts";
import { eachLimited } from "../../../src/controllers/limited.ts";
import { WORK } from "./controlplane.ts";

/** Tasks made at a time. */
const WIDTH = 48;

/** Makes tasks that wait for an agent larger than any. */
export function makeFlood(connection: Connection, count: number): Promise<void> {
  const handle = tasks(connection);
  const all = Array.from({ length: count }, (_, index) => index);
  return eachLimited(all, WIDTH, async (index) => {
    await handle.create(unplaceable(`flood-${index}`));
  });
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
