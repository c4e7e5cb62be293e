import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { Connection } from "../containerd/connection.ts";
import { Introspection } from "../containerd/gen/containerd/introspection_pb.ts";
import { Namespaces } from "../containerd/gen/containerd/namespaces_pb.ts";
import { Version } from "../containerd/gen/containerd/version_pb.ts";
import { isAlreadyExists } from "../containerd/rpcError.ts";
import { Networks } from "../isolation/cni/networks.ts";
import type { NodeAccess } from "../isolation/cni/plugin.ts";
import { Slots } from "../isolation/slots.ts";
import { ImageProvisioner } from "../provisioner/imageProvisioner.ts";
import type { Provisioner } from "../provisioner/provisioner.ts";
import { ContainerdContainerizer } from "./containerdContainerizer.ts";
import type { Containerizer } from "./containerizer.ts";
import { ContainerizerError } from "./errors.ts";
import { installInit } from "./init.ts";
import { type RotationOptions, rotateLog } from "./logRotation.ts";
import { NestedContainers } from "./nested.ts";
import { readNodeFacts } from "./nodeFacts.ts";

export interface RuntimeOptions {
  /** containerd's gRPC socket. */
  readonly socket: string;
  /** containerd namespace for tasks; default "mesos". */
  readonly namespace?: string;
  /** A folder at the same path here and on the node, its mount propagation Bidirectional. */
  readonly stateDir: string;
  /** A static program, here, that begins one child, hands signals on and reaps, say tini; see ContainerSpec.init. */
  readonly init?: string;
  /** The node's cgroup file system as seen here; default /sys/fs/cgroup. */
  readonly cgroupRoot?: string;
  readonly snapshotter?: string;
  /** The kubelet's namespace in containerd; default "k8s.io". */
  readonly kubeletNamespace?: string;
  /** See ImageProvisionerOptions; default "auto". */
  readonly pullBy?: "auto" | "transfer" | "cri";
  /** On the node, e.g. /etc/containerd/certs.d; for pulls by Transfer. */
  readonly registryConfigDir?: string;
  /** Folders on the node. Undefined: tasks get no network of their own. */
  readonly cni?: { readonly confDir: string; readonly binDirs: readonly string[] };
  readonly log: { warn(fields: object, message: string): void };
}

export interface ContainerRuntime {
  readonly containerizer: Containerizer;
  readonly nested: NestedContainers;
  readonly provisioner: Provisioner;
  readonly slots: Slots;
  readonly logs: { rotate(path: string, options: RotationOptions): Promise<boolean> };
  /** Where the node's files are seen here: the root of containerd's process. */
  nodeRoot(): Promise<string>;
  /** containerd's own, e.g. "v2.4.2". */
  version(): Promise<string>;
  close(): void;
}

/** Connects to the node's containerd. Throws RpcError when it does not answer in time, ContainerizerError when it is too old. */
export async function openContainerRuntime(options: RuntimeOptions): Promise<ContainerRuntime> {
  const connection = new Connection(options.socket, options.namespace ?? "mesos");
  try {
    return await open(connection, options);
  } catch (error) {
    connection.close();
    throw error;
  }
}

async function open(connection: Connection, options: RuntimeOptions): Promise<ContainerRuntime> {
  const { stateDir, cgroupRoot = "/sys/fs/cgroup", kubeletNamespace = "k8s.io" } = options;
  await connection
    .unary(Namespaces.method.create, { namespace: { name: connection.namespace } })
    .catch((error) => {
      if (!isAlreadyExists(error)) throw error;
    });
  const containersDir = join(stateDir, "containers");
  await mkdir(containersDir, { recursive: true, mode: 0o711 });

  // Asked each time: containerd gets another pid when it restarts.
  const node = async (): Promise<NodeAccess> => {
    const { pid } = await connection.unary(Introspection.method.server, {});
    if (pid === 0n) throw new ContainerizerError("containerd does not tell its pid: 1.7 or later is needed");
    return { pid: Number(pid), root: `/proc/${pid}/root` };
  };
  await node();
  const networks =
    options.cni === undefined
      ? undefined
      : new Networks({ ...options.cni, netnsDir: join(stateDir, "netns"), node });
  const containerizer = new ContainerdContainerizer({
    connection,
    networks,
    node,
    facts: await readNodeFacts(cgroupRoot),
    cgroupRoot,
    stateDir: containersDir,
    init: options.init === undefined ? undefined : await installInit(options.init, join(stateDir, "init")),
    now: () => new Date(),
    warn: (message, error) => options.log.warn({ err: error }, message),
  });
  const provisioner = new ImageProvisioner(connection, {
    snapshotter: options.snapshotter ?? "overlayfs",
    arch: process.arch,
    sharedNamespace: kubeletNamespace,
    registryConfigDir: options.registryConfigDir,
    pullBy: options.pullBy ?? "auto",
    now: Date.now,
  });
  return {
    containerizer,
    nested: new NestedContainers(connection, containersDir),
    provisioner,
    slots: new Slots(connection, kubeletNamespace),
    logs: { rotate: rotateLog },
    nodeRoot: async () => (await node()).root,
    version: async () => (await connection.unary(Version.method.version, {})).version,
    close: () => {
      containerizer.close();
      connection.close();
    },
  };
}
