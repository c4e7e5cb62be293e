import { serviceAccounts } from "../../../src/cluster/core.ts";
import type { AgentNode } from "./agentNode.ts";

const GROUP = "rbac.authorization.k8s.io";

/** All that the agent's API asks for. */
export const EVERYTHING: readonly object[] = [
  { apiGroups: ["mesos.dev"], resources: ["agents", "agents/logging"], verbs: ["get", "update"] },
  {
    apiGroups: ["mesos.dev"],
    resources: ["tasks", "tasks/log", "tasks/exec", "tasks/attach"],
    verbs: ["*"],
  },
];

/** Makes a service account that may do this all over the cluster; its token. */
export async function tokenOf(node: AgentNode, name: string, rules: readonly object[]): Promise<string> {
  const account = { name, namespace: node.namespace };
  await serviceAccounts(node.connection).create({ metadata: account });
  const review = await serviceAccounts(node.connection).post<{ status: { token: string } }>(
    account,
    "token",
    { apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", spec: {} },
  );
  const rbac = (plural: string, body: object) =>
    node.connection.call({
      method: "POST",
      path: `/apis/${GROUP}/v1/${plural}`,
      body: { apiVersion: `${GROUP}/v1`, metadata: { name: `${node.name}-${name}` }, ...body },
    });
  await rbac("clusterroles", { kind: "ClusterRole", rules });
  await rbac("clusterrolebindings", {
    kind: "ClusterRoleBinding",
    roleRef: { apiGroup: GROUP, kind: "ClusterRole", name: `${node.name}-${name}` },
    subjects: [{ kind: "ServiceAccount", ...account }],
  });
  return review.status.token;
}
