import { X509Certificate } from "node:crypto";
import { beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { agentConfig } from "../../../src/config/agent.ts";
import { type Manifest, NAMESPACE, named, pick, render } from "./helm.ts";

const NAME = "mesos-operator-agent";
const SECRET = `${NAME}-tls`;
const MOUNT = "/etc/mesos-agent-tls";

const configOf = (manifests: Manifest[]) =>
  agentConfig.parse(parse(pick(manifests, "ConfigMap", NAME).data["agent.yaml"] ?? "")).http;
const podOf = (manifests: Manifest[]) => pick(manifests, "DaemonSet", NAME).spec.template.spec;
const text = (manifest: Manifest, key: string) =>
  Buffer.from(manifest.data[key] ?? "", "base64").toString("utf8");

let manifests: Manifest[];
beforeAll(async () => {
  manifests = await render();
});

describe("the agents' API", () => {
  test("is served on each node, with the certificate that is mounted", () => {
    expect(configOf(manifests)).toMatchObject({
      port: 5051,
      plain: false,
      tls: { cert: `${MOUNT}/tls.crt`, key: `${MOUNT}/tls.key` },
    });
    const { containers, volumes } = podOf(manifests);
    const port = { name: "api", containerPort: 5051, hostPort: 5051, protocol: "TCP" };
    expect(containers[0].ports).toContainEqual(port);
    expect(containers[0].volumeMounts).toContainEqual({ name: "tls", mountPath: MOUNT, readOnly: true });
    const items = ["tls.crt", "tls.key"].map((key) => ({ key, path: key }));
    expect(volumes).toContainEqual({
      name: "tls",
      secret: { secretName: SECRET, defaultMode: 0o400, items },
    });
  });

  test("has a certificate for a name that all nodes share, signed by the authority beside it, that stays", () => {
    const secret = pick(manifests, "Secret", SECRET);
    expect(secret.metadata.annotations).toEqual({ "helm.sh/resource-policy": "keep" });
    const certificate = new X509Certificate(text(secret, "tls.crt"));
    expect(certificate.verify(new X509Certificate(text(secret, "ca.crt")).publicKey)).toBe(true);
    const name = `${NAME}.${NAMESPACE}.svc`;
    expect(certificate.checkHost(name)).toBe(name);
  });

  test("is as the values say", async () => {
    const list = await render({
      "agent.http.port": 5061,
      "agent.http.plain.enabled": true,
      "agent.http.tls.secretName": "mine",
      "agent.http.maxBodyBytes": 65536,
      "agent.http.executorRequests.perSecond": 7,
    });
    const executorRequests = { perSecond: 7, burst: 1000, waiting: 1000 };
    expect(configOf(list)).toMatchObject({ port: 5061, plain: true, maxBodyBytes: 65536, executorRequests });
    expect(named(list)).not.toContain(`Secret/${SECRET}`);
    const volume = podOf(list).volumes.find(({ name }) => name === "tls");
    expect(volume?.secret).toMatchObject({ secretName: "mine" });
  });

  test("may be used by who may view and edit tasks", () => {
    const granted = (role: string) =>
      pick(manifests, "ClusterRole", `mesos-operator-${role}`).rules.flatMap(({ resources, verbs }) =>
        resources.flatMap((one) => verbs.map((verb) => `${verb} ${one}`)),
      );
    expect(granted("view")).toContain("get tasks/log");
    expect(granted("view").filter((one) => one.startsWith("create"))).toEqual([]);
    expect(granted("edit")).toEqual(expect.arrayContaining(["create tasks/exec", "create tasks/attach"]));
    expect(granted("manager")).toContain("update agents/logging");
  });
});
