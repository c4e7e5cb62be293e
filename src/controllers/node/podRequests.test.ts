import { describe, expect, it } from "vitest";
import type { Pod } from "../../cluster/core.ts";
import { milliOf, wholeOf } from "./amounts.ts";
import { podRequests } from "./podRequests.ts";

type Spec = NonNullable<Pod["spec"]>;
type Container = Spec["containers"][number];
type Status = NonNullable<Pod["status"]>;

const requests = (cpu: string, memory = "0") => ({ resources: { requests: { cpu, memory } } });
const main = (cpu: string, memory?: string, name = "main"): Container => ({ name, ...requests(cpu, memory) });
const sidecar = (cpu: string, memory?: string, name = "sidecar"): Container => ({
  ...main(cpu, memory, name),
  restartPolicy: "Always",
});
const infeasible: Status["conditions"] = [
  { type: "PodResizePending", status: "True", reason: "Infeasible", lastTransitionTime: "" },
];

/** Status of the container `main` during a resize. */
const resizing = (actual: string, granted: string, conditions: Status["conditions"] = []): Status => ({
  conditions,
  containerStatuses: [
    {
      name: "main",
      image: "i",
      imageID: "i",
      ready: true,
      restartCount: 0,
      resources: { requests: { cpu: actual } },
      allocatedResources: { cpu: granted },
    },
  ],
});

interface Case {
  readonly name: string;
  readonly spec: Partial<Spec>;
  readonly status?: Status;
  readonly deleted?: boolean;
  /** Thousandths of a core. */
  readonly cpu: number;
  readonly memory?: number;
}

const MI = 2 ** 20;

