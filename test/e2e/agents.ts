import type { Pod } from "../../src/cluster/core.ts";
import type { Live } from "../../src/cluster/object.ts";
import { type Cluster, until } from "./cluster.ts";

/** The agent's Pod on a node, once it is ready. */
export function agentPod(cluster: Cluster, node: string): Promise<Live<Pod>> {
  const selection = {
    namespace: cluster.test.operatorNamespace,
    labelSelector: "app.kubernetes.io/component=agent",
    fieldSelector: `spec.nodeName=${node}`,
  };
  return until(`the agent of ${node} is ready`, async () => {
    const { items } = await cluster.kinds.pods.list(selection);
    return items.find(
      ({ metadata, status }) =>
        metadata.deletionTimestamp === undefined &&
        status?.conditions?.some((each) => each.type === "Ready" && each.status === "True"),
    );
  });
}

/** When a process of a node was started, in clock ticks since the boot (field 22 of /proc/PID/stat). */
export async function processStart(cluster: Cluster, node: string, pid: number): Promise<string> {
  const stat = await cluster.onNode(node, `cat /proc/${pid}/stat`);
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "";
}

/** SIGKILL to the agent's process; `ended` resolves when it is ready again. */
export async function killAgent(cluster: Cluster, node: string): Promise<{ readonly ended: Promise<void> }> {
  const restarts = (pod: Live<Pod>) => pod.status?.containerStatuses?.[0]?.restartCount ?? 0;
  const pod = await agentPod(cluster, node);
  const before = restarts(pod);
  const id = pod.status?.containerStatuses?.[0]?.containerID?.replace("containerd://", "");
  await cluster.onNode(node, `ctr -n k8s.io tasks kill --signal SIGKILL ${id}`);
  const again = async () => restarts(await agentPod(cluster, node)) > before;
  const ended = until(`the agent of ${node} runs again`, again).then(() => {});
  return { ended };
}
