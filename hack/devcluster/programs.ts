/** How one Go module under `modules/` (its go.mod pins the versions) is built. */
export interface GoModule {
  readonly tags?: readonly string[];
  /** `-X` settings: without them the programs report no version and their clients complain. */
  readonly set?: Readonly<Record<string, string>>;
}

const CONTAINERD = "github.com/containerd/containerd/v2";
const CNI = "github.com/containernetworking/plugins/plugins";

export const MODULES = {
  kubernetes: {
    set: {
      "k8s.io/component-base/version.gitVersion": "v1.36.3",
      "k8s.io/component-base/version.gitMajor": "1",
      "k8s.io/component-base/version.gitMinor": "36",
    },
  },
  containerd: {
    tags: ["no_btrfs", "no_devmapper", "no_zfs", "no_tracing", "urfave_cli_no_docs"],
    set: { [`${CONTAINERD}/version.Version`]: "v2.4.2" },
  },
  cni: {},
  coredns: {},
  registry: {},
  kind: {},
  helm: {
    set: {
      "helm.sh/helm/v3/internal/version.version": "v3.22.0",
      // What Helm believes of a cluster when it renders or lints a chart without one.
      "helm.sh/helm/v3/pkg/lint/rules.k8sVersionMajor": "1",
      "helm.sh/helm/v3/pkg/lint/rules.k8sVersionMinor": "36",
      "helm.sh/helm/v3/pkg/chartutil.k8sVersionMajor": "1",
      "helm.sh/helm/v3/pkg/chartutil.k8sVersionMinor": "36",
    },
  },
} as const satisfies Record<string, GoModule>;

export type ModuleName = keyof typeof MODULES;

export interface Program {
  readonly module: ModuleName;
  readonly package: string;
}

const kubernetes = (name: string): Program => ({
  module: "kubernetes",
  package: `k8s.io/kubernetes/cmd/${name}`,
});
const containerd = (name: string): Program => ({
  module: "containerd",
  package: `${CONTAINERD}/cmd/${name}`,
});
const cni = (path: string): Program => ({ module: "cni", package: `${CNI}/${path}` });

/** Every program of the development cluster, in build order: what the most people wait for comes first. */
export const PROGRAMS = {
  etcd: { module: "kubernetes", package: "go.etcd.io/etcd/server/v3" },
  "kube-apiserver": kubernetes("kube-apiserver"),
  kubectl: kubernetes("kubectl"),
  kubelet: kubernetes("kubelet"),
  "kube-controller-manager": kubernetes("kube-controller-manager"),
  "kube-scheduler": kubernetes("kube-scheduler"),
  "kube-proxy": kubernetes("kube-proxy"),
  containerd: containerd("containerd"),
  "containerd-shim-runc-v2": containerd("containerd-shim-runc-v2"),
  ctr: containerd("ctr"),
  ptp: cni("main/ptp"),
  bridge: cni("main/bridge"),
  loopback: cni("main/loopback"),
  "host-local": cni("ipam/host-local"),
  portmap: cni("meta/portmap"),
  coredns: { module: "coredns", package: "." },
  helm: { module: "helm", package: "helm.sh/helm/v3/cmd/helm" },
  registry: { module: "registry", package: "." },
  kind: { module: "kind", package: "sigs.k8s.io/kind" },
} as const satisfies Record<string, Program>;

export type ProgramName = keyof typeof PROGRAMS;

const ALL = Object.keys(PROGRAMS) as ProgramName[];

/** What a cluster of this machine's own processes needs. */
export const LOCAL_PROGRAMS: readonly ProgramName[] = ALL.filter((name) => name !== "kind");

/** What a cluster in containers of a Docker engine needs. */
export const KIND_PROGRAMS: readonly ProgramName[] = ["kubectl", "helm", "registry", "kind"];

/** What an API server alone needs. */
export const APISERVER_PROGRAMS: readonly ProgramName[] = ["etcd", "kube-apiserver"];
