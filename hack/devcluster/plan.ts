import type { ApiserverPlan } from "./apiserver.ts";
import { ClusterError } from "./failure.ts";

/** What is asked for on the command line. */
export interface ClusterRequest {
  readonly name: string;
  readonly nodes: number;
}

/** How many nodes a cluster has when nothing is said. */
export const DEFAULT_NODES = 3;

export interface NodePlan {
  /** `node1`, `node2`, … : the Kubernetes name and the node's host name. */
  readonly name: string;
  readonly address: string;
  /** The pods' addresses on this node. */
  readonly podCidr: string;
  /** The host's end of the node's link to the bridge. */
  readonly link: string;
  /** Path below each cgroup hierarchy; the kubelet's pods and the node's daemons live under it. */
  readonly cgroup: string;
  /** For `topology.kubernetes.io/zone`. */
  readonly zone: string;
}

/** Every address and name of one cluster. Two clusters with different indices share none. */
export interface ClusterPlan {
  readonly name: string;
  readonly index: number;
  readonly bridge: string;
  readonly bridgeAddress: string;
  readonly podCidr: string;
  readonly dnsAddress: string;
  readonly cgroup: string;
  readonly apiserver: ApiserverPlan;
  readonly nodes: readonly NodePlan[];
}

/** How many clusters can live side by side. */
export const MAX_CLUSTERS = 32;
export const MAX_NODES = 40;

const FIRST_OCTET = 200;

/** The /16 that holds all addresses of the cluster with that index. */
export function clusterNetwork(index: number): string {
  return `10.${FIRST_OCTET + index}.0.0/16`;
}

/** @throws ClusterError when the name cannot be part of a file's and a cgroup's name, or there are too many nodes. */
export function planCluster({ name, nodes }: ClusterRequest, index: number): ClusterPlan {
  if (!/^[a-z][a-z0-9-]{0,30}$/.test(name)) {
    throw new ClusterError(
      `--name ${name}: must be lower case letters, digits and dashes, a letter first, at most 31 long.`,
    );
  }
  if (!Number.isInteger(nodes) || nodes < 1 || nodes > MAX_NODES) {
    throw new ClusterError(`--nodes ${nodes}: must be a whole number from 1 to ${MAX_NODES}.`);
  }
  const prefix = `10.${FIRST_OCTET + index}`;
  const cgroup = `mesos-dev-${name}`;
  const loopback = `127.${FIRST_OCTET + index}.0.1`;
  return {
    name,
    index,
    bridge: `mesosdev${index}`,
    bridgeAddress: `${prefix}.0.1`,
    podCidr: `${prefix}.0.0/17`,
    dnsAddress: `${prefix}.128.10`,
    cgroup,
    apiserver: {
      address: `${prefix}.0.1`,
      port: 6443,
      etcdAddress: loopback,
      etcdPort: 2379,
      etcdPeerPort: 2380,
      serviceCidr: `${prefix}.128.0/17`,
      serviceAddress: `${prefix}.128.1`,
      advertise: true,
    },
    nodes: Array.from({ length: nodes }, (_, i) => {
      const number = i + 1;
      return {
        name: `node${number}`,
        address: `${prefix}.0.${10 + number}`,
        podCidr: `${prefix}.${number}.0/24`,
        link: `mdev${index}n${number}`,
        cgroup: `${cgroup}/node${number}`,
        zone: `zone-${"abc"[i % 3]}`,
      };
    }),
  };
}

/** An IPv4 address as a number. */
function numeric(address: string): number {
  return address.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
}

/** Whether two IPv4 networks in CIDR notation share an address; no mask means one address. */
export function overlap(a: string, b: string): boolean {
  const [[addressA, bitsA], [addressB, bitsB]] = [a, b].map((cidr) => {
    const [address = "", bits = "32"] = cidr.split("/");
    return [numeric(address), Number(bits)];
  }) as [[number, number], [number, number]];
  const size = 2 ** (32 - Math.min(bitsA, bitsB));
  return Math.floor(addressA / size) === Math.floor(addressB / size);
}

/** The lowest index that no cluster holds and whose network none of the machine's routes touches. */
export function freeIndex(taken: ReadonlySet<number>, routes: readonly string[]): number {
  for (let index = 0; index < MAX_CLUSTERS; index++) {
    if (!taken.has(index) && !routes.some((route) => overlap(route, clusterNetwork(index)))) return index;
  }
  throw new ClusterError(
    `No network from ${clusterNetwork(0)} to ${clusterNetwork(MAX_CLUSTERS - 1)} is free: bring a cluster down ('hack/cluster list').`,
  );
}
