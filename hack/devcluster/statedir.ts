import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { cgroupProcesses } from "./cgroups.ts";
import { ClusterError } from "./failure.ts";
import { routedNetworks } from "./network.ts";
import { type ClusterPlan, type ClusterRequest, freeIndex, MAX_CLUSTERS, planCluster } from "./plan.ts";

/** Where clusters keep their state: a folder each. */
export function stateRoot(env: NodeJS.ProcessEnv = process.env): string {
  return env.MESOS_DEV_STATE ?? "/var/lib/mesos-operator-dev";
}

export function clusterDir(name: string): string {
  return join(stateRoot(), name);
}

export function kubeconfigPath(name: string): string {
  return join(clusterDir(name), "kubeconfig");
}

const indexDir = () => join(stateRoot(), ".indices");
const planFile = (name: string) => join(clusterDir(name), "cluster.json");

/** The plan of a cluster that was brought up and not down since. */
export function readPlan(name: string): ClusterPlan | undefined {
  if (!existsSync(planFile(name))) return undefined;
  const { index, nodes } = JSON.parse(readFileSync(planFile(name), "utf8")) as {
    index: number;
    nodes: number;
  };
  return planCluster({ name, nodes }, index);
}

/** @throws ClusterError when there is no such cluster. */
export function requirePlan(name: string): ClusterPlan {
  const plan = readPlan(name);
  if (plan === undefined)
    throw new ClusterError(`There is no cluster ${name}: run 'hack/cluster up --name ${name}'.`);
  return plan;
}

export function listClusters(): string[] {
  if (!existsSync(stateRoot())) return [];
  return readdirSync(stateRoot()).filter((name) => existsSync(planFile(name)));
}

function takenIndices(): Set<number> {
  const taken = new Set<number>();
  for (const entry of readdirSync(indexDir())) {
    // What a killed `up` reserved and never used is free again.
    const owner = readlinkSync(join(indexDir(), entry));
    if (existsSync(planFile(owner))) taken.add(Number(entry));
    else if (Date.now() - lstatSync(join(indexDir(), entry)).mtimeMs > 60_000)
      rmSync(join(indexDir(), entry));
    else taken.add(Number(entry));
  }
  return taken;
}

/** Making a symbolic link either succeeds or finds another's: the clusters of one machine need no other lock. */
function reserve(index: number, name: string): boolean {
  try {
    symlinkSync(name, join(indexDir(), String(index)));
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

/**
 * The plan of the cluster, made and written down if there is none yet.
 * @throws ClusterError when it exists with another number of nodes.
 */
export async function ensurePlan(request: ClusterRequest): Promise<ClusterPlan> {
  const existing = readPlan(request.name);
  if (existing !== undefined) {
    if (existing.nodes.length === request.nodes) return existing;
    throw new ClusterError(
      `Cluster ${request.name} has ${existing.nodes.length} nodes, not ${request.nodes}: run 'hack/cluster down --name ${request.name}' first.`,
    );
  }
  const { cgroup } = planCluster(request, 0); // Refuses a bad request before anything is written.
  if (cgroupProcesses(cgroup).size > 0) {
    throw new ClusterError(
      `A cluster ${request.name} runs that ${stateRoot()} knows nothing of: its processes are in cgroup ${cgroup}. Take another --name, or set MESOS_DEV_STATE to its folder.`,
    );
  }
  mkdirSync(indexDir(), { recursive: true });
  const routes = await routedNetworks();
  for (let attempt = 0; attempt < MAX_CLUSTERS; attempt++) {
    const index = freeIndex(takenIndices(), routes);
    if (!reserve(index, request.name)) continue;
    mkdirSync(clusterDir(request.name), { recursive: true });
    const file = planFile(request.name);
    writeFileSync(`${file}.new`, JSON.stringify({ index, nodes: request.nodes }));
    renameSync(`${file}.new`, file);
    return planCluster(request, index);
  }
  throw new ClusterError("Too many clusters are being brought up at once: try again.");
}

/** Forgets the cluster and frees its network. */
export function removeState(plan: ClusterPlan): void {
  rmSync(clusterDir(plan.name), { recursive: true, force: true });
  rmSync(join(indexDir(), String(plan.index)), { force: true });
  for (const folder of [indexDir(), stateRoot()]) {
    if (readdirSync(folder).length === 0) rmdirSync(folder);
  }
}
