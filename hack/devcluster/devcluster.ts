import { tryRun } from "./command.ts";
import { KindCluster } from "./kind.ts";
import { LocalCluster, down as localDown } from "./localcluster.ts";
import type { ClusterRequest } from "./plan.ts";
import type { Say } from "./progress.ts";
import type { Credentials, Registry } from "./registry.ts";
import { readPlan } from "./statedir.ts";

/** A real Kubernetes cluster for development and tests, whatever it is made of. */
export interface DevCluster {
  readonly name: string;
  /** Path of the administrator's kubeconfig. */
  readonly kubeconfig: string;
  /** Folders with kubectl, helm and what else belongs to the cluster: for PATH. */
  readonly programDirs: readonly string[];
  /** Imports an image archive on every node, for pods. */
  loadImage(archive: string): Promise<void>;
  /** A command line that runs `argv` on a node, in its network and with its files. */
  commandOnNode(node: string, argv: readonly string[]): string[];
  /** SIGKILL to `containerd` or `kubelet` of a node, or, without a daemon, to e.g. `apiserver`. */
  kill(what: string, daemon?: string): Promise<void>;
  /** Starts again what was killed. */
  start(what: string, daemon?: string): Promise<void>;
  /** Starts again all that does not run. */
  startAll(say: Say): Promise<void>;
  /** A registry the nodes pull from by plain HTTP; two need two ports. It ends with its `stop` or the cluster. */
  startRegistry(port: number, credentials?: Credentials): Promise<Registry>;
  /** Prints what runs and what does not; true when everything does and every node is Ready. */
  status(print: (line: string) => void): Promise<boolean>;
  /** Removes the cluster and everything it made. */
  down(): Promise<void>;
}

/** Whether a Docker engine answers: then clusters are kind's. */
async function hasDocker(): Promise<boolean> {
  return (await tryRun(["docker", "info"])) !== undefined;
}

/** Brings a cluster up, or what of it does not run. */
export async function up(request: ClusterRequest, say: Say): Promise<DevCluster> {
  return (await hasDocker()) ? KindCluster.up(request, say) : LocalCluster.up(request, say);
}

/** @throws ClusterError when there is no cluster of that name. */
export async function open(name: string, say: Say): Promise<DevCluster> {
  return (await hasDocker()) ? KindCluster.open(name, say) : LocalCluster.open(name, say);
}

/** Removes a cluster, or what is left of it; false when there is none. */
export async function down(name: string, say: Say): Promise<boolean> {
  if (await hasDocker()) return KindCluster.remove(name, say);
  const plan = readPlan(name);
  if (plan !== undefined) await localDown(plan);
  return plan !== undefined;
}
