import { existsSync } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { packMessage, packOciSpec } from "../containerd/any.ts";
import type { Connection } from "../containerd/connection.ts";
import { Containers } from "../containerd/gen/containerd/containers_pb.ts";
import { OptionsSchema } from "../containerd/gen/containerd/runcOptions_pb.ts";
import { Snapshots } from "../containerd/gen/containerd/snapshots_pb.ts";
import { Tasks } from "../containerd/gen/containerd/tasks_pb.ts";
import { isAlreadyExists } from "../containerd/rpcError.ts";
import type { Attachment, Networks } from "../isolation/cni/networks.ts";
import type { NodeAccess } from "../isolation/cni/plugin.ts";
import type { ImageConfig } from "../provisioner/provisioner.ts";
import { buildSpec, type NodeFacts } from "./buildSpec.ts";
import type { RunningContainer } from "./containerizer.ts";
import { MANAGED_LABEL, MANAGED_VALUE, recordOf, STARTED_LABEL, toExtensions } from "./containerRecord.ts";
import { endTask } from "./endTask.ts";
import { InvalidSpecError } from "./errors.ts";
import { userInSnapshot } from "./imageUsers.ts";
import { createLog } from "./logRotation.ts";
import { prepareNodeFiles } from "./nodeFiles.ts";
import { keepShim, releaseShim } from "./shimRecord.ts";
import type { ContainerSpec } from "./spec.ts";

export const RUNTIME = "io.containerd.runc.v2";
export const NETWORK_STATE = "cni.json";
const RUNTIME_DEADLINE_MS = 120_000;

export interface LaunchContext {
  readonly connection: Connection;
  readonly networks: Networks | undefined;
  readonly node: NodeAccess;
  readonly facts: NodeFacts;
  /** On the node; see ContainerSpec.init. */
  readonly init: string | undefined;
  /** The container's own folder on the node. */
  readonly folder: string;
  readonly lease: string;
  readonly now: () => Date;
  readonly signal?: AbortSignal | undefined;
  /** Takes what undoes each step, in order. */
  readonly undo: (step: () => Promise<unknown>) => void;
}

/** The steps of a launch; the caller undoes those done when one fails. */
export async function launchContainer(
  context: LaunchContext,
  spec: ContainerSpec,
  image: ImageConfig,
): Promise<RunningContainer> {
  const { connection, lease, signal, undo, folder } = context;
  const { id } = spec;
  const options = { lease, signal };

  await mkdir(folder, { recursive: true, mode: 0o711 });
  // A network that could not be taken back is found again by its file: by remove, or at recovery.
  undo(async () => existsSync(join(folder, NETWORK_STATE)) || rm(folder, { recursive: true, force: true }));
  const rootfs = await prepareSnapshot(context, id, image);
  const user = await userInSnapshot(context.node, image, spec.user, rootfs);
  const attachment = await attach(context, spec);
  const addresses = attachment?.addresses ?? [];
  const hostname = attachment?.hostname ?? spec.hostname;
  const named = hostname === undefined ? spec : { ...spec, hostname };
  const files = await prepareNodeFiles(named, addresses, folder, context.node.root);
  const oci = buildSpec({
    spec: named,
    image,
    user,
    files,
    facts: context.facts,
    ...(spec.init && context.init !== undefined ? { init: context.init } : {}),
    ...(attachment === undefined ? {} : { netns: attachment.netns }),
  });
  await createLog(spec.stdout);
  await createLog(spec.stderr);
  signal?.throwIfAborted();

  const record = {
    addresses,
    ...(attachment !== undefined && { netns: attachment.netns }),
    ...(hostname !== undefined && { hostname }),
    ...(spec.cgroup && { cgroup: spec.cgroup }),
    ...(spec.init && context.init !== undefined && { init: true }),
  };
  const container = {
    id,
    labels: { ...spec.labels, [MANAGED_LABEL]: MANAGED_VALUE },
    image: image.name,
    runtime: { name: RUNTIME },
    spec: packOciSpec("Spec", oci),
    snapshotter: image.snapshotter,
    snapshotKey: id,
    extensions: toExtensions(record),
  };
  await connection.unary(Containers.method.create, { container }, options);
  undo(() => connection.unary(Containers.method.delete, { id }));

  await keepShim(connection, id);
  undo(() => releaseShim(connection, id));
  const created = connection.unary(
    Tasks.method.create,
    {
      containerId: id,
      rootfs,
      // Plain files, not FIFOs: the shim opens them itself and goes on writing without the agent.
      stdout: spec.stdout,
      stderr: spec.stderr,
      options: packMessage(OptionsSchema, { systemdCgroup: spec.cgroup?.driver === "systemd" }),
    },
    { ...options, deadlineMs: RUNTIME_DEADLINE_MS },
  );
  // A call that failed for want of an answer may have made the task all the same.
  undo(() => endTask(connection, id));
  const { pid } = await created;

  const startedAt = context.now();
  await connection.unary(
    Containers.method.update,
    {
      container: { id, labels: { [STARTED_LABEL]: startedAt.toISOString() } },
      updateMask: { paths: [`labels.${STARTED_LABEL}`] },
    },
    options,
  );
  signal?.throwIfAborted();
  // Not cancelled half-way: whether it ran would not be known.
  await connection.unary(Tasks.method.start, { containerId: id }, { deadlineMs: RUNTIME_DEADLINE_MS });
  return { id, pid, startedAt, addresses };
}

async function prepareSnapshot(
  { connection, lease, signal, undo }: LaunchContext,
  id: string,
  { snapshotter, chainId }: ImageConfig,
) {
  const prepare = () =>
    connection.unary(Snapshots.method.prepare, { snapshotter, key: id, parent: chainId }, { lease, signal });
  const remove = () => connection.unary(Snapshots.method.remove, { snapshotter, key: id });
  const { mounts } = await prepare().catch(async (error) => {
    // No container has this id, so the snapshot is left from a launch that died.
    if (!isAlreadyExists(error)) throw error;
    await remove();
    return prepare();
  });
  undo(remove);
  return mounts;
}

/** A network to run in, and the host name that goes with one that is shared. */
interface Place extends Attachment {
  readonly hostname?: string;
}

async function attach(context: LaunchContext, spec: ContainerSpec): Promise<Place | undefined> {
  const { network } = spec;
  if (network.type === "container") return placeOf(context, network.id);
  if (network.type !== "cni") return undefined;
  if (context.networks === undefined) throw new InvalidSpecError("the agent is not set up for CNI networks");
  const { networks, folder } = context;
  const state = join(folder, NETWORK_STATE);
  const attachment = await networks.attach(spec.id, network, state);
  context.undo(() => networks.detach(spec.id, state));
  return attachment;
}

async function placeOf({ connection, signal }: LaunchContext, id: string): Promise<Place> {
  const { container } = await connection.unary(Containers.method.get, { id }, { signal });
  const { netns, addresses, hostname } = container === undefined ? { addresses: [] } : recordOf(container);
  if (netns === undefined) throw new InvalidSpecError(`container ${id} has no network that can be shared`);
  return { netns, addresses, ...(hostname !== undefined && { hostname }) };
}
