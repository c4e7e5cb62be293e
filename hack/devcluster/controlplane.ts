import { join } from "node:path";
import { type Apiserver, startApiserver } from "./apiserver.ts";
import { type Binaries, binary } from "./binaries.ts";
import { enterCgroup } from "./cgroups.ts";
import { writeKubeconfig } from "./kubeconfig.ts";
import type { ClusterPlan } from "./plan.ts";
import type { Processes } from "./processes.ts";

/** The programs beside the nodes, in starting order. */
export const CONTROL_PLANE = ["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler"] as const;

const cgroup = (plan: ClusterPlan) => `${plan.cgroup}/control-plane`;

/** The cgroup of the control plane's processes. */
export const controlPlaneCgroup = cgroup;

export async function startServer(
  dir: string,
  plan: ClusterPlan,
  binaries: Binaries,
  processes: Processes,
): Promise<Apiserver> {
  const apiserver = await startApiserver(dir, plan.apiserver, binaries, processes, enterCgroup(cgroup(plan)));
  const subject = { commonName: "admin", organizations: ["system:masters"] };
  const path = join(dir, "kubeconfig");
  await writeKubeconfig(path, plan.name, apiserver.server, apiserver.authority, "admin", subject);
  return apiserver;
}

/** Starts controller-manager and scheduler; alone, so they need no election. */
export async function startControllers(
  dir: string,
  plan: ClusterPlan,
  apiserver: Apiserver,
  binaries: Binaries,
  processes: Processes,
): Promise<void> {
  const { server, authority } = apiserver;
  const tokens = await authority.tokenKeyFiles();
  const start = async (name: "kube-controller-manager" | "kube-scheduler", flags: readonly string[]) => {
    const path = join(dir, "pki", `${name}.conf`);
    await writeKubeconfig(path, name, server, authority, name, { commonName: `system:${name}` });
    const common = [
      `--kubeconfig=${path}`,
      `--authentication-kubeconfig=${path}`,
      `--authorization-kubeconfig=${path}`,
      `--bind-address=${plan.apiserver.etcdAddress}`,
      "--leader-elect=false",
      "--profiling=false",
    ];
    const argv = [...enterCgroup(cgroup(plan)), binary(binaries, name), ...common, ...flags];
    await processes.start(name, argv);
  };
  await start("kube-controller-manager", [
    "--use-service-account-credentials",
    `--service-account-private-key-file=${tokens.key}`,
    `--root-ca-file=${authority.certificateFile}`,
    `--cluster-signing-cert-file=${authority.certificateFile}`,
    `--cluster-signing-key-file=${join(dir, "pki", "ca.key")}`,
    `--cluster-name=${plan.name}`,
    // Nothing here attaches disks or speaks to a cloud.
    "--controllers=*,-persistentvolume-attach-detach-controller",
  ]);
  await start("kube-scheduler", []);
}
