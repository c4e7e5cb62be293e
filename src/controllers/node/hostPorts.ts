import type { Pod } from "../../cluster/core.ts";
import type { RangeSpec } from "../../resources/index.ts";
import { coalesce } from "../../resources/index.ts";
import { hasFinished } from "./podRequests.ts";

/**
 * Ports of the node that a Pod may be bound to. One that is on the node's network takes its containers' ports there,
 * declared as hostPort or not. The protocol does not matter: Mesos's ports have none.
 */
export function hostPorts(pod: Pod): readonly RangeSpec[] {
  if (pod.spec === undefined || hasFinished(pod)) return [];
  const onHost = pod.spec.hostNetwork === true;
  const containers = [...pod.spec.containers, ...(pod.spec.initContainers ?? [])];
  const taken = containers
    .flatMap(({ ports }) => ports ?? [])
    .map(({ hostPort, containerPort }) => hostPort || (onHost ? containerPort : 0))
    .filter((port) => port > 0);
  return coalesce(taken.map((port) => ({ begin: port, end: port })));
}
