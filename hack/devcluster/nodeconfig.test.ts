import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { cniConfig, kubeletConfig, kubeProxyConfig, systemReserved } from "./nodeconfig.ts";
import { type NodePlan, planCluster } from "./plan.ts";

const cluster = planCluster({ name: "mesos", nodes: 3 }, 1);
const node = cluster.nodes[1] as NodePlan;

describe("systemReserved", () => {
  test("leaves a node 4 cpus and 4 GiB of a big machine", () => {
    expect(systemReserved({ cpus: 16, memoryMiB: 65_536 }, 3)).toEqual({ cpu: "12", memory: "61440Mi" });
  });

  test("leaves all cpus of a small machine, and shares out its memory", () => {
    const { cpu, memory } = systemReserved({ cpus: 2, memoryMiB: 7168 }, 3);
    expect(cpu).toBe("0");
    expect(7168 - Number.parseInt(memory, 10)).toBe(2048);
  });
});

test("each node's kubelet has its own address and cgroup", () => {
  const config = parse(kubeletConfig(cluster, node, { cpus: 2, memoryMiB: 8192 }));
  expect(config).toMatchObject({
    kind: "KubeletConfiguration",
    address: "10.201.0.12",
    cgroupRoot: "/mesos-dev-mesos/node2",
    clusterDNS: ["10.201.128.10"],
    failCgroupV1: false,
  });
});

test("each node's pods have its own network", () => {
  const { plugins } = JSON.parse(cniConfig(node));
  expect(plugins[0].ipam.ranges).toEqual([[{ subnet: "10.201.2.0/24" }]]);
});

test("kube-proxy knows which addresses are pods'", () => {
  const config = parse(kubeProxyConfig(cluster, node));
  expect(config).toMatchObject({ hostnameOverride: "node2", clusterCIDR: "10.201.0.0/17" });
});
