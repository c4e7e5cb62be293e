import { readFile, statfs } from "node:fs/promises";
import { join } from "node:path";
import type { Logger } from "pino";
import { durationMs } from "../../api/duration.ts";
import type { Reservation } from "../../api/reservation.ts";
import type { TaskSpec } from "../../api/task.ts";
import type { Resource } from "../../cluster/resource.ts";
import type { Clock } from "../../cluster/time.ts";
import type { AgentConfig } from "../../config/agent.ts";
import type { TaskRecord } from "../checkpoint/record.ts";
import type { ContainerRuntime } from "../containerizer/open.ts";
import type { DefaultExecutors } from "../defaultexecutor/defaultExecutors.ts";
import { heldMemory } from "../launch/limits.ts";
import { REASON } from "../lifecycle/reason.ts";
import { parseReference } from "../provisioner/reference.ts";
import type { TaskRun } from "../run/taskRun.ts";
import { collectable, keptFor, listSandboxes, removeSandbox } from "../sandbox/collect.ts";
import type { Layout } from "../sandbox/layout.ts";
import { STDERR, STDOUT } from "../sandbox/sandbox.ts";
import { bytesOf } from "./bytes.ts";
import { diskQuotas, overDisk, sharedDiskQuotas } from "./diskLimits.ts";
import { every } from "./every.ts";
import { type MemoryUse, memAvailable, pressureKill, victim } from "./memoryPressure.ts";
import { VolumeCollector } from "./volumeCollector.ts";

export interface UpkeepOptions {
  /** The agent's name. */
  readonly node: string;
  readonly runs: () => Iterable<TaskRun>;
  /** What the container of a record may use. */
  readonly resourcesOf: (record: TaskRecord) => TaskSpec["resources"];
  readonly defaultExecutors: Pick<DefaultExecutors, "containers" | "live" | "lose">;
  readonly runtime: Pick<ContainerRuntime, "containerizer" | "logs" | "nested" | "provisioner">;
  readonly reservations: Pick<Resource<Reservation>, "list">;
  readonly layout: Layout;
  readonly config: AgentConfig;
  readonly clock: Clock;
  readonly log: Logger;
}

const LOGS_INTERVAL = 1_000;
const MEMORY_INTERVAL = 1_000;
const GARBAGE_INTERVAL = 60_000;
/** Images not used for so long go; sooner when the disk fills up. */
const IMAGE_AGE = 7 * 86_400_000;

/** Sandboxes that are kept for less than a minute do not wait for one. */
const sandboxInterval = ({ sandboxTtl }: AgentConfig): number =>
  Math.min(GARBAGE_INTERVAL, Math.max(1_000, durationMs(sandboxTtl)));

/** What has to be done on a node again and again: logs, limits, garbage. */
export class Upkeep {
  readonly #options: UpkeepOptions;
  readonly #volumes: VolumeCollector;

  constructor(options: UpkeepOptions) {
    this.#options = options;
    const { node, reservations, layout, log, runs, defaultExecutors } = options;
    const holders = () => [
      ...[...runs()].map(({ record }) => record).filter(({ phase }) => phase !== "settled"),
      ...defaultExecutors.live(),
    ];
    this.#volumes = new VolumeCollector({ node, reservations, layout, log, holders });
  }

