import { register } from "../../../../src/agent/registration/registration.ts";
import { agentLeaseName } from "../../../../src/api/group.ts";
import { agents } from "../../../../src/client/handles.ts";
import type { Connection } from "../../../../src/cluster/connection.ts";
import { type Lease, leases, nodes } from "../../../../src/cluster/core.ts";
import { microTimestamp } from "../../../../src/cluster/time.ts";
import { eachLimited } from "../../../../src/controllers/allocation/limited.ts";
import { nodeName, SYSTEM } from "./protocol.ts";

/** Registrations at a time. */
const WIDTH = 48;
const ALLOCATABLE = { cpu: "32", memory: "128Gi", "ephemeral-storage": "200Gi", pods: "250" };
const ZONES = ["zone-a", "zone-b", "zone-c"];

/** Makes the Node, the Agent and the Lease of each, the last two as the agent's program does. */
export async function registerAll(
  connection: Connection,
  count: number,
  heartbeat: number,
  registered: (count: number) => void,
  signal: AbortSignal,
): Promise<void> {
  let done = 0;
  await eachLimited(
    Array.from({ length: count }, (_, index) => index),
    WIDTH,
    async (index) => {
      await registerOne(connection, index, heartbeat, signal);
      registered(++done);
    },
  );
}

async function registerOne(
  connection: Connection,
  index: number,
  heartbeat: number,
  signal: AbortSignal,
): Promise<void> {
  const name = nodeName(index);
  const handles = { agents: agents(connection), nodes: nodes(connection) };
  const conditions = [{ type: "Ready", status: "True", reason: "KubeletReady", message: "simulated" }];
  const labels = {
    "kubernetes.io/hostname": name,
    "kubernetes.io/os": "linux",
    "kubernetes.io/arch": "amd64",
    "topology.kubernetes.io/zone": ZONES[index % ZONES.length] ?? "",
  };
  await handles.nodes.create(
    { metadata: { name, labels }, status: { capacity: ALLOCATABLE, allocatable: ALLOCATABLE, conditions } },
    { signal },
  );
  // The API server taints what is new as not ready; the node controller, which is not there, takes it off.
  await handles.nodes.mergePatch({ name }, { spec: { taints: null } }, { signal });
  await register({ ...handles, name }, facts(name), signal);
  const spec: Lease["spec"] = {
    holderIdentity: name,
    leaseDurationSeconds: Math.ceil((5 * heartbeat) / 1000),
    renewTime: microTimestamp(Date.now()),
  };
  await leases(connection).create(
    { metadata: { name: agentLeaseName(name), namespace: SYSTEM }, spec },
    { signal },
  );
}

const facts = (name: string) => ({
  hostname: name,
  addresses: ["127.0.0.1"],
  version: "simulated",
  containerd: "none",
  bootId: name,
  startedAt: new Date().toISOString(),
});
