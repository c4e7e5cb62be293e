import { type Apiserver, get } from "./apiserver.ts";
import type { LocalCluster } from "./localcluster.ts";

interface NodeList {
  readonly items: readonly {
    readonly metadata: { readonly name: string };
    readonly status: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
  }[];
}

/** Names of the nodes that are Ready; undefined when the API server does not answer. */
export async function readyNodes(apiserver: Apiserver): Promise<Set<string> | undefined> {
  const answer = await get(apiserver, "/api/v1/nodes");
  if (answer?.status !== 200) return undefined;
  const ready = (JSON.parse(answer.body) as NodeList).items.filter(({ status }) =>
    status.conditions?.some((condition) => condition.type === "Ready" && condition.status === "True"),
  );
  return new Set(ready.map(({ metadata }) => metadata.name));
}

/** Prints what runs and what does not; true when everything does and every node is Ready. */
export async function printStatus(
  cluster: LocalCluster,
  apiserver: Apiserver,
  print: (line: string) => void,
): Promise<boolean> {
  const { processes } = cluster;
  let good = true;
  for (const name of cluster.processNames) {
    const record = processes.find(name);
    good &&= record !== undefined;
    const what =
      record === undefined ? `not running, see ${processes.logFile(name)}` : `running, pid ${record.pid}`;
    print(`${name.padEnd(26)} ${what}`);
  }
  const ready = await readyNodes(apiserver);
  for (const { plan } of cluster.nodes) {
    const isReady = ready?.has(plan.name) === true;
    good &&= isReady;
    const what =
      ready === undefined ? "unknown: the API server does not answer" : isReady ? "Ready" : "NotReady";
    print(`${plan.name.padEnd(26)} ${what}, ${plan.address}, pods ${plan.podCidr}`);
  }
  return good;
}
