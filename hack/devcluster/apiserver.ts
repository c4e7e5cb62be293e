import { readFileSync } from "node:fs";
import { request } from "node:https";
import { join } from "node:path";
import type { Binaries } from "./binaries.ts";
import { binary } from "./binaries.ts";
import { Authority, type KeyPair } from "./certificates.ts";
import type { Processes } from "./processes.ts";

/** Where one etcd and one kube-apiserver listen, and what they serve. */
export interface ApiserverPlan {
  /** An address of this machine; pods must be able to reach it if there are pods. */
  readonly address: string;
  readonly port: number;
  /** A loopback address. */
  readonly etcdAddress: string;
  readonly etcdPort: number;
  readonly etcdPeerPort: number;
  /** The apiserver takes the first address of it for the Service `kubernetes`. */
  readonly serviceCidr: string;
  readonly serviceAddress: string;
  /** Whether to tell clients in pods where the server is: false on a loopback address. */
  readonly advertise: boolean;
  /** Whether it serves its CPU profile at /debug/pprof; absent: no. */
  readonly profiling?: boolean;
}

/** Paths of what a running API server's clients need. */
export interface Apiserver {
  readonly server: string;
  readonly authority: Authority;
  /** A member of system:masters. */
  readonly admin: KeyPair;
}

const READY_MS = 90_000;
const ANSWER_MS = 2_000;

export function etcdArguments(plan: ApiserverPlan, dataDir: string): string[] {
  const client = `http://${plan.etcdAddress}:${plan.etcdPort}`;
  const peer = `http://${plan.etcdAddress}:${plan.etcdPeerPort}`;
  return [
    "--name=default",
    `--data-dir=${dataDir}`,
    `--listen-client-urls=${client}`,
    `--advertise-client-urls=${client}`,
    `--listen-peer-urls=${peer}`,
    `--initial-advertise-peer-urls=${peer}`,
    `--initial-cluster=default=${peer}`,
    // A development cluster outlives its processes, not the machine's crash.
    "--unsafe-no-fsync",
    "--log-level=warn",
  ];
}

export interface ApiserverFiles {
  readonly authority: string;
  readonly serving: KeyPair;
  readonly kubeletClient: KeyPair;
  readonly tokens: { readonly publicKey: string; readonly key: string };
}

export function apiserverArguments(plan: ApiserverPlan, files: ApiserverFiles): string[] {
  return [
    `--etcd-servers=http://${plan.etcdAddress}:${plan.etcdPort}`,
    `--bind-address=${plan.address}`,
    `--secure-port=${plan.port}`,
    ...(plan.advertise ? [`--advertise-address=${plan.address}`] : ["--endpoint-reconciler-type=none"]),
    `--service-cluster-ip-range=${plan.serviceCidr}`,
    `--client-ca-file=${files.authority}`,
    `--tls-cert-file=${files.serving.certificate}`,
    `--tls-private-key-file=${files.serving.key}`,
    "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
    `--service-account-key-file=${files.tokens.publicKey}`,
    `--service-account-signing-key-file=${files.tokens.key}`,
    "--authorization-mode=Node,RBAC",
    "--enable-admission-plugins=NodeRestriction",
    "--allow-privileged=true",
    "--kubelet-preferred-address-types=InternalIP",
    `--kubelet-certificate-authority=${files.authority}`,
    `--kubelet-client-certificate=${files.kubeletClient.certificate}`,
    `--kubelet-client-key=${files.kubeletClient.key}`,
    `--profiling=${plan.profiling ?? false}`,
  ];
}

/** What the server answers to `GET path`; undefined when it does not answer. */
export function get(
  apiserver: Apiserver,
  path: string,
): Promise<{ status: number; body: string } | undefined> {
  const { server, authority, admin } = apiserver;
  const tls = {
    ca: authority.certificate,
    cert: readFileSync(admin.certificate),
    key: readFileSync(admin.key),
  };
  return new Promise((resolve) => {
    const sent = request(`${server}${path}`, { ...tls, timeout: ANSWER_MS, agent: false }, (response) => {
      let body = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => {
        body += chunk;
      });
      response.on("end", () => resolve({ status: response.statusCode ?? 0, body }));
      response.on("error", () => resolve(undefined));
    });
    sent.on("timeout", () => sent.destroy());
    sent.on("error", () => resolve(undefined));
    sent.end();
  });
}

/** The server of a folder as `startApiserver` left it, running or not. */
export async function existingApiserver(dir: string, plan: ApiserverPlan): Promise<Apiserver> {
  const authority = await Authority.open(join(dir, "pki"));
  const admin = await authority.issueFile("admin", {
    commonName: "admin",
    organizations: ["system:masters"],
  });
  return { server: `https://${plan.address}:${plan.port}`, authority, admin };
}

/**
 * Starts what of etcd and kube-apiserver does not run yet and waits until the server is ready.
 * Keys go to `pki/`, etcd's data to `etcd/` in the folder.
 * `launcher` is put before each command line.
 */
export async function startApiserver(
  dir: string,
  plan: ApiserverPlan,
  binaries: Binaries,
  processes: Processes,
  launcher: readonly string[] = [],
): Promise<Apiserver> {
  const started = await existingApiserver(dir, plan);
  const { authority } = started;
  const names = [
    "kubernetes",
    "kubernetes.default",
    "kubernetes.default.svc",
    "kubernetes.default.svc.cluster.local",
  ];
  const serving = await authority.issueFile("apiserver", {
    commonName: "kube-apiserver",
    names: [...names, "localhost", "127.0.0.1", plan.address, plan.serviceAddress],
  });
  const kubeletClient = await authority.issueFile("apiserver-kubelet-client", {
    commonName: "kube-apiserver-kubelet-client",
    organizations: ["system:masters"],
  });
  const tokens = await authority.tokenKeyFiles();
  const files = { authority: authority.certificateFile, serving, kubeletClient, tokens };

  const etcd = [binary(binaries, "etcd"), ...etcdArguments(plan, join(dir, "etcd"))];
  await processes.start("etcd", [...launcher, ...etcd]);
  const apiserver = [binary(binaries, "kube-apiserver"), ...apiserverArguments(plan, files)];
  await processes.start("kube-apiserver", [...launcher, ...apiserver]);
  const ready = async () => (await get(started, "/readyz"))?.status === 200;
  await processes.waitReady("kube-apiserver", ready, READY_MS);
  return started;
}
