import { describe, expect, test } from "vitest";
import { clusterNetwork, freeIndex, MAX_CLUSTERS, MAX_NODES, overlap, planCluster } from "./plan.ts";

describe("planCluster", () => {
  test("gives every node an address, a pod network, a link and a cgroup of its own", () => {
    const { nodes } = planCluster({ name: "mesos", nodes: MAX_NODES }, 3);
    for (const key of ["name", "address", "podCidr", "link", "cgroup"] as const) {
      expect(new Set(nodes.map((node) => node[key])).size).toBe(MAX_NODES);
    }
    expect(nodes[1]).toMatchObject({ name: "node2", address: "10.203.0.12", podCidr: "10.203.2.0/24" });
  });

  test("keeps every network inside the cluster's, and pods apart from nodes and services", () => {
    const plan = planCluster({ name: "mesos", nodes: MAX_NODES }, 5);
    const pods = plan.nodes.map((node) => node.podCidr);
    for (const cidr of [...pods, plan.apiserver.serviceCidr])
      expect(overlap(cidr, clusterNetwork(5))).toBe(true);
    for (const cidr of pods) {
      expect(overlap(cidr, plan.podCidr)).toBe(true);
      expect(overlap(cidr, plan.apiserver.serviceCidr)).toBe(false);
      expect(overlap(cidr, `${plan.bridgeAddress}/24`)).toBe(false);
    }
    expect(overlap(plan.dnsAddress, plan.apiserver.serviceCidr)).toBe(true);
    expect(overlap(plan.apiserver.serviceAddress, plan.apiserver.serviceCidr)).toBe(true);
  });

  test("shares nothing between two clusters", () => {
    const [a, b] = [planCluster({ name: "a", nodes: 2 }, 0), planCluster({ name: "b", nodes: 2 }, 1)];
    expect(overlap(clusterNetwork(0), clusterNetwork(1))).toBe(false);
    expect(a.bridge).not.toBe(b.bridge);
    expect(a.cgroup).not.toBe(b.cgroup);
    expect(a.apiserver.etcdAddress).not.toBe(b.apiserver.etcdAddress);
    expect(a.nodes.map(({ link }) => link)).not.toEqual(b.nodes.map(({ link }) => link));
  });

  test("keeps link names within the kernel's 15 characters", () => {
    const plan = planCluster({ name: "mesos", nodes: MAX_NODES }, MAX_CLUSTERS - 1);
    for (const name of [plan.bridge, ...plan.nodes.map(({ link }) => link)])
      expect(name.length).toBeLessThan(16);
  });

  test.each(["", "Big", "a/b", "../x", "1a", "x".repeat(32)])("refuses the name %j", (name) => {
    expect(() => planCluster({ name, nodes: 1 }, 0)).toThrow(/--name/);
  });

  test.each([0, -1, 1.5, Number.NaN, MAX_NODES + 1])("refuses %d nodes", (nodes) => {
    expect(() => planCluster({ name: "a", nodes }, 0)).toThrow(/--nodes/);
  });
});

describe("overlap", () => {
  test.each([
    ["10.200.0.0/16", "10.200.3.0/24", true],
    ["10.200.0.0/16", "10.201.0.0/16", false],
    ["10.0.0.0/8", "10.230.1.1", true],
    ["192.0.2.0/24", "192.0.3.255", false],
    ["0.0.0.0/0", "10.200.0.0/16", true],
    ["128.0.0.0/1", "10.200.0.0/16", false],
  ])("%s and %s: %s", (a, b, expected) => {
    expect(overlap(a, b)).toBe(expected);
    expect(overlap(b, a)).toBe(expected);
  });
});

describe("freeIndex", () => {
  test("skips what is taken and what the machine routes elsewhere", () => {
    expect(freeIndex(new Set(), [])).toBe(0);
    expect(freeIndex(new Set([0, 2]), ["10.201.7.0/24"])).toBe(3);
  });

  test("says so when there is none", () => {
    expect(() => freeIndex(new Set(), ["10.0.0.0/8"])).toThrow(/No network/);
  });
});
