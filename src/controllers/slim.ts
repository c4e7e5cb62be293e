import type { Node, Pod } from "../cluster/core.ts";
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

/** A Node without the list of its images, the largest part of it. */
export function slimNode(node: Live<Node>): Live<Node> {
  if (node.status?.images === undefined) return node;
  const { images: _images, ...status } = node.status;
  return { ...node, status };
}