const cases: Case[] = [
  { name: "no requests", spec: { containers: [{ name: "main" }] }, cpu: 0 },
  {
    name: "containers add up",
    spec: { containers: [main("100m", "64Mi"), main("0.2", "1Mi", "b")] },
    cpu: 300,
    memory: 65 * MI,
  },
  {
    name: "limits do not count",
    spec: { containers: [{ name: "main", resources: { limits: { cpu: "4" } } }] },
    cpu: 0,
  },
  {
    name: "an init container smaller than the containers",
    spec: { initContainers: [main("50m", "1Mi", "init")], containers: [main("100m", "2Mi")] },
    cpu: 100,
    memory: 2 * MI,
  },
  {
    name: "init containers count one at a time, by resource",
    spec: {
      initContainers: [main("500m", "1Mi", "a"), main("400m", "9Mi", "b")],
      containers: [main("100m", "2Mi")],
    },
    cpu: 500,
    memory: 9 * MI,
  },
  {
    name: "a sidecar adds to the containers",
    spec: { initContainers: [sidecar("200m")], containers: [main("100m")] },
    cpu: 300,
  },
  {
    name: "an init container after a sidecar runs beside it",
    spec: { initContainers: [sidecar("200m"), main("700m", "0", "init")], containers: [main("100m")] },
    cpu: 900,
  },
  {
    name: "an init container before a sidecar runs alone",
    spec: { initContainers: [main("700m", "0", "init"), sidecar("200m")], containers: [main("100m")] },
    cpu: 700,
  },
  {
    name: "sidecars add up in order",
    spec: {
      initContainers: [sidecar("100m", "0", "a"), main("500m", "0", "init"), sidecar("300m", "0", "b")],
      containers: [main("100m")],
    },
    cpu: 600,
  },
  {
    name: "overhead comes on top of the init containers too",
    spec: {
      initContainers: [main("1", "0", "init")],
      containers: [main("100m")],
      overhead: { cpu: "250m", memory: "3Mi" },
    },
    cpu: 1250,
    memory: 3 * MI,
  },
  {
    name: "requests of the Pod stand for the containers', by resource",
    spec: { containers: [main("100m", "64Mi")], resources: { requests: { cpu: "2" } } },
    cpu: 2000,
    memory: 64 * MI,
  },
  {
    name: "requests of the Pod even below the containers'",
    spec: { containers: [main("300m")], resources: { requests: { cpu: "200m" } } },
    cpu: 200,
  },
  {
    name: "overhead on top of the Pod's requests",
    spec: { containers: [], resources: { requests: { cpu: "1" } }, overhead: { cpu: "10m" } },
    cpu: 1010,
  },
  {
    name: "resources that have no Pod level are not overridden",
    spec: { containers: [main("100m")], resources: { requests: { "example.com/x": "7" } } },
    cpu: 100,
  },
  {
    name: "resize up, asked: the ask",
    spec: { containers: [main("2")] },
    status: resizing("1", "1"),
    cpu: 2000,
  },
  {
    name: "resize down, granted: in effect",
    spec: { containers: [main("1")] },
    status: resizing("3", "1"),
    cpu: 3000,
  },
  {
    name: "resize down, not granted yet",
    spec: { containers: [main("1")] },
    status: resizing("2", "3"),
    cpu: 3000,
  },
  {
    name: "an infeasible ask does not count",
    spec: { containers: [main("64")] },
    status: resizing("1", "2", infeasible),
    cpu: 2000,
  },
  {
    name: "an infeasible ask of the whole Pod does not count",
    spec: { containers: [main("1")], resources: { requests: { cpu: "64" } } },
    status: {
      conditions: infeasible,
      resources: { requests: { cpu: "1" } },
      allocatedResources: { cpu: "2" },
    },
    cpu: 2000,
  },
  {
    name: "a resize of the whole Pod: the most of asked, granted, in effect",
    spec: { containers: [main("1")], resources: { requests: { cpu: "2" } } },
    status: { resources: { requests: { cpu: "5" } }, allocatedResources: { cpu: "3" } },
    cpu: 5000,
  },
  {
    name: "status without resources (no in-place resize there) is not read",
    spec: { containers: [main("1")] },
    status: {
      containerStatuses: [
        {
          name: "main",
          image: "i",
          imageID: "i",
          ready: true,
          restartCount: 0,
          allocatedResources: { cpu: "9" },
        },
      ],
    },
    cpu: 1000,
  },
  {
    name: "a claim adds what it takes of the node",
    spec: { containers: [main("1")] },
    status: {
      nodeAllocatableResourceClaimStatuses: [
        { resourceClaimName: "c", containers: ["main"], resources: { cpu: "2" } },
      ],
    },
    cpu: 3000,
  },
  {
    name: "Succeeded holds nothing",
    spec: { containers: [main("1")] },
    status: { phase: "Succeeded" },
    cpu: 0,
  },
  { name: "Failed holds nothing", spec: { containers: [main("1")] }, status: { phase: "Failed" }, cpu: 0 },
  { name: "Pending holds all", spec: { containers: [main("1")] }, status: { phase: "Pending" }, cpu: 1000 },
  {
    name: "terminating holds all until it is gone",
    spec: { containers: [main("1")] },
    status: { phase: "Running" },
    deleted: true,
    cpu: 1000,
  },
  { name: "rounded up once a Pod", spec: { containers: [main("100u"), main("100u", "0", "b")] }, cpu: 1 },
  { name: "memory in thousandths of a byte", spec: { containers: [main("0", "1500m")] }, cpu: 0, memory: 2 },
];

describe("podRequests", () => {
  it.each(cases)("$name", ({ spec, status, deleted, cpu, memory }) => {
    const pod: Pod = {
      metadata: { name: "p", ...(deleted && { deletionTimestamp: "2026-01-01T00:00:00Z" }) },
      spec: { containers: [], ...spec },
      ...(status && { status }),
    };
    const found = podRequests(pod);
    expect(Number(milliOf(found, "cpu"))).toBe(cpu);
    if (memory !== undefined) expect(Number(wholeOf(found, "memory"))).toBe(memory);
  });
});
