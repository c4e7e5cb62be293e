import { expect, it } from "vitest";
import type { Lease, Node } from "../cluster/core.ts";
import type { Live } from "../cluster/object.ts";
import { slimLease, slimNode } from "./slim.ts";

const metadata = { name: "n", uid: "u", resourceVersion: "1", creationTimestamp: "2026-01-01T00:00:00Z" };

it("keeps of a Node what decides on offers", () => {
  const taints = [{ key: "k", effect: "NoSchedule" }];
  const ready = {
    type: "Ready",
    status: "True",
    message: "fine",
    lastTransitionTime: "2026-01-01T00:00:00Z",
  };
  const node = {
    apiVersion: "v1",
    metadata: { ...metadata, labels: { zone: "a" }, annotations: { long: "text" } },
    spec: { podCIDR: "10.0.0.0/24", taints, unschedulable: true },
    status: {
      allocatable: { cpu: "4" },
      capacity: { cpu: "5" },
      conditions: [{ type: "DiskPressure", status: "False" }, ready],
      images: [{ names: ["large"] }],
    },
  } as unknown as Live<Node>;
  expect(slimNode(node)).toEqual({
    metadata: { ...metadata, labels: { zone: "a" } },
    spec: { taints, unschedulable: true },
    status: { allocatable: { cpu: "4" }, conditions: [ready] },
  });
  expect(slimNode({ metadata } as Live<Node>)).toEqual({ metadata, spec: {}, status: {} });
});

it("keeps of a Lease who holds it and since when", () => {
  const spec = { holderIdentity: "a", renewTime: "2026-01-01T00:00:00.000000Z", leaseDurationSeconds: 75 };
  const lease = {
    metadata: { ...metadata, namespace: "ns", labels: { a: "b" } },
    spec: { ...spec, leaseTransitions: 3 },
  } as unknown as Live<Lease>;
  expect(slimLease(lease)).toEqual({ metadata: { ...metadata, namespace: "ns" }, spec });
});
