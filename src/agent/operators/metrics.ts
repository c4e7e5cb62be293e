import { availableParallelism, freemem, loadavg, totalmem } from "node:os";
import type { Registry } from "prom-client";
import type { Clock } from "../../cluster/time.ts";
import { Resources } from "../../resources/index.ts";
import { AgentMetrics } from "../metrics.ts";
import { type ExecutorHere, frameworksHere } from "./here.ts";

export interface SlaveMetricsOptions {
  readonly registry: Registry;
  readonly clock: Clock;
  /** Milliseconds of the epoch. */
  readonly startedAt: number;
  readonly total: () => Resources;
  /** All there are, whoever asks. */
  readonly here: () => readonly ExecutorHere[];
}

const RESOURCES = ["cpus", "gpus", "mem", "disk"] as const;
const ENDS = ["finished", "failed", "killed", "lost", "gone", "error"] as const;
const RUNNING = ["staging", "starting", "running", "killing"] as const;

/** The metrics of Mesos's agent by its names (src/slave/metrics.cpp), as far as there is something behind them. */
export class SlaveMetrics {
  readonly #options: SlaveMetricsOptions;

  constructor(options: SlaveMetricsOptions) {
    this.#options = options;
  }

  async snapshot(): Promise<Readonly<Record<string, number>>> {
    const { clock, startedAt, registry } = this.#options;
    const here = this.#options.here();
    const running = here.filter(({ isRunning }) => isRunning);
    const tasks = running.flatMap((executor) => executor.tasks);
    const launched = tasks.filter(({ stage }) => stage === "launched");
    const frameworks = frameworksHere(here).filter(({ isActive }) => isActive);
    const ended = await AgentMetrics.endedByState(registry);
    const state = (name: string) => `TASK_${name.toUpperCase()}`;
    return {
      ...system(),
      "slave/uptime_secs": (clock.now() - startedAt) / 1000,
      "slave/registered": 1,
      "slave/recovery_errors": 0,
      "slave/frameworks_active": frameworks.length,
      "slave/executors_running": running.length,
      "slave/executors_terminated": here.length - running.length,
      ...Object.fromEntries(ENDS.map((name) => [`slave/tasks_${name}`, ended.get(state(name)) ?? 0])),
      ...Object.fromEntries(
        RUNNING.map((name) => [
          `slave/tasks_${name}`,
          launched.filter(({ task }) => (task.status?.state ?? "TASK_STAGING") === state(name)).length,
        ]),
      ),
      ...this.#resources(running),
    };
  }

  #resources(running: readonly ExecutorHere[]): Record<string, number> {
    const total = this.#options.total().quantities();
    const used = Resources.sum(running.map(({ held }) => held)).quantities();
    const entries = RESOURCES.flatMap((name) => {
      const [all, taken] = [total.get(name) / 1000, used.get(name) / 1000];
      return [
        [`slave/${name}_total`, all],
        [`slave/${name}_used`, taken],
        [`slave/${name}_percent`, all > 0 ? taken / all : 0],
      ] as const;
    });
    return Object.fromEntries(entries);
  }
}

/** Of the node (libprocess: src/metrics, 3rdparty/libprocess/include/process/system.hpp). */
function system(): Record<string, number> {
  const [one = 0, five = 0, fifteen = 0] = loadavg();
  return {
    "system/cpus_total": availableParallelism(),
    "system/load_1min": one,
    "system/load_5min": five,
    "system/load_15min": fifteen,
    "system/mem_total_bytes": totalmem(),
    "system/mem_free_bytes": freemem(),
  };
}
