import { offers, tasks } from "../../../src/client/handles.ts";
import type { Connection } from "../../../src/cluster/connection.ts";
import { pods } from "../../../src/cluster/core.ts";
import type { KubeObject } from "../../../src/cluster/object.ts";
import type { Resource, Selection } from "../../../src/cluster/resource.ts";
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
  await gone("tasks", framework, tasks(connection), selection);
  await gone("offers", framework, offers(connection), selection);
}

export async function sweepPods(connection: Connection, load: string): Promise<void> {
  const selection = { labelSelector: `bench=${load}` };
  const body = { gracePeriodSeconds: 0 };
  await connection.call({ method: "DELETE", path: `${CORE}/pods`, query: selection, body });
  await gone("Pods", load, pods(connection), selection);
}

async function gone(
  what: string,
  owner: string,
  resource: Pick<Resource<KubeObject>, "pages">,
  selection: Selection,
): Promise<void> {
  // One is enough to know that some are left.
  const options = { namespace: WORK, ...selection, limit: 1 };
  const isGone = async () => {
    for await (const { items } of resource.pages(options)) return items.length === 0 || undefined;
    return true as const;
  };
  await until(isGone, PATIENCE, () => `the ${what} of ${owner} are not gone after ${PATIENCE / 1000} s`);
}
