import type { Lease, Node, Pod } from "../cluster/core.ts";
import type { Live } from "../cluster/object.ts";

type Container = NonNullable<Pod["spec"]>["containers"][number];

/** A Pod with what bears on resources and on where it runs: a large cluster's Pods fill memory otherwise. */
export function slimPod(pod: Live<Pod>): Live<Pod> {
  const { annotations: _annotations, ...metadata } = pod.metadata;
  const { spec } = pod;
  if (spec === undefined) return { ...pod, metadata };
  const { volumes: _volumes, ...rest } = spec;
  return {
    ...pod,
    metadata,
    spec: {
      ...rest,
      containers: spec.containers.map(slimContainer),
      ...(spec.initContainers && { initContainers: spec.initContainers.map(slimContainer) }),
    },
  };
}

function slimContainer(container: Container): Container {
  const { name, image, resources, resizePolicy, ports, restartPolicy } = container;
  return {
    name,
    ...(image !== undefined && { image }),
    ...(resources && { resources }),
    ...(resizePolicy && { resizePolicy }),
    ...(ports && { ports }),
    ...(restartPolicy !== undefined && { restartPolicy }),
  } as Container;
}

/** A Node with what is offered of it, and whether it may be: the rest is by far the larger part. */
export function slimNode(node: Live<Node>): Live<Node> {
  const { annotations: _annotations, ...metadata } = node.metadata;
  const { allocatable, conditions } = node.status ?? {};
  const ready = conditions?.filter(({ type }) => type === "Ready");
  const { taints, unschedulable } = node.spec ?? {};
  return {
    metadata,
    spec: { ...(taints && { taints }), ...(unschedulable !== undefined && { unschedulable }) },
    status: { ...(allocatable && { allocatable }), ...(ready && { conditions: ready }) },
  } as Live<Node>;
}

/** A Lease by its name, with who holds it and since when. */
export function slimLease({ metadata, spec }: Live<Lease>): Live<Lease> {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = metadata;
  const { holderIdentity, renewTime, leaseDurationSeconds } = spec ?? {};
  return {
    metadata: {
      name,
      uid,
      resourceVersion,
      creationTimestamp,
      ...(namespace !== undefined && { namespace }),
    },
    spec: { holderIdentity, renewTime, leaseDurationSeconds },
  } as Live<Lease>;
}
