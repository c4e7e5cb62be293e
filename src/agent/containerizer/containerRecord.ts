import * as z from "zod";
import { unpackJson } from "../containerd/any.ts";
import type { Container } from "../containerd/gen/containerd/containers_pb.ts";
import type { PodCgroup } from "../isolation/podCgroup.ts";

/** On each container that this agent makes; recovery goes by it. */
export const MANAGED_LABEL = "mesos.dev/managed-by";
export const MANAGED_VALUE = "mesos-agent";
/** Set just before the process is let go, as an ISO time: without it, nothing ever ran. */
export const STARTED_LABEL = "mesos.dev/started-at";

/** What the agent must know of a container after a restart; kept in the container's record, so that it comes and goes with it. */
export interface ContainerRecord {
  readonly cgroup?: PodCgroup;
  readonly addresses: readonly string[];
  /** Of a network that others can share. */
  readonly netns?: string;
  readonly hostname?: string;
  /** The first process is the init. */
  readonly init?: boolean;
}

const EXTENSION = "mesos.dev/container";

const schema = z.object({
  cgroup: z
    .object({ path: z.string(), driver: z.enum(["cgroupfs", "systemd"]), version: z.enum(["v1", "v2"]) })
    .optional(),
  addresses: z.array(z.string()),
  netns: z.string().optional(),
  hostname: z.string().optional(),
  init: z.boolean().optional(),
});

export function toExtensions(record: ContainerRecord) {
  const value = new TextEncoder().encode(JSON.stringify(record));
  return { [EXTENSION]: { typeUrl: EXTENSION, value } };
}

/** A damaged or missing record reads as an empty one: a single container must not keep all others from being found again. */
export function recordOf(container: Pick<Container, "extensions">): ContainerRecord {
  const found = container.extensions[EXTENSION];
  if (found === undefined) return { addresses: [] };
  let json: unknown;
  try {
    json = unpackJson(found);
  } catch {
    return { addresses: [] };
  }
  const { data } = schema.safeParse(json);
  if (data === undefined) return { addresses: [] };
  const { cgroup, addresses, netns, hostname, init } = data;
  return {
    addresses,
    ...(cgroup && { cgroup }),
    ...(netns !== undefined && { netns }),
    ...(hostname !== undefined && { hostname }),
    ...(init && { init }),
  };
}

/** The labels that the caller gave. */
export function callersLabels(container: Container): Record<string, string> {
  return Object.fromEntries(
    Object.entries(container.labels).filter(([key]) => key !== MANAGED_LABEL && key !== STARTED_LABEL),
  );
}
