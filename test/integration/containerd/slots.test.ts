import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { ContainerRuntime } from "../../../src/agent/containerizer/open.ts";
import { CgroupError } from "../../../src/agent/isolation/podCgroup.ts";
import { BUSYBOX_IMAGE, PrivateContainerd } from "./privateContainerd.ts";
import { shellTask, until } from "./taskSpec.ts";

let containerd: PrivateContainerd;
let runtime: ContainerRuntime;

beforeAll(async () => {
  containerd = await PrivateContainerd.start();
  runtime = await containerd.client();
  await containerd.importBusybox("k8s.io", BUSYBOX_IMAGE, { unpack: true });
});
afterAll(() => containerd?.stop());

/** A container in the kubelet's namespace, in the cgroup that a kubelet would give it. */
async function runAsPod(cgroup: string): Promise<string> {
  const id = randomUUID().replaceAll("-", "");
  await containerd.ctr(
    ..."-n k8s.io run -d --cgroup".split(" "),
    `${cgroup}/${id}`,
    BUSYBOX_IMAGE,
    id,
    "/bin/sleep",
    "1000",
  );
  return id;
}

async function endPod(id: string): Promise<void> {
  await containerd.ctr("-n", "k8s.io", "tasks", "rm", "-f", id);
  await containerd.ctr("-n", "k8s.io", "containers", "rm", id);
}

test("a task runs below the cgroup of the slot Pod's container", async () => {
  const pod = `${containerd.cgroup.path}/kubepods/burstable/pod${randomUUID()}`;
  const container = await runAsPod(pod);
  const slot = await runtime.slots.locate(`containerd://${container}`);
  expect(slot).toMatchObject({
    cgroup: { path: pod, driver: "cgroupfs", version: containerd.cgroup.version },
  });
  if (slot === undefined) throw new Error("unreachable");

  const image = await runtime.provisioner.pull(BUSYBOX_IMAGE, { policy: "IfNotPresent" });
  const spec = shellTask(containerd, "sleep 1000", {
    cgroup: slot.cgroup,
    network: { type: "netns", path: slot.netnsPath },
  });
  const { pid } = await runtime.containerizer.launch(spec, image);
  expect(readFileSync(`/proc/${pid}/cgroup`, "utf8")).toContain(`:memory:${pod}/mesos-${spec.id}\n`);
  // The runtime's own threads count until it has become the task.
  await until("it is one process", async () => (await runtime.containerizer.usage(spec.id)).pids === 1);
  await runtime.containerizer.remove(spec.id);
  await endPod(container);
  expect(await runtime.slots.locate(container)).toBeUndefined();
});

test("a container outside any Pod is no slot", async () => {
  const container = await runAsPod(`${containerd.cgroup.path}/elsewhere`);
  await expect(runtime.slots.locate(container)).rejects.toBeInstanceOf(CgroupError);
  await endPod(container);
  expect(await runtime.slots.locate("containerd://unknown")).toBeUndefined();
});
