import { SLOT_CONTAINER } from "../../../../src/api/group.ts";
import { Controller, from } from "../../../../src/cluster/controller.ts";
import type { Pod } from "../../../../src/cluster/core.ts";
import { isConflict, isNotFound } from "../../../../src/cluster/errors.ts";
import type { Logger } from "../../../../src/cluster/logger.ts";
import type { Live } from "../../../../src/cluster/object.ts";
import type { Reflector } from "../../../../src/cluster/reflector.ts";
import type { Resource } from "../../../../src/cluster/resource.ts";
import { isSlot, slotState } from "../../../../src/controllers/slot/state.ts";
import { podCommand, sleepTime } from "./life.ts";
import { SYSTEM } from "./protocol.ts";

const WORKERS = 64;

/**
 * The kubelets' part of every node: what is bound runs at once and ends when its time is over, a resize of a slot Pod
 * is granted at once. One write a step, where a kubelet makes one to three.
 */
export function createKubelets(pods: Resource<Pod>, cache: Reflector<Pod>, logger: Logger): Controller {
  const started = new Map<string, number>();
  const write = (pod: Live<Pod>, status: Pod["status"], signal: AbortSignal) =>
    pods.mergePatch(
      pod.metadata,
      { metadata: { uid: pod.metadata.uid }, status },
      { subresource: "status", signal },
    );

  async function reconcile(key: string, signal: AbortSignal) {
    const pod = cache.store.get(key);
    if (pod?.spec?.nodeName === undefined || pod.metadata.deletionTimestamp !== undefined) {
      started.delete(key);
      return {};
    }
    if (isSlot(pod, SYSTEM)) {
      await grant(pod, signal);
      return {};
    }
    const phase = pod.status?.phase;
    if (phase === "Succeeded") return {};
    const container = pod.spec.containers[0]?.name ?? "";
    if (phase !== "Running") {
      started.set(key, performance.now());
      await write(
        pod,
        { phase: "Running", conditions: READY, containerStatuses: [running(container)] },
        signal,
      );
      return {};
    }
    const time = sleepTime(podCommand(pod));
    if (time === undefined) return {};
    const left = (started.get(key) ?? 0) + time - performance.now();
    if (left > 0) return { requeueAfter: left };
    started.delete(key);
    await write(pod, { phase: "Succeeded", containerStatuses: [completed(container)] }, signal);
    return {};
  }

  async function grant(pod: Live<Pod>, signal: AbortSignal): Promise<void> {
    const { phase, asked, granted } = slotState(pod);
    const same = asked.cpuMilli === granted.cpuMilli && asked.memoryBytes === granted.memoryBytes;
    if (phase === "running" && same) return;
    const requests = pod.spec?.containers[0]?.resources?.requests ?? {};
    await write(pod, runningPod(requests), signal);
  }

  return new Controller({
    name: "kubelet",
    reconcile: (key, signal) => reconcile(key, signal).catch(settled),
    sources: [from(cache)],
    workers: WORKERS,
    logger,
  });
}

const READY = [{ type: "Ready", status: "True" }];
const STARTED_AT = "2026-01-01T00:00:00Z";

/** Status of a slot Pod that was granted what it asks for. */
export function runningPod(requests: Readonly<Record<string, string>>): NonNullable<Pod["status"]> {
  const status = { ...running(SLOT_CONTAINER), allocatedResources: requests, resources: { requests } };
  return { phase: "Running", conditions: READY, containerStatuses: [status] };
}

const running = (name: string) => ({
  name,
  image: "simulated",
  imageID: "simulated",
  ready: true,
  restartCount: 0,
  containerID: "containerd://simulated",
  state: { running: { startedAt: STARTED_AT } },
});

const completed = (name: string) => ({
  ...running(name),
  ready: false,
  state: { terminated: { exitCode: 0, reason: "Completed", startedAt: STARTED_AT, finishedAt: STARTED_AT } },
});

/** What has changed comes again by the watch. */
function settled(error: unknown) {
  if (isConflict(error) || isNotFound(error)) return {};
  throw error;
}
