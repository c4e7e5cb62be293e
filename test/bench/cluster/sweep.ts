import { offers, tasks } from "../../../src/client/handles.ts";
import type { Connection } from "../../../src/cluster/connection.ts";
import { pods } from "../../../src/cluster/core.ts";
import { WORK } from "./controlplane.ts";
import { until } from "./waiting.ts";

const PATIENCE = 300_000;
const CORE = `/api/v1/namespaces/${WORK}`;
const OURS = `/apis/mesos.dev/v1alpha1/namespaces/${WORK}`;

/** Removes what a measurement of a framework left: its tasks and offers. The operator must run: it lets the tasks go. */
export async function sweepTasks(connection: Connection, framework: string): Promise<void> {
  const selection = { fieldSelector: `spec.framework=${framework}` };
  await connection.call({ method: "DELETE", path: `${OURS}/tasks`, query: selection });
  await connection.call({ method: "DELETE", path: `${OURS}/offers`, query: selection });
  await gone(
    "tasks",
    framework,
    async () => (await tasks(connection).list({ namespace: WORK, ...selection })).items,
  );
  await gone(
    "offers",
    framework,
    async () => (await offers(connection).list({ namespace: WORK, ...selection })).items,
  );
}

export async function sweepPods(connection: Connection, load: string): Promise<void> {
  const selection = { labelSelector: `bench=${load}` };
  const body = { gracePeriodSeconds: 0 };
  await connection.call({ method: "DELETE", path: `${CORE}/pods`, query: selection, body });
  await gone(
    "Pods",
    load,
    async () => (await pods(connection).list({ namespace: WORK, ...selection })).items,
  );
}

async function gone(what: string, owner: string, left: () => Promise<readonly unknown[]>): Promise<void> {
  await until(
    async () => ((await left()).length === 0 ? true : undefined),
    PATIENCE,
    () => `the ${what} of ${owner} are not gone after ${PATIENCE / 1000} s`,
  );
}
