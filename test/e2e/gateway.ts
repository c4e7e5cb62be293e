import type { GatewayAddress } from "./library.ts";
import { leadingPod } from "./operators.ts";
import type { Scene } from "./scene.ts";

const RBAC = "rbac.authorization.k8s.io";

/** Turns the gateway on or off, by an upgrade of the chart. */
export async function serveGateway({ cluster }: Scene, enabled: boolean): Promise<void> {
  const { release, operatorNamespace } = cluster.test;
  const flags = ["--namespace", operatorNamespace, "--reuse-values", "--wait", "--timeout", "3m"];
  const type = enabled ? "NodePort" : "ClusterIP";
  const values = ["--set", `gateway.enabled=${enabled},gateway.service.type=${type}`];
  await cluster.helm("upgrade", release, "charts/mesos-operator", ...flags, ...values);
  await leadingPod(cluster);
}

/** A principal named as the scene's namespace, whose frameworks live there, with the roles `*` and that of its name. */
export async function letIn({ cluster, namespace: name }: Scene, password: string): Promise<void> {
  const { release, operatorNamespace } = cluster.test;
  const subjects = [{ apiGroup: RBAC, kind: "User", name: `mesos.dev:principal:${name}` }];
  const bound = (kind: string, namespace: string | undefined, role: string) => ({
    apiVersion: `${RBAC}/v1`,
    kind,
    metadata: { name, namespace },
    roleRef: { apiGroup: RBAC, kind: "ClusterRole", name: role },
    subjects,
  });
  await cluster.apply(
    {
      apiVersion: "v1",
      kind: "Secret",
      metadata: {
        name,
        namespace: operatorNamespace,
        labels: { "mesos.dev/credential": "true" },
        annotations: { "mesos.dev/namespace": name },
      },
      type: "kubernetes.io/basic-auth",
      stringData: { username: name, password },
    },
    {
      apiVersion: `${RBAC}/v1`,
      kind: "ClusterRole",
      metadata: { name },
      // The role `*` itself: RBAC takes resourceNames literally.
      rules: [{ apiGroups: ["mesos.dev"], resources: ["roles"], resourceNames: ["*", name], verbs: ["use"] }],
    },
    bound("RoleBinding", name, `${release}-principal`),
    bound("ClusterRoleBinding", undefined, name),
  );
}

/** Takes back what letIn gave. */
export async function shutOut({ cluster, namespace: name }: Scene): Promise<void> {
  const { operatorNamespace } = cluster.test;
  await cluster.kubectl("delete", "secret", name, "--ignore-not-found", "-n", operatorNamespace);
  await cluster.kubectl("delete", "clusterrole,clusterrolebinding", name, "--ignore-not-found");
}

/** The Service from outside: a port of each node, with the certificate that the chart has made. */
export async function gatewayAddress({ cluster, node1 }: Scene): Promise<GatewayAddress> {
  const { release, operatorNamespace } = cluster.test;
  const name = `${release}-gateway`;
  const get = (kind: string, object: string, path: string) =>
    cluster.kubectl("get", kind, object, "-n", operatorNamespace, "-o", `jsonpath={${path}}`);
  const ca = Buffer.from(await get("secret", `${name}-tls`, ".data.ca\\.crt"), "base64").toString("utf8");
  return {
    host: await cluster.address(node1),
    port: Number(await get("service", name, ".spec.ports[0].nodePort")),
    servername: `${name}.${operatorNamespace}.svc`,
    ca,
  };
}
