import { X509Certificate } from "node:crypto";
import { createSecureContext } from "node:tls";
import { beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { operatorConfig } from "../../../src/config/operator.ts";
import { type Manifest, NAMESPACE, named, pick, type Rule, render, type Values } from "./helm.ts";

const NAME = "mesos-operator-gateway";
const SECRET = `${NAME}-tls`;
const MOUNT = "/etc/mesos-gateway-tls";

const withGateway = (more: Values = {}) => render({ "gateway.enabled": true, ...more });
const configOf = (manifests: Manifest[]) =>
  operatorConfig.parse(parse(pick(manifests, "ConfigMap").data["operator.yaml"] ?? "")).gateway;
const podOf = (manifests: Manifest[]) => pick(manifests, "Deployment").spec.template.spec;
const text = (manifest: Manifest, key: string) =>
  Buffer.from(manifest.data[key] ?? "", "base64").toString("utf8");

let without: Manifest[];
let manifests: Manifest[];
beforeAll(async () => {
  [without, manifests] = await Promise.all([render(), withGateway()]);
});

describe("gateway.enabled", () => {
  test("adds a Service, a certificate and roles for principals, and nothing else", () => {
    const before = named(without);
    expect(named(manifests).filter((name) => !before.includes(name))).toEqual([
      "ClusterRole/mesos-operator-principal",
      "ClusterRole/mesos-operator-use-roles",
      `Secret/${SECRET}`,
      `Service/${NAME}`,
    ]);
    expect(before.filter((name) => !named(manifests).includes(name))).toEqual([]);
    expect(configOf(without)).toMatchObject({ enabled: false });
    expect(podOf(without).containers[0].ports?.map(({ name }) => name)).toEqual(["health"]);
    expect(podOf(without).volumes.map(({ name }) => name)).toEqual(["config", "tmp"]);
  });

  test("has the operators listen with the certificate that is mounted", () => {
    expect(configOf(manifests)).toMatchObject({
      enabled: true,
      port: 5050,
      anonymous: false,
      followers: "Proxy",
      tls: { cert: `${MOUNT}/tls.crt`, key: `${MOUNT}/tls.key` },
    });
    const { containers, volumes } = podOf(manifests);
    expect(containers[0].ports).toContainEqual({ name: "gateway", containerPort: 5050, protocol: "TCP" });
    const mount = { name: "gateway-tls", mountPath: MOUNT, readOnly: true };
    expect(containers[0].volumeMounts).toContainEqual(mount);
    const items = ["tls.crt", "tls.key"].map((key) => ({ key, path: key }));
    const secret = { secretName: SECRET, defaultMode: 0o440, items };
    expect(volumes).toContainEqual({ name: "gateway-tls", secret });
  });

  test("gives the operators a token for agents alone, and agents the name of who has it", async () => {
    const { volumes } = podOf(manifests);
    const token = { audience: "mesos.dev/agent", expirationSeconds: 3600, path: "token" };
    const projected = { sources: [{ serviceAccountToken: token }] };
    expect(volumes).toContainEqual({ name: "agent-token", projected });
    const items = [{ key: "ca.crt", path: "ca.crt" }];
    const secret = { secretName: "mesos-operator-agent-tls", optional: true, items };
    expect(volumes).toContainEqual({ name: "agents-ca", secret });
    expect(configOf(manifests)).toMatchObject({
      agentTls: { ca: "/etc/mesos-agents-ca/ca.crt", serverName: `mesos-operator-agent.${NAMESPACE}.svc` },
    });
    const agent = parse(pick(manifests, "ConfigMap", "mesos-operator-agent").data["agent.yaml"] ?? "");
    expect(agent).toMatchObject({ operatorUser: `system:serviceaccount:${NAMESPACE}:mesos-operator` });
    const list = await withGateway({ "networkPolicy.enabled": true, "agent.http.port": 6051 });
    expect(configOf(list)).toMatchObject({ agentPort: 6051 });
    const { egress } = pick(list, "NetworkPolicy").spec as unknown as Record<string, object[]>;
    expect(egress).toContainEqual({ ports: [{ protocol: "TCP", port: 6051 }] });
  });

  test("has all ready operators behind the Service", () => {
    const { spec } = pick(manifests, "Service", NAME);
    expect(spec).toEqual({
      type: "ClusterIP",
      publishNotReadyAddresses: false,
      selector: {
        "app.kubernetes.io/name": "mesos-operator",
        "app.kubernetes.io/instance": "mesos-operator",
        "app.kubernetes.io/component": "operator",
      },
      ports: [{ name: "gateway", port: 5050, targetPort: "gateway", protocol: "TCP", appProtocol: "https" }],
    });
  });

  test("is reached as the values say", async () => {
    const list = await withGateway({
      "gateway.port": 5051,
      "gateway.advertise": "mesos.example:443",
      "gateway.followers": "Redirect",
      "gateway.service": {
        type: "LoadBalancer",
        nodePort: 30050,
        annotations: { "example.com/lb": "internal" },
        loadBalancerSourceRanges: ["10.0.0.0/8"],
      },
    });
    const { metadata, spec } = pick(list, "Service", NAME);
    expect(metadata.annotations).toEqual({ "example.com/lb": "internal" });
    expect(spec).toMatchObject({
      type: "LoadBalancer",
      loadBalancerSourceRanges: ["10.0.0.0/8"],
      ports: [{ port: 5051, nodePort: 30050 }],
    });
    expect(configOf(list)).toMatchObject({
      port: 5051,
      advertise: "mesos.example:443",
      followers: "Redirect",
    });
    expect(podOf(list).containers[0].ports).toContainEqual(expect.objectContaining({ containerPort: 5051 }));
  });

  test("is not taken for metrics", async () => {
    const list = await withGateway({ "metrics.serviceMonitor.enabled": true });
    const labels = pick(list, "Service", NAME).metadata.labels ?? {};
    for (const { spec } of list.filter(({ kind }) => kind === "ServiceMonitor")) {
      const { matchLabels } = spec.selector as { matchLabels: Record<string, string> };
      expect(Object.entries(matchLabels).every(([key, value]) => labels[key] === value)).toBe(false);
    }
  });

  test("has names that Kubernetes takes, whatever the release is called", async () => {
    const long = await render({ "gateway.enabled": true }, "r".repeat(53));
    for (const { metadata } of long) expect(metadata.name.length).toBeLessThanOrEqual(63);
    expect(new Set(named(long)).size).toBe(long.length);
  });
});

describe("the certificate", () => {
  test("is for the Service's names, signed by the authority beside it, and stays", async () => {
    const secret = pick(manifests, "Secret", SECRET);
    expect(secret.type).toBe("kubernetes.io/tls");
    expect(secret.metadata.annotations).toEqual({ "helm.sh/resource-policy": "keep" });
    expect(Object.keys(secret.data).sort()).toEqual(["ca.crt", "tls.crt", "tls.key"]);
    const certificate = new X509Certificate(text(secret, "tls.crt"));
    const authority = new X509Certificate(text(secret, "ca.crt"));
    expect(certificate.verify(authority.publicKey)).toBe(true);
    expect([authority.ca, certificate.ca]).toEqual([true, false]);
    for (const name of [NAME, `${NAME}.${NAMESPACE}`, `${NAME}.${NAMESPACE}.svc`, "localhost"]) {
      expect([name, certificate.checkHost(name)]).toEqual([name, name]);
    }
    expect(certificate.checkIP("127.0.0.1")).toBe("127.0.0.1");
    expect(() =>
      createSecureContext({ cert: text(secret, "tls.crt"), key: text(secret, "tls.key") }),
    ).not.toThrow();
  });

  test("is for more names where the values say so, for as long as they say", async () => {
    const tls = { dnsNames: ["mesos.example"], ipAddresses: ["192.0.2.7"], days: 30 };
    const list = await withGateway({ "gateway.tls": tls });
    const certificate = new X509Certificate(text(pick(list, "Secret", SECRET), "tls.crt"));
    expect(certificate.checkHost("mesos.example")).toBe("mesos.example");
    expect(certificate.checkIP("192.0.2.7")).toBe("192.0.2.7");
    const days = (Date.parse(certificate.validTo) - Date.parse(certificate.validFrom)) / 86_400_000;
    expect(days).toBeCloseTo(30, 0);
  });

  test("is the user's own where one is named", async () => {
    const list = await withGateway({ "gateway.tls.secretName": "mine" });
    expect(named(list)).not.toContain(`Secret/${SECRET}`);
    const volume = podOf(list).volumes.find(({ name }) => name === "gateway-tls");
    expect(volume?.secret).toMatchObject({ secretName: "mine" });
    expect(configOf(list).tls).toEqual({ cert: `${MOUNT}/tls.crt`, key: `${MOUNT}/tls.key` });
  });

  test("is not there with gateway.plain.enabled", async () => {
    const list = await withGateway({ "gateway.plain.enabled": true });
    expect(named(list)).not.toContain(`Secret/${SECRET}`);
    expect(configOf(list).tls).toBeUndefined();
    const names = podOf(list).volumes.map(({ name }) => name);
    expect(names).toEqual(["config", "tmp", "agent-token", "agents-ca"]);
    expect(pick(list, "Service", NAME).spec).toMatchObject({ ports: [{ appProtocol: "http" }] });
  });
});

describe("what the gateway may do", () => {
  const added = (kind: string) => {
    const rules = (list: Manifest[]) => pick(list, kind).rules;
    const before = rules(without).map((rule) => JSON.stringify(rule));
    return rules(manifests).filter((rule) => !before.includes(JSON.stringify(rule)));
  };

  test("is to ask who somebody is and what he may do, to make Frameworks, and to do as operators say", () => {
    const expected: Rule[] = [
      { apiGroups: ["authentication.k8s.io"], resources: ["tokenreviews"], verbs: ["create"] },
      { apiGroups: ["authorization.k8s.io"], resources: ["subjectaccessreviews"], verbs: ["create"] },
      { apiGroups: ["mesos.dev"], resources: ["frameworks"], verbs: ["create"] },
      { apiGroups: ["mesos.dev"], resources: ["quotas", "roles"], verbs: ["create", "patch"] },
      { apiGroups: ["mesos.dev"], resources: ["quotas"], verbs: ["delete"] },
    ];
    expect(added("ClusterRole")).toEqual(expected);
  });

  test("is to read Secrets in the operator's namespace alone", () => {
    expect(added("Role")).toEqual([{ apiGroups: [""], resources: ["secrets"], verbs: ["list"] }]);
    expect(pick(manifests, "Role").metadata.namespace).toBe(NAMESPACE);
  });

  test("has no wildcard in it, nor have the roles of principals", () => {
    const words = manifests
      .filter(({ kind }) => kind === "Role" || kind === "ClusterRole")
      .flatMap(({ rules }) => rules.flatMap((rule) => [...rule.apiGroups, ...rule.resources, ...rule.verbs]));
    expect(words.length).toBeGreaterThan(100);
    expect(words.filter((word) => word.includes("*"))).toEqual([]);
  });
});

describe("its NetworkPolicy", () => {
  const operators = {
    podSelector: {
      matchLabels: {
        "app.kubernetes.io/name": "mesos-operator",
        "app.kubernetes.io/instance": "mesos-operator",
        "app.kubernetes.io/component": "operator",
      },
    },
  };
  const ports = [{ protocol: "TCP", port: 5050 }];

  test("lets clients in, and the operators reach each other", async () => {
    const list = await withGateway({ "networkPolicy.enabled": true });
    const { ingress, egress } = pick(list, "NetworkPolicy").spec as unknown as Record<string, object[]>;
    expect(ingress).toContainEqual({ ports });
    expect(egress).toContainEqual({ ports, to: [operators] });
    expect(JSON.stringify(await render({ "networkPolicy.enabled": true }))).not.toContain(
      JSON.stringify(ports),
    );
  });

  test("lets in those of networkPolicy.gatewayFrom alone, and the operators", async () => {
    const peer = { namespaceSelector: { matchLabels: { team: "mesos" } } };
    const list = await withGateway({ "networkPolicy.enabled": true, "networkPolicy.gatewayFrom": [peer] });
    const { ingress } = pick(list, "NetworkPolicy").spec as unknown as Record<string, object[]>;
    expect(ingress?.slice(1)).toEqual([{ ports, from: [peer, operators] }]);
  });
});
