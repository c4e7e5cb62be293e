import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Reservation } from "../../api/reservation.ts";
import { recordWith, specWith } from "../lifecycle/fixture.ts";
import { Layout } from "../sandbox/layout.ts";
import { diskQuotas, overDisk, sharedDiskQuotas } from "./diskLimits.ts";
import { memAvailable, memTotal, pressureKill, victim } from "./memoryPressure.ts";
import { knownVolumes, volumeIdentity } from "./volumes.ts";

describe("memory", () => {
  const meminfo = "MemTotal:       24732000 kB\nMemFree:          100 kB\nMemAvailable:     204800 kB\n";

  test("is read from meminfo", () => {
    expect(memAvailable(meminfo)).toBe(200 << 20);
    expect(memTotal(meminfo)).toBe(24732000 * 1024);
    expect(() => memAvailable("")).toThrow("MemAvailable");
  });

  test("the task that most exceeds what it holds is ended", () => {
    const uses = [
      { uid: "small", used: 10, requested: 5 },
      { uid: "large", used: 1_000, requested: 999 },
      { uid: "worst", used: 100, requested: 50 },
    ];
    expect(victim(uses)?.uid).toBe("worst");
    expect(victim([{ uid: "fair", used: 5, requested: 5 }])).toBeUndefined();
    expect(pressureKill({ uid: "x", used: 2 << 20, requested: 1 << 20 }, 3 << 20)).toMatchObject({
      cause: "memory",
      message:
        "The node ran short of memory (3.0 MiB available) and the task used 2.0 MiB, beyond the 1.0 MiB that it holds",
    });
  });
});

describe("disk", () => {
  test("what tasks share counts against their executor, their own sandboxes do not", () => {
    const layout = new Layout("/work");
    const executor = {
      apiVersion: "",
      kind: "Executor",
      metadata: { name: "e", namespace: "ns", uid: "u", resourceVersion: "1", creationTimestamp: "" },
      spec: { framework: "fw", resources: [{ name: "disk", scalar: 1 }] },
    } as unknown as Parameters<typeof sharedDiskQuotas>[0];
    const path = "/work/sandboxes/ns/fw/executors/e-u";
    expect(sharedDiskQuotas(executor, layout)).toEqual([
      { path, bytes: 1 << 20, what: "the sandbox", except: `${path}/containers` },
    ]);
  });

  test("a task with disk must keep within it, one without need not", () => {
    const layout = new Layout("/work");
    expect(diskQuotas(recordWith(), layout)).toEqual([]);
    const spec = specWith({
      resources: [
        { name: "disk", scalar: 1 },
        {
          name: "disk",
          scalar: 2,
          reservations: [{ type: "DYNAMIC", role: "dev" }],
          disk: { persistence: { id: "v" }, volume: { containerPath: "v", mode: "RW" } },
        },
      ],
    });
    expect(diskQuotas(recordWith({ spec, sandbox: "/s" }), layout)).toEqual([
      { path: "/s", bytes: 1 << 20, what: "the sandbox" },
      { path: "/work/volumes/roles/dev/v", bytes: 2 << 20, what: "the persistent volume v" },
    ]);
  });

  test("what is too large is killed with both figures", async () => {
    const folder = await mkdtemp(join(tmpdir(), "disk-"));
    try {
      await writeFile(join(folder, "f"), Buffer.alloc(2 << 20, 1));
      const { signal } = new AbortController();
      const quota = (bytes: number) => [{ path: folder, bytes, what: "the sandbox" }];
      expect(await overDisk(quota(4 << 20), signal)).toBeUndefined();
      expect(await overDisk(quota(1 << 20), signal)).toMatchObject({
        cause: "disk",
        message: "Disk usage of the sandbox (2.0 MiB) exceeds its quota (1.0 MiB)",
      });
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

test("an agent keeps the volumes of Reservations that are placed there", () => {
  const reservation = (agent: string | undefined, placed: string | undefined, id: string): Reservation => ({
    apiVersion: "mesos.dev/v1alpha1",
    kind: "Reservation",
    metadata: { name: id },
    spec: {
      role: "dev",
      resources: [{ name: "disk", scalar: 1 }],
      volumes: [{ id, scalar: 1, containerPath: "x", mode: "RW" }],
      ...(agent === undefined ? { selector: {} } : { agent }),
    },
    status: placed === undefined ? {} : { reserved: [{ agent: placed, resources: [] }] },
  });
  const known = knownVolumes(
    [reservation("n1", undefined, "a"), reservation("n2", undefined, "b"), reservation(undefined, "n1", "c")],
    "n1",
  );
  expect(["a", "b", "c"].filter((id) => known.has({ role: "dev", id }))).toEqual(["a", "c"]);
  expect(known.has({ role: "other", id: "a" })).toBe(false);
});

test("a volume is told from an earlier one of its name by its uid, else by its Reservation", () => {
  const reservation = (uid: string, volume?: string): Reservation => ({
    apiVersion: "mesos.dev/v1alpha1",
    kind: "Reservation",
    metadata: { name: "r", uid },
    spec: {
      role: "dev",
      agent: "n1",
      resources: [{ name: "disk", scalar: 1 }],
      volumes: [
        {
          id: "v",
          scalar: 1,
          containerPath: "x",
          mode: "RW",
          ...(volume !== undefined && { uid: volume }),
        },
      ],
    },
  });
  const identity = (one: Reservation) => volumeIdentity([one], "n1", { role: "dev", id: "v" });
  expect(identity(reservation("r1"))).toBe("r1");
  expect(identity(reservation("r1", "offer/1"))).toBe("offer/1");
  expect(volumeIdentity([reservation("r1")], "n2", { role: "dev", id: "v" })).toBeUndefined();
});
