import type { Cluster } from "./cluster.ts";
import { CONTROL_PLANE } from "./controlplane.ts";
import { ClusterError } from "./failure.ts";
import { NODE_DAEMONS } from "./node.ts";

/**
 * The process that `what` and `daemon` name on the command line: `node1 kubelet`, `apiserver`, `kube-scheduler`.
 * @throws ClusterError when there is none.
 */
export function daemonProcess(cluster: Cluster, what: string, daemon: string | undefined): string {
  if (daemon !== undefined) {
    const known = NODE_DAEMONS.find((name) => name === daemon);
    if (known === undefined)
      throw new ClusterError(`A node runs ${NODE_DAEMONS.join(", ")}, but no ${daemon}.`);
    return cluster.node(what).processName(known);
  }
  const found = CONTROL_PLANE.find((name) => name === what || name === `kube-${what}`);
  if (found === undefined)
    throw new ClusterError(`There is no ${what}: say NODE DAEMON or one of ${CONTROL_PLANE.join(", ")}.`);
  return found;
}

interface NodeList {
  readonly items: readonly {
    readonly metadata: { readonly name: string };
    readonly status: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
  }[];
}

async function readyNodes(cluster: Cluster): Promise<Set<string> | undefined> {
  const text = await cluster
    .kubectl(["get", "nodes", "-o", "json", "--request-timeout=5s"])
    .catch(() => undefined);
  if (text === undefined) return undefined;
  const ready = (JSON.parse(text) as NodeList).items.filter(({ status }) =>
    status.conditions?.some((condition) => condition.type === "Ready" && condition.status === "True"),
  );
  return new Set(ready.map(({ metadata }) => metadata.name));
}

/** Prints what runs and what does not; true when everything does and every node is Ready. */
export async function printStatus(cluster: Cluster, print: (line: string) => void): Promise<boolean> {
  const { processes } = cluster;
  let good = true;
  for (const name of cluster.processNames) {
    const record = processes.find(name);
    good &&= record !== undefined;
    const what =
      record === undefined ? `not running, see ${processes.logFile(name)}` : `running, pid ${record.pid}`;
    print(`${name.padEnd(26)} ${what}`);
  }
  const ready = await readyNodes(cluster);
  for (const { plan } of cluster.nodes) {
    const isReady = ready?.has(plan.name) === true;
    good &&= isReady;
    const what =
      ready === undefined ? "unknown: the API server does not answer" : isReady ? "Ready" : "NotReady";
    print(`${plan.name.padEnd(26)} ${what}, ${plan.address}, pods ${plan.podCidr}`);
  }
  return good;
}
