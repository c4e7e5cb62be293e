import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { kubectl } from "../manifests/kubectl.ts";
import { type Server, startServer } from "../server.ts";
import { CHART, helm, NAMESPACE, RELEASE } from "./helm.ts";

const SECRET = "mesos-operator-gateway-tls";
const OPERATOR = `system:serviceaccount:${NAMESPACE}:mesos-operator`;
const PRINCIPAL = "mesos.dev:principal:marathon";

let server: Server;
const run = (...args: string[]) => helm(args, server.kubeconfig);
const ask = (...args: string[]) => kubectl(args, { kubeconfig: server.kubeconfig });
const install = (...set: string[]) =>
  run("upgrade", "--install", RELEASE, CHART, "-n", NAMESPACE, "--create-namespace", ...set);
const gateway = (on: boolean, ...more: string[]) => install("--set", `gateway.enabled=${on}`, ...more);
const certificate = async () =>
  (await ask("get", "secret", SECRET, "-n", NAMESPACE, "-o", "jsonpath={.data}")).stdout;

beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server?.stop());

describe("the gateway on a real API server", () => {
  let first: string;

  test("is installed, and tells where it is and how to get in", async () => {
    const notes = await gateway(true);
    expect(notes).toContain(`https://mesos-operator-gateway.${NAMESPACE}.svc:5050/api/v1/scheduler`);
    expect(notes).toContain(
      "mesos-operator-gateway-tls -o 'go-template={{index .data \"ca.crt\" | base64decode}}'",
    );
    expect(notes).toContain("--clusterrole=mesos-operator-principal --user=mesos.dev:principal:example");
    first = await certificate();
    expect(Object.keys(JSON.parse(first)).sort()).toEqual(["ca.crt", "tls.crt", "tls.key"]);
    const service = await ask("get", "service", "mesos-operator-gateway", "-n", NAMESPACE, "-o", "name");
    expect(service.ok).toBe(true);
  });

  test("keeps its certificate through upgrades, while it is off, and through an uninstall", async () => {
    await gateway(true, "--set", "operator.replicas=3", "--set", "gateway.tls.days=10");
    expect(await certificate()).toBe(first);
    await gateway(false);
    expect(await certificate()).toBe(first);
    await gateway(true);
    expect(await certificate()).toBe(first);
    await run("uninstall", RELEASE, "-n", NAMESPACE);
    expect(await certificate()).toBe(first);
    await gateway(true);
    expect(await certificate()).toBe(first);
  }, 180_000);

  test("makes a new one when it is deleted", async () => {
    await ask("delete", "secret", SECRET, "-n", NAMESPACE);
    await gateway(true);
    const second = await certificate();
    expect(Object.keys(JSON.parse(second)).sort()).toEqual(["ca.crt", "tls.crt", "tls.key"]);
    expect(second).not.toBe(first);
  });

  const can = async (user: string, namespace: string, verb: string, what: string) => {
    const { stdout } = await ask("auth", "can-i", verb, what, "-n", namespace, "--as", user);
    return stdout.trim();
  };

  test.each([
    ["create", "tokenreviews.authentication.k8s.io", "default", "yes"],
    ["create", "subjectaccessreviews.authorization.k8s.io", "default", "yes"],
    ["create", "frameworks.mesos.dev", "default", "yes"],
    ["list", "secrets", NAMESPACE, "yes"],
    ["get", "secrets", NAMESPACE, "no"],
    ["list", "secrets", "default", "no"],
    ["use", "roles.mesos.dev", "default", "no"],
  ])("lets the operator %s %s in %s: %s", async (verb, what, namespace, answer) => {
    expect(await can(OPERATOR, namespace, verb, what)).toBe(answer);
  });

  test("lets a principal do what its bindings say", async () => {
    const may = async () => [
      await can(PRINCIPAL, "default", "create", "frameworks.mesos.dev"),
      await can(PRINCIPAL, NAMESPACE, "create", "frameworks.mesos.dev"),
      await can(PRINCIPAL, "default", "use", "roles.mesos.dev/eng"),
    ];
    expect(await may()).toEqual(["no", "no", "no"]);
    const role = "--clusterrole=mesos-operator-principal";
    await ask("create", "rolebinding", "m", "-n", "default", role, `--user=${PRINCIPAL}`);
    await expect.poll(may, { timeout: 10_000 }).toEqual(["yes", "no", "no"]);
    await ask(
      "create",
      "clusterrolebinding",
      "m",
      "--clusterrole=mesos-operator-use-roles",
      `--user=${PRINCIPAL}`,
    );
    await expect.poll(may, { timeout: 10_000 }).toEqual(["yes", "no", "yes"]);
  });
});
