import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { kubectl } from "../manifests/kubectl.ts";
import { type Server, startServer } from "../server.ts";
import { CHART, helm, NAMESPACE, RELEASE, setting } from "./helm.ts";

/** etcd takes 1.5 MiB a request, Kubernetes 1 MiB a Secret: helm keeps each release in one. */
const RELEASE_LIMIT = 1024 * 1024;

let server: Server;
const run = (...args: string[]) => helm(args, server.kubeconfig);
const ask = (...args: string[]) => kubectl(args, { kubeconfig: server.kubeconfig });
const install = (...more: string[]) =>
  run("upgrade", "--install", RELEASE, CHART, "-n", NAMESPACE, "--create-namespace", ...more);
const existing = async (kind: string) => {
  const { stdout } = await ask(
    "get",
    kind,
    "-A",
    "-l",
    `app.kubernetes.io/instance=${RELEASE}`,
    "-o",
    "name",
  );
  return stdout.split("\n").filter((line) => line !== "");
};

beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server?.stop());

describe("on a real API server, the chart", () => {
  test("is taken whole, with every option", async () => {
    await ask("create", "namespace", NAMESPACE);
    const options = {
      "networkPolicy.enabled": true,
      "gateway.enabled": true,
      "networkPolicy.gatewayFrom": [{ ipBlock: { cidr: "10.0.0.0/8" } }],
      "slot.priorityClass": { create: true, name: "slots", value: 1 },
      "agent.secrets": { access: "Namespaces", namespaces: ["default"] },
    };
    for (const values of [{}, options]) {
      const text = await run("template", RELEASE, CHART, "--no-hooks", "-n", NAMESPACE, ...setting(values));
      const answer = await kubectl(
        ["apply", "--server-side", "--dry-run=server", "--validate=strict", "-f", "-"],
        { kubeconfig: server.kubeconfig, input: text },
      );
      expect(answer.stderr.split("\n").filter((line) => line !== "" && !line.startsWith("Warning"))).toEqual(
        [],
      );
      expect(answer.ok).toBe(true);
      expect(answer.stdout.split("\n").length).toBeGreaterThan(40);
    }
  });

  test("is installed, and tells what to do next", async () => {
    const notes = await install();
    expect(notes).toContain("helm test mesos-operator -n mesos-system");
    expect(await existing("deployments,daemonsets")).toHaveLength(2);
    expect(await existing("customresourcedefinitions")).toHaveLength(8);
  });

  test("leaves helm's record of it far below its limit", async () => {
    const { stdout } = await ask("get", "secrets", "-n", NAMESPACE, "-l", "owner=helm", "-o", "json");
    const { items } = JSON.parse(stdout) as { items: { data: { release: string } }[] };
    expect(items).toHaveLength(1);
    for (const { data } of items) {
      expect(data.release.length).toBeLessThan(RELEASE_LIMIT / 2);
      const record = Buffer.from(Buffer.from(data.release, "base64").toString(), "base64");
      expect(gunzipSync(record).toString()).toContain("offers.mesos.dev");
    }
  });

  test("has its policies in the API server", async () => {
    const policies = async () => {
      const { stdout } = await ask("get", "validatingadmissionpolicies", "-o", "json");
      return (JSON.parse(stdout) as { items: { metadata: { name: string }; spec: object }[] }).items;
    };
    expect((await policies()).map(({ metadata }) => metadata.name).sort()).toEqual([
      "executors.mesos.dev",
      "mesos-operator-agent-node",
      "mesos-operator-offer-pod-security",
      "mesos-operator-offers",
      "mesos-operator-placing",
      "mesos-operator-status",
      "mesos-operator-task-pod-security",
      "offers.mesos.dev",
      "tasks.mesos.dev",
    ]);
  });

  test("upgrades the CustomResourceDefinitions with the rest", async () => {
    const column = [
      { op: "replace", path: "/spec/versions/0/additionalPrinterColumns/0/name", value: "Old" },
    ];
    await ask("patch", "crd", "roles.mesos.dev", "--type=json", "-p", JSON.stringify(column));
    await install("--set", "operator.replicas=3");
    const { stdout } = await ask(
      "get",
      "crd",
      "roles.mesos.dev",
      "-o",
      "jsonpath={.spec.versions[0].additionalPrinterColumns[0].name}",
    );
    expect(stdout).toBe("Path");
    const replicas = await ask(
      "get",
      "deployment",
      RELEASE,
      "-n",
      NAMESPACE,
      "-o",
      "jsonpath={.spec.replicas}",
    );
    expect(replicas.stdout).toBe("3");
  });

  test("leaves what users made when it is uninstalled, and nothing else", async () => {
    const role = {
      apiVersion: "mesos.dev/v1alpha1",
      kind: "Role",
      metadata: { name: "eng" },
      spec: { path: "eng" },
    };
    await kubectl(["create", "-f", "-"], { kubeconfig: server.kubeconfig, input: JSON.stringify(role) });
    await run("uninstall", RELEASE, "-n", NAMESPACE);
    const kinds =
      "deployments,daemonsets,services,configmaps,serviceaccounts,roles.rbac.authorization.k8s.io,rolebindings,clusterroles,clusterrolebindings,poddisruptionbudgets,resourcequotas,pods,flowschemas,prioritylevelconfigurations";
    expect(await existing(kinds)).toEqual([]);
    // Part of what Offers and Tasks are.
    const policies = await existing("validatingadmissionpolicies,validatingadmissionpolicybindings");
    expect(policies.map((name) => name.split("/")[1])).toEqual([
      ...["executors.mesos.dev", "offers.mesos.dev", "tasks.mesos.dev"],
      ...["executors.mesos.dev", "offers.mesos.dev", "tasks.mesos.dev"],
    ]);
    expect(await existing("customresourcedefinitions")).toHaveLength(8);
    expect((await ask("get", "mrole", "eng", "-o", "name")).stdout).toContain("eng");
  });

  test("is installed again over what it left", async () => {
    await install();
    expect(await existing("deployments,daemonsets")).toHaveLength(2);
    expect((await ask("get", "mrole", "eng", "-o", "name")).stdout).toContain("eng");
  });
});
