import type { AgentFacts } from "../../../../src/agent/registration/registration.ts";
import type { Node } from "../../../../src/cluster/core.ts";
import { timestamp } from "../../../../src/cluster/time.ts";
import { nodeName } from "./protocol.ts";

const ALLOCATABLE = { cpu: "32", memory: "128Gi", "ephemeral-storage": "200Gi", pods: "250" };
const ZONES = ["zone-a", "zone-b", "zone-c"];

export const nodeLabels = (index: number): Record<string, string> => ({
  "kubernetes.io/hostname": nodeName(index),
  "kubernetes.io/os": "linux",
  "kubernetes.io/arch": "amd64",
  "topology.kubernetes.io/zone": ZONES[index % ZONES.length] ?? "",
});

const PRESSURES = ["MemoryPressure", "DiskPressure", "PIDPressure"];
/** A kubelet tells of up to fifty. */
const IMAGES = 20;

/** As long as a kubelet's. `now`: of its heartbeat. */
export function nodeStatus(index: number, now: number): Node["status"] {
  const times = { lastHeartbeatTime: timestamp(now), lastTransitionTime: "2026-01-01T00:00:00Z" };
  const pressures = PRESSURES.map((type) => ({
    ...{ type, status: "False", reason: `KubeletHasNo${type}`, message: `kubelet has no ${type}` },
    ...times,
  }));
  const ready = { type: "Ready", status: "True", reason: "KubeletReady", message: "simulated", ...times };
  const address = `10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`;
  return {
    ...{ capacity: ALLOCATABLE, allocatable: ALLOCATABLE, conditions: [...pressures, ready] },
    addresses: [
      { type: "InternalIP", address },
      { type: "Hostname", address: nodeName(index) },
    ],
    daemonEndpoints: { kubeletEndpoint: { Port: 10250 } },
    nodeInfo: {
      ...{ architecture: "amd64", operatingSystem: "linux", osImage: "simulated", kernelVersion: "6.12.0" },
      ...{ bootID: `boot-${index}`, machineID: `machine-${index}`, systemUUID: `system-${index}` },
      ...{ containerRuntimeVersion: "containerd://2.4.2", kubeletVersion: "v1.36.3", kubeProxyVersion: "" },
    },
    images: Array.from({ length: IMAGES }, (_, image) => ({
      names: [`registry.example/team/application-${image}@sha256:${"0123456789abcdef".repeat(4)}`],
      sizeBytes: 100_000_000 + image,
    })),
  };
}

/** What an agent says of itself. */
export const facts = (name: string): AgentFacts => ({
  hostname: name,
  addresses: ["127.0.0.1"],
  version: "simulated",
  containerd: "none",
  bootId: name,
  startedAt: new Date().toISOString(),
});
