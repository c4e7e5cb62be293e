import { GROUP } from "../../../../src/api/group.ts";
import { type KubeObject, keyOf, type Live } from "../../../../src/cluster/object.ts";
import { BASE, type Size } from "../../../../src/controllers/slot/size.ts";
import { EtcdWriter, type Stored } from "./etcd.ts";
import { agent, lease, node, task } from "./objects.ts";

const PREFIX = "/registry";

/** What the API server has under the key, which is not its own version of it. */
function stored(folder: string, object: Live<KubeObject>): Stored {
  const { resourceVersion: _resourceVersion, ...metadata } = object.metadata;
  return { key: `${PREFIX}/${folder}/${keyOf(metadata)}`, object: { ...object, metadata } };
}

export const storedNode = (index: number, now: number): Stored => stored("minions", node(index, now));

export const storedLease = (index: number, now: number): Stored => stored("leases", lease(index, now));

function* cluster(agents: number, tasks: number, minimum: Size): Generator<Stored> {
  for (let index = 0; index < agents; index++) {
    const count = Math.ceil((tasks - index) / agents);
    const own = Array.from({ length: Math.max(0, count) }, (_, nth) => task(index + nth * agents, agents));
    const made = agent(index, own, minimum);
    yield storedNode(index, Date.now());
    yield storedLease(index, Date.now());
    yield stored("pods", made.slot);
    yield stored(`${GROUP}/agents`, made.agent);
    for (const one of own) yield stored(`${GROUP}/tasks`, one);
  }
}

/** Nodes with their agents, Leases and slot Pods, and running tasks on them, evenly spread: put into etcd in seconds. `minimum`: of a slot Pod. */
export async function seedCluster(
  etcd: string,
  agents: number,
  tasks: number,
  minimum: Size = BASE,
): Promise<void> {
  const writer = new EtcdWriter(etcd);
  try {
    await writer.putApart(cluster(agents, tasks, minimum));
  } finally {
    writer.close();
  }
}
