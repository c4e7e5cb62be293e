import { durationMs } from "../../api/duration.ts";
import type { Clock, Timer } from "../../cluster/time.ts";
import { runTaskChecks } from "../checks/taskChecks.ts";
import type { Containerizer } from "../containerizer/containerizer.ts";
import type { TaskRun } from "./taskRun.ts";

export interface MonitorsOptions {
  readonly containerizer: Pick<Containerizer, "exec">;
  readonly clock: Clock;
}

interface Monitor {
  readonly stop: AbortController;
  readonly deadline: Timer | undefined;
}

const LOOPBACK = "127.0.0.1";

/** Watches over running tasks: their checks, and the time within which they must be complete. */
export class Monitors {
  readonly #options: MonitorsOptions;
  readonly #running = new Map<string, Monitor>();

  constructor(options: MonitorsOptions) {
    this.#options = options;
  }

  start(run: TaskRun): void {
    const { record } = run;
    if (record.container === undefined || this.#running.has(record.uid)) return;
    const { clock, containerizer } = this.#options;
    const startedAt = Date.parse(record.container.startedAt);
    const stop = new AbortController();
    const deadline = this.#deadline(run, startedAt);
    this.#running.set(record.uid, { stop, deadline });
    void runTaskChecks(
      {
        id: record.uid,
        spec: record.spec,
        host: record.container.addresses[0] ?? LOOPBACK,
        startedAt,
        last: { healthy: record.healthy, checkStatus: record.checkStatus },
        containerizer,
        clock,
        dispatch: (event) => run.dispatch(event),
      },
      stop.signal,
    );
  }

  stop(uid: string): void {
    const monitor = this.#running.get(uid);
    if (!monitor) return;
    this.#running.delete(uid);
    monitor.deadline?.cancel();
    monitor.stop.abort();
  }

  stopAll(): void {
    for (const uid of [...this.#running.keys()]) this.stop(uid);
  }

  /** Mesos kills without grace when max_completion_time is over (src/launcher/executor.cpp taskCompletionTimeout()). */
  #deadline(run: TaskRun, startedAt: number): Timer | undefined {
    const { maxCompletionTime } = run.record.spec;
    if (maxCompletionTime === undefined) return undefined;
    const { clock } = this.#options;
    const left = startedAt + durationMs(maxCompletionTime) - clock.now();
    const message = `The task ran longer than its maxCompletionTime of ${maxCompletionTime}`;
    return clock.setTimeout(
      () => run.dispatch({ type: "kill", cause: "deadline", graceMs: 0, message }),
      left,
    );
  }
}
