import { stringify } from "yaml";
import type { ClusterPlan, NodePlan } from "./plan.ts";

/** The image of the sandbox container; made from busybox, see image.ts. */
export const PAUSE_IMAGE = "localhost/pause:dev";

/** What the machine has, from which each node's share is taken. */
export interface Machine {
  readonly cpus: number;
  readonly memoryMiB: number;
}

const NODE_CPUS = 4;
const NODE_MEMORY_MIB = 4096;
/** What is left of the machine's memory for everything that is no node. */
const SPARE_MIB = 1024;

/**
 * What a kubelet, which sees the whole machine, must not give to pods: a node has at most 4 cpus and 4 GiB, and all
 * nodes together no more memory than the machine. The cpus of several nodes may be more than the machine's.
 */
export function systemReserved(machine: Machine, nodes: number): { cpu: string; memory: string } {
  const memory = Math.min(NODE_MEMORY_MIB, Math.floor((machine.memoryMiB - SPARE_MIB) / nodes));
  return {
    cpu: String(Math.max(0, machine.cpus - NODE_CPUS)),
    memory: `${machine.memoryMiB - Math.max(256, memory)}Mi`,
  };
}

export const containerdConfig = `version = 4

[plugins.'io.containerd.cri.v1.images']
  snapshotter = 'overlayfs'
  [plugins.'io.containerd.cri.v1.images'.pinned_images]
    sandbox = '${PAUSE_IMAGE}'
  [plugins.'io.containerd.cri.v1.images'.registry]
    config_path = '/etc/containerd/certs.d'

[plugins.'io.containerd.cri.v1.runtime']
  # A container may not ask for a lower score than containerd's own: not every machine allows it.
  restrict_oom_score_adj = true
  netns_mounts_under_state_dir = true

[plugins.'io.containerd.transfer.v1.local']
  config_path = '/etc/containerd/certs.d'

[plugins.'io.containerd.nri.v1.nri']
  disable = true

[plugins.'io.containerd.metadata.v1.bolt']
  no_sync = true
`;

/** The node's pod network: routed, a point-to-point link a pod, so that every packet passes the node's rules. */
export function cniConfig(node: NodePlan): string {
  return `${JSON.stringify(
    {
      cniVersion: "1.0.0",
      name: "pods",
      plugins: [
        {
          type: "ptp",
          mtu: 1500,
          ipMasq: false,
          ipam: {
            type: "host-local",
            ranges: [[{ subnet: node.podCidr }]],
            routes: [{ dst: "0.0.0.0/0" }],
          },
        },
        { type: "portmap", capabilities: { portMappings: true }, snat: true },
      ],
    },
    undefined,
    2,
  )}\n`;
}

export function kubeletConfig(cluster: ClusterPlan, node: NodePlan, machine: Machine): string {
  return stringify({
    apiVersion: "kubelet.config.k8s.io/v1beta1",
    kind: "KubeletConfiguration",
    address: node.address,
    healthzBindAddress: "127.0.0.1",
    authentication: {
      anonymous: { enabled: false },
      webhook: { enabled: true },
      x509: { clientCAFile: "/etc/kubernetes/ca.crt" },
    },
    authorization: { mode: "Webhook" },
    tlsCertFile: "/etc/kubernetes/kubelet.crt",
    tlsPrivateKeyFile: "/etc/kubernetes/kubelet.key",
    clusterDNS: [cluster.dnsAddress],
    clusterDomain: "cluster.local",
    resolvConf: "/etc/resolv.conf",
    containerRuntimeEndpoint: "unix:///run/containerd/containerd.sock",
    volumePluginDir: "/var/lib/kubelet/volume-plugins",
    cgroupDriver: "cgroupfs",
    cgroupRoot: `/${node.cgroup}`,
    cgroupsPerQOS: true,
    enforceNodeAllocatable: ["pods"],
    failCgroupV1: false,
    failSwapOn: false,
    systemReserved: systemReserved(machine, cluster.nodes.length),
    maxPods: 250,
    // The machine's disk is not the node's: nothing is evicted for it.
    evictionHard: {
      "memory.available": "50Mi",
      "nodefs.available": "0%",
      "nodefs.inodesFree": "0%",
      "imagefs.available": "0%",
      "imagefs.inodesFree": "0%",
    },
    imageGCHighThresholdPercent: 100,
    imageMinimumGCAge: "24h",
    // Lowering a score needs a capability that not every machine gives.
    oomScoreAdj: 0,
    makeIPTablesUtilChains: false,
    registerNode: true,
    serializeImagePulls: false,
    eventRecordQPS: 0,
  });
}

export function kubeProxyConfig(cluster: ClusterPlan, node: NodePlan): string {
  return stringify({
    apiVersion: "kubeproxy.config.k8s.io/v1alpha1",
    kind: "KubeProxyConfiguration",
    mode: "iptables",
    clientConnection: { kubeconfig: "/etc/kubernetes/kube-proxy.conf" },
    clusterCIDR: cluster.podCidr,
    hostnameOverride: node.name,
    bindAddress: node.address,
    healthzBindAddress: "127.0.0.1:10256",
    metricsBindAddress: "127.0.0.1:10249",
    oomScoreAdj: 0,
    // Limits of the whole machine stay as they are.
    conntrack: { maxPerCore: 0, min: 0, tcpEstablishedTimeout: "0s", tcpCloseWaitTimeout: "0s" },
  });
}
