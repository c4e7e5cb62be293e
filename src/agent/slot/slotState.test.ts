import { expect, test } from "vitest";
import type { Pod } from "../../cluster/core.ts";
import type { Live } from "../../cluster/object.ts";
import { slotState } from "./slotState.ts";

const pod = (status: Pod["status"], metadata: object = {}): Live<Pod> => ({
  metadata: { name: "mesos-slot-n1", uid: "p1", resourceVersion: "1", creationTimestamp: "", ...metadata },
  ...(status === undefined ? {} : { status }),
});
const container = (fields: object) => ({
  name: "slot",
  image: "",
  imageID: "",
  ready: true,
  restartCount: 0,
  containerID: "containerd://abc",
  state: { running: { startedAt: "2026-01-01T00:00:00Z" } },
  allocatedResources: { cpu: "1010m", memory: "80Mi" },
  ...fields,
});

test("a slot grants what the kubelet allocated less its base", () => {
  expect(slotState(pod({ phase: "Running", containerStatuses: [container({})] }))).toEqual({
    podUid: "p1",
    containerId: "containerd://abc",
    granted: { cpus: 1_000, mem: 64_000 },
    resizePending: false,
    ending: false,
  });
});

test("without allocatedResources nothing is granted", () => {
  const status = { containerStatuses: [container({ allocatedResources: undefined })] };
  expect(slotState(pod(status)).granted).toEqual({ cpus: 0, mem: 0 });
});

test("a fraction of a MiB lost to whole bytes is not missed", () => {
  const status = {
    containerStatuses: [container({ allocatedResources: { cpu: "10m", memory: "17825792" } })],
  };
  expect(slotState(pod(status)).granted.mem).toBe(1_000);
});

test("a pending resize, an end and a container that does not run are seen", () => {
  const deferred = { type: "PodResizePending", status: "True", reason: "Deferred" };
  expect(slotState(pod({ conditions: [deferred] })).resizePending).toBe(true);
  expect(slotState(pod({ conditions: [{ ...deferred, status: "False" }] })).resizePending).toBe(false);
  expect(slotState(pod({ phase: "Failed" })).ending).toBe(true);
  expect(slotState(pod(undefined, { deletionTimestamp: "2026-01-01T00:00:00Z" })).ending).toBe(true);
  const waiting = { containerStatuses: [container({ state: { waiting: {} } })] };
  expect(slotState(pod(waiting)).containerId).toBeUndefined();
});