  async run(signal: AbortSignal): Promise<void> {
    const { clock, log, config } = this.#options;
    const start = (name: string, interval: number, work: (signal: AbortSignal) => Promise<void>) =>
      every({ name, interval, clock, log }, work, signal);
    await Promise.all([
      start("the rotation of logs", LOGS_INTERVAL, () => this.rotateLogs()),
      start("the measuring of disks", durationMs(config.sandboxDiskInterval), (stop) =>
        this.limitDisks(stop),
      ),
      start("the watch over memory", MEMORY_INTERVAL, () => this.relieveMemory()),
      start("the collection of sandboxes", sandboxInterval(config), () => this.collectSandboxes()),
      start("the collection of images", GARBAGE_INTERVAL, () => this.collectImages()),
      start("the destruction of volumes", GARBAGE_INTERVAL, (stop) => this.#volumes.look(stop)),
    ]);
  }

  async rotateLogs(): Promise<void> {
    const { runtime, config, log } = this.#options;
    const options = { maxBytes: bytesOf(config.logs.maxSize), keep: config.logs.files - 1 };
    for (const { record } of this.#running()) {
      const { sandbox } = record;
      if (sandbox === undefined) continue;
      const own = [STDOUT, STDERR].map((name) => join(sandbox, name));
      for (const path of [...own, ...(await runtime.nested.outputs(record.uid))]) {
        // One task's trouble is not the others'.
        await runtime.logs
          .rotate(path, options)
          .catch((err: unknown) => log.warn({ err, task: record.uid }, "an output could not be rotated"));
      }
    }
  }

  async limitDisks(signal: AbortSignal): Promise<void> {
    const { layout, log, defaultExecutors } = this.#options;
    for (const run of this.#running()) {
      try {
        const kill = await overDisk(diskQuotas(run.record, layout), signal);
        if (kill) run.dispatch(kill);
      } catch (err) {
        signal.throwIfAborted();
        log.warn({ err, task: run.uid }, "the disk usage of a task could not be measured");
      }
    }
    for (const executor of defaultExecutors.live()) {
      const { uid } = executor.metadata;
      try {
        const kill = await overDisk(sharedDiskQuotas(executor, layout), signal);
        if (kill) defaultExecutors.lose(uid, { reason: REASON.disk, message: kill.message });
      } catch (err) {
        signal.throwIfAborted();
        log.warn({ err, executor: uid }, "the disk usage of an executor could not be measured");
      }
    }
  }

  /** One task at a time: what it frees may be enough. */
  async relieveMemory(): Promise<void> {
    const { config, runtime, log } = this.#options;
    const available = memAvailable(await readFile("/proc/meminfo", "utf8"));
    if (available >= bytesOf(config.memoryPressure.availableBelow)) return;
    const uses: MemoryUse[] = [];
    for (const { uid, record } of this.#running()) {
      if (record.kill) {
        if (record.kill.cause === "memory") return;
        continue;
      }
      const usage = await runtime.containerizer.usage(uid).catch(() => undefined);
      if (usage)
        uses.push({
          uid,
          used: usage.memoryBytes,
          requested: heldMemory({ resources: this.#options.resourcesOf(record) }),
        });
    }
    const worst = victim(uses);
    if (!worst) return;
    log.warn({ task: worst.uid, available }, "the node runs short of memory: a task is ended");
    for (const run of this.#options.runs())
      if (run.uid === worst.uid) run.dispatch(pressureKill(worst, available));
  }

  async collectSandboxes(): Promise<void> {
    const { layout, config, clock, log, runs, defaultExecutors } = this.#options;
    const age = keptFor(durationMs(config.sandboxTtl), await this.#diskUsage());
    const tasks = [...runs()].flatMap(({ uid, record: { parent } }) => (parent ? [uid, parent.uid] : [uid]));
    const live = new Set([...tasks, ...defaultExecutors.containers()]);
    for (const sandbox of collectable(await listSandboxes(layout), live, clock.now(), age)) {
      await removeSandbox(sandbox);
      log.info({ sandbox: sandbox.path }, "a sandbox was removed");
    }
  }

  async collectImages(): Promise<void> {
    const { runtime, config, log } = this.#options;
    const unusedForMs = keptFor(IMAGE_AGE, await this.#diskUsage());
    const keep = new Set([parseReference(config.defaultImage).name]);
    const removed = await runtime.provisioner.collectGarbage({ unusedForMs, keep });
    if (removed.length > 0) log.info({ images: removed }, "images were removed");
  }

  *#running(): Generator<TaskRun> {
    for (const run of [...this.#options.runs()]) if (run.record.phase === "running") yield run;
  }

  /** How full the disk of the work directory is, 0 to 1. */
  async #diskUsage(): Promise<number> {
    const { blocks, bavail, bfree } = await statfs(this.#options.layout.root);
    const used = blocks - bfree;
    return used / Math.max(1, used + bavail);
  }
}
