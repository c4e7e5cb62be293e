/**
 * What a Pod takes from its node, as kube-scheduler and the kubelet count it
 * (k8s.io/component-helpers/resource/helpers.go: PodRequests with UseStatusResources; KEP-753 for sidecars,
 * KEP-1287 for in-place resize, KEP-2837 for resources of the whole Pod).
 */
import type { Pod } from "../../cluster/core.ts";
import { Shared } from "../../cluster/shared.ts";
import { type Amounts, add, amountsOf, greater, NOTHING, type ResourceList } from "./amounts.ts";

type Spec = NonNullable<Pod["spec"]>;
type Container = Spec["containers"][number];
type ContainerStatus = NonNullable<NonNullable<Pod["status"]>["containerStatuses"]>[number];

/** Whether all its containers are done: it holds nothing any more. A terminating Pod still holds all. */
export const hasFinished = ({ status }: Pod): boolean =>
  status?.phase === "Succeeded" || status?.phase === "Failed";

/** Objects of a cache never change, and a node's Pods are counted again whenever one of them does. */
const counted = new WeakMap<Pod, Amounts>();
/** Pods are alike: those of a DaemonSet on all nodes. */
const alike = new Shared<Amounts>();

/** Requests of the Pod; nothing once it has finished. */
export function podRequests(pod: Pod): Amounts {
  const known = counted.get(pod);
  if (known !== undefined) return known;
  const made = count(pod);
  const requests = alike.get([...made].flat().join(" "), () => made);
  counted.set(pod, requests);
  return requests;
}

function count(pod: Pod): Amounts {
  if (pod.spec === undefined || hasFinished(pod)) return NOTHING;
  const containers = overridden(pod, aggregate(pod.spec, pod));
  return add(containers, amountsOf(pod.spec.overhead));
}

/** The sum of the containers, or what the init containers need at their peak if that is more. */
function aggregate(spec: Spec, pod: Pod): Amounts {
  const effective = statusReader(pod);
  let running = NOTHING;
  for (const container of spec.containers) running = add(running, effective(container));

  let sidecars = NOTHING;
  let peak = NOTHING;
  for (const container of spec.initContainers ?? []) {
    if (container.restartPolicy === "Always") {
      const requests = effective(container);
      running = add(running, requests);
      sidecars = add(sidecars, requests);
    } else {
      peak = greater(peak, add(sidecars, amountsOf(container.resources?.requests)));
    }
  }
  return claims(pod).reduce(add, greater(running, peak));
}

/** What resource claims (DRA) take from the node's cpu and memory. */
const claims = ({ status }: Pod): Amounts[] =>
  (status?.nodeAllocatableResourceClaimStatuses ?? []).map(({ resources }) => amountsOf(resources));

/** During a resize a container counts with the most of what is asked, granted and in effect. */
function statusReader(pod: Pod): (container: Container) => Amounts {
  const statuses = new Map<string, ContainerStatus>();
  for (const one of pod.status?.containerStatuses ?? []) statuses.set(one.name, one);
  for (const one of pod.status?.initContainerStatuses ?? []) statuses.set(one.name, one);
  return ({ name, resources }) => {
    const status = statuses.get(name);
    if (status?.resources === undefined) return amountsOf(resources?.requests);
    return effectiveRequests(pod, resources?.requests, status.resources.requests, status.allocatedResources);
  };
}

function effectiveRequests(
  pod: Pod,
  asked: ResourceList | undefined,
  actual: ResourceList | undefined,
  granted: ResourceList | undefined,
): Amounts {
  const held = greater(amountsOf(actual), amountsOf(granted));
  return isResizeInfeasible(pod) ? held : greater(amountsOf(asked), held);
}

/** An infeasible resize never comes, so what it asks for is not counted. */
export const isResizeInfeasible = ({ status }: Pod): boolean =>
  status?.conditions?.find(({ type }) => type === "PodResizePending")?.reason === "Infeasible";

/** Requests of the whole Pod take the place of the containers' for cpu, memory and huge pages. */
function overridden(pod: Pod, containers: Amounts): Amounts {
  const asked = pod.spec?.resources?.requests;
  const names = Object.keys(asked ?? {}).filter(isPodLevel);
  if (names.length === 0) return containers;
  const status = pod.status?.resources;
  const requests =
    status === undefined
      ? amountsOf(asked)
      : effectiveRequests(pod, asked, status.requests, pod.status?.allocatedResources);
  const result = new Map(containers);
  for (const name of names) result.set(name, requests.get(name) ?? 0n);
  return result;
}

const isPodLevel = (name: string): boolean =>
  name === "cpu" || name === "memory" || name.startsWith("hugepages-");
