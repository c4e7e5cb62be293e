import type { Pod } from "../../src/cluster/core.ts";
import type { Live } from "../../src/cluster/object.ts";
import { type Cluster, until } from "./cluster.ts";

const LEASE = "mesos-operator";

export function operatorPods({ kinds, test }: Cluster): Promise<readonly Live<Pod>[]> {
  const labelSelector = "app.kubernetes.io/component=operator";
  return kinds.pods.list({ namespace: test.operatorNamespace, labelSelector }).then(({ items }) => items);
}

/** Who holds the Lease, and when it was taken. Waits for somebody to. */
export function leader({
  kinds,
  test,
}: Cluster): Promise<{ readonly identity: string; readonly acquired: number }> {
  return until("somebody leads", async () => {
    const { spec } = await kinds.leases.get({ name: LEASE, namespace: test.operatorNamespace });
    const identity = spec?.holderIdentity ?? "";
    return identity !== "" && { identity, acquired: Date.parse(spec?.acquireTime ?? "") };
  });
}

/** The Pod that leads, once all of the operator's are ready. */
export async function leadingPod(cluster: Cluster): Promise<Live<Pod>> {
  return until("an operator leads and all are ready", async () => {
    const [{ identity }, pods] = await Promise.all([leader(cluster), operatorPods(cluster)]);
    const ready = ({ metadata, status }: Live<Pod>) =>
      metadata.deletionTimestamp === undefined &&
      status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True");
    if (pods.length < 2 || !pods.every(ready)) return undefined;
    return pods.find(({ metadata }) => identity.startsWith(`${metadata.name}_`));
  });
}

/** SIGKILL to a Pod's only container; when it was sent, by this machine's clock. */
export async function killPod(cluster: Cluster, { spec, status }: Live<Pod>): Promise<number> {
  const id = status?.containerStatuses?.[0]?.containerID?.replace("containerd://", "");
  await cluster.onNode(spec?.nodeName ?? "", `ctr -n k8s.io tasks kill --signal SIGKILL ${id}`);
  return Date.now();
}
