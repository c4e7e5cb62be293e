import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { type ApiserverPlan, apiserverArguments } from "./apiserver.ts";
import { buildFlags, moduleKey } from "./binaries.ts";
import { containerOf, kindConfig } from "./kind.ts";
import { kubeconfig } from "./kubeconfig.ts";
import { registryConfig } from "./registry.ts";

describe("moduleKey", () => {
  const sources = new Map([
    ["go.mod", "a"],
    ["go.sum", "b"],
  ]);

  test("does not depend on the order of the files", () => {
    const reversed = new Map([...sources].reverse());
    expect(moduleKey(reversed, [], "go1.26")).toBe(moduleKey(sources, [], "go1.26"));
  });

  test("changes with a file, a flag and the version of Go", () => {
    const key = moduleKey(sources, ["-x"], "go1.26");
    expect(moduleKey(new Map([...sources, ["main.go", ""]]), ["-x"], "go1.26")).not.toBe(key);
    expect(moduleKey(sources, ["-y"], "go1.26")).not.toBe(key);
    expect(moduleKey(sources, ["-x"], "go1.27")).not.toBe(key);
  });
});

test("buildFlags carries tags and versions", () => {
  expect(buildFlags({ tags: ["a", "b"], set: { "x.v": "1", "x.w": "2" } })).toEqual([
    "-trimpath",
    "-buildvcs=false",
    "-tags",
    "a,b",
    "-ldflags",
    "-s -w -X x.v=1 -X x.w=2",
  ]);
});

describe("apiserverArguments", () => {
  const plan: ApiserverPlan = {
    address: "127.0.0.1",
    port: 1,
    etcdAddress: "127.0.0.1",
    etcdPort: 2,
    etcdPeerPort: 3,
    serviceCidr: "10.255.0.0/24",
    serviceAddress: "10.255.0.1",
    advertise: true,
  };
  const pair = { certificate: "c", key: "k" };
  const files = { authority: "ca", serving: pair, kubeletClient: pair, tokens: { publicKey: "p", key: "k" } };

  test("advertises the address to pods, or else keeps the endpoint alone", () => {
    expect(apiserverArguments(plan, files)).toContain("--advertise-address=127.0.0.1");
    const quiet = apiserverArguments({ ...plan, advertise: false }, files);
    expect(quiet).toContain("--endpoint-reconciler-type=none");
    expect(quiet.some((flag) => flag.startsWith("--advertise-address"))).toBe(false);
  });
});

test("a kubeconfig carries certificates in base64 and one context", () => {
  const access = { server: "https://10.0.0.1:6443", authority: "A", certificate: "B", key: "C" };
  const config = parse(kubeconfig("mesos", access));
  expect(config["current-context"]).toBe("mesos");
  expect(config.clusters[0].cluster["certificate-authority-data"]).toBe("QQ==");
  expect(config.users[0].user).toEqual({ "client-certificate-data": "Qg==", "client-key-data": "Qw==" });
});

test("a registry asks for passwords only when there are some", () => {
  const open = { address: "10.0.0.1", port: 5000 };
  expect(parse(registryConfig(open, "/r"))).toMatchObject({ http: { addr: "10.0.0.1:5000" } });
  expect(parse(registryConfig(open, "/r")).auth).toBeUndefined();
  const closed = { ...open, credentials: { username: "u", password: "secret" } };
  expect(parse(registryConfig(closed, "/r")).auth.htpasswd.path).toBe("/r/htpasswd");
  expect(registryConfig(closed, "/r")).not.toContain("secret");
});

describe("kind", () => {
  test("has a control plane beside the nodes, with zones", () => {
    const { nodes } = parse(kindConfig({ name: "mesos", nodes: 2 }));
    expect(nodes.map(({ role }: { role: string }) => role)).toEqual(["control-plane", "worker", "worker"]);
    expect(nodes[2].labels).toEqual({ "topology.kubernetes.io/zone": "zone-b" });
  });

  test.each([
    ["node1", "mesos-dev-x-worker"],
    ["node3", "mesos-dev-x-worker3"],
    ["mesos-dev-x-control-plane", "mesos-dev-x-control-plane"],
  ])("%s is the container %s", (node, container) => {
    expect(containerOf("x", node)).toBe(container);
  });
});
