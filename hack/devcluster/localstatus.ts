import type { LocalCluster } from "./localcluster.ts";

interface NodeList {
  readonly items: readonly {
    readonly metadata: { readonly name: string };
    readonly status: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
  }[];
}

async function readyNodes(cluster: LocalCluster): Promise<Set<string> | undefined> {
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
export async function printStatus(cluster: LocalCluster, print: (line: string) => void): Promise<boolean> {
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
