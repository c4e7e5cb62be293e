import { readFile } from "node:fs/promises";
import type { Agent, RequestOptions } from "node:https";
import { homedir } from "node:os";
import { join } from "node:path";
import type { SecureContextOptions } from "node:tls";

const SERVICE_ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount";

/** What a request needs to be let in, as it is now. */
export interface Credentials {
  /** Authorization and Impersonate-User. */
  readonly headers: Readonly<Record<string, string>>;
  readonly tls: SecureContextOptions & {
    readonly servername?: string;
    readonly rejectUnauthorized?: boolean;
  };
  /** Set when the kubeconfig asks for a proxy. */
  readonly agent?: Agent;
}

/** Where the API server is and how to be let in. */
export interface CredentialSource {
  readonly server: URL;
  readonly namespace: string;
  /** Reads files, runs exec plugins, refreshes tokens: what it gives may differ from call to call. */
  read(): Promise<Credentials>;
}

export interface CredentialOptions {
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Where the kubelet mounts the service account. */
  readonly serviceAccount?: string;
}

/** No way to an API server was found. */
export class ConfigurationError extends Error {
  override readonly name = "ConfigurationError";
}

/**
 * The given kubeconfig, else $KUBECONFIG, else the Pod's service account, else ~/.kube/config: controller-runtime's
 * order (pkg/client/config).
 */
export async function findCredentials(options: CredentialOptions): Promise<CredentialSource> {
  const env = options.env ?? process.env;
  if (options.kubeconfig || env.KUBECONFIG) return fromKubeconfig(options, env);
  if (env.KUBERNETES_SERVICE_HOST) return inCluster(env, options.serviceAccount ?? SERVICE_ACCOUNT);
  return fromKubeconfig({ ...options, kubeconfig: join(homedir(), ".kube", "config") }, env);
}

async function inCluster(env: NodeJS.ProcessEnv, root: string): Promise<CredentialSource> {
  const host = env.KUBERNETES_SERVICE_HOST ?? "";
  const server = new URL(
    `https://${host.includes(":") ? `[${host}]` : host}:${env.KUBERNETES_SERVICE_PORT ?? 443}`,
  );
  const text = async (file: string) => (await readFile(join(root, file), "utf8")).trim();
  return {
    server,
    namespace: await text("namespace"),
    // The kubelet rotates the token (after 80% of its life) and the CA in place.
    read: async () => ({
      headers: { Authorization: `Bearer ${await text("token")}` },
      tls: { ca: await text("ca.crt") },
    }),
  };
}

async function fromKubeconfig(options: CredentialOptions, env: NodeJS.ProcessEnv): Promise<CredentialSource> {
  // Loaded on demand: client-node takes some 70 MB, which a Pod's service account does not need.
  const { KubeConfig } = await import("@kubernetes/client-node");
  const config = new KubeConfig();
  const path = options.kubeconfig ?? env.KUBECONFIG;
  try {
    if (options.kubeconfig) config.loadFromFile(options.kubeconfig);
    else config.loadFromDefault();
    if (options.context) config.setCurrentContext(options.context);
  } catch (cause) {
    throw new ConfigurationError(`kubeconfig ${path}: ${cause instanceof Error ? cause.message : cause}`, {
      cause,
    });
  }
  const cluster = config.getCurrentCluster();
  if (!cluster) {
    throw new ConfigurationError(
      `kubeconfig ${path}: no cluster for context "${config.getCurrentContext()}"`,
    );
  }
  return {
    server: new URL(cluster.server),
    namespace: config.getContextObject(config.getCurrentContext())?.namespace ?? "default",
    read: async () => {
      const request: RequestOptions = {};
      await config.applyToHTTPSOptions(request);
      return kubeconfigCredentials(request, cluster.proxyUrl !== undefined);
    },
  };
}

function kubeconfigCredentials(request: RequestOptions, proxied: boolean): Credentials {
  const { ca, cert, key, servername, rejectUnauthorized, headers, auth, agent } = request;
  const sent: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers ?? {})) sent[name] = String(value).trim();
  if (auth) sent.Authorization = `Basic ${Buffer.from(auth).toString("base64")}`;
  return {
    headers: sent,
    tls: {
      ...(ca !== undefined ? { ca } : {}),
      ...(cert !== undefined ? { cert } : {}),
      ...(key !== undefined ? { key } : {}),
      ...(servername !== undefined ? { servername } : {}),
      ...(rejectUnauthorized !== undefined ? { rejectUnauthorized } : {}),
    },
    ...(proxied && agent ? { agent: agent as Agent } : {}),
  };
}
