import type { Logger } from "pino";
import type { Clock } from "../../cluster/time.ts";
import type { Containerizer, ExitStatus } from "../containerizer/containerizer.ts";
import { ContainerNotFoundError } from "../containerizer/errors.ts";
import type { DefaultExecutors } from "../defaultexecutor/defaultExecutors.ts";
import { ExecutorGoneError } from "../defaultexecutor/gone.ts";
import { failureOutcome, isRuntimeAway } from "../launch/failure.ts";
import type { Launcher, PreparedTask } from "../launch/launcher.ts";
import { retry } from "../launch/retry.ts";
import type { Effect } from "../lifecycle/event.ts";
import { dropped, gone, killedBeforeStart } from "../lifecycle/outcome.ts";
import { REASON } from "../lifecycle/reason.ts";
import { graceOf } from "../lifecycle/transition.ts";
import type { Level } from "../podsecurity/level.ts";
import type { LateVolumes } from "../sandbox/lateVolumes.ts";
import type { Layout } from "../sandbox/layout.ts";
import { closeSandbox } from "../sandbox/sandbox.ts";
import { removeSecretFiles } from "../sandbox/secretFiles.ts";
import type { SlotWatch } from "../slot/slotWatch.ts";
import type { Monitors } from "./monitors.ts";
import type { StatusWriter } from "./statusWriter.ts";
import type { TaskRun } from "./taskRun.ts";

export interface EffectsOptions {
  readonly status: StatusWriter;
  readonly defaultExecutors: Pick<DefaultExecutors, "place">;
  readonly launcher: Pick<Launcher, "prepare" | "launch">;
  readonly containerizer: Pick<Containerizer, "wait" | "kill" | "remove">;
  readonly slots: Pick<SlotWatch, "locate" | "endOf">;
  readonly monitors: Monitors;
  readonly hub: ExecutorEffects;
  readonly layout: Layout;
  readonly lateVolumes: Pick<LateVolumes, "close">;
  readonly clock: Clock;
  readonly log: Logger;
  /** Aborts when the agent stops: tasks go on, effects do not. */
  readonly signal: AbortSignal;
}

/** What is asked of executors; each does nothing where there is none to ask. */
export interface ExecutorEffects {
  /** Answers executorReady, now or once the task's executor is there. */
  await(run: TaskRun): void;
  handOver(run: TaskRun): Promise<void>;
  askToKill(run: TaskRun): void;
  /** Takes away what an executor had of a task of its that is over. */
  takeBack(run: TaskRun): Promise<void>;
  /** Asks an executor to shut down. False: it cannot be asked. */
  shutDown(run: TaskRun): boolean;
}

/** What is in memory of a task between two effects. */
interface Working {
  level: Level;
  readonly abort: AbortController;
  prepared?: PreparedTask;
  /** Preparing or launching: a release waits for it. */
  launching?: Promise<void>;
  publishing: boolean;
}

/** Milliseconds after which SIGKILL is sent again to a container that has not ended. */
const KILL_AGAIN = 10_000;

/** Carries out what transitions ask for; answers with events. Nothing here decides about the task. */
export class Effects {
  readonly #options: EffectsOptions;
  readonly #working = new Map<string, Working>();

  constructor(options: EffectsOptions) {
    this.#options = options;
  }

  /** The pod-security level that a task was admitted at; known before it is claimed. */
  setLevel(uid: string, level: Level): void {
    this.#of(uid).level = level;
  }

  start(run: TaskRun, effect: Effect): void {
    this.#run(run, effect).catch((err: unknown) => {
      const { signal, log } = this.#options;
      if (signal.aborted) return;
      log.error({ err, task: run.uid, effect: effect.type }, "an effect failed");
    });
  }

  forget(uid: string): void {
    this.#working.delete(uid);
  }

  async #run(run: TaskRun, effect: Effect): Promise<void> {
    switch (effect.type) {
      case "claim":
        return this.#claim(run);
      case "prepare":
        return this.#launching(run, (signal) => this.#prepare(run, signal));
      case "launch":
        return this.#launching(run, (signal) => this.#launch(run, signal));
      case "abort":
        return this.#of(run.uid).abort.abort(new Error("the task is killed"));
      case "await":
        return this.#options.hub.await(run);
      case "handOver":
        return this.#options.hub.handOver(run);
      case "askToKill":
        return this.#options.hub.askToKill(run);
      case "wait":
        return this.#wait(run);
      case "monitor":
        return this.#options.monitors.start(run);
      case "unmonitor":
        return this.#options.monitors.stop(run.uid);
      case "signal":
        return this.#signal(run, effect.signal);
      case "publish":
        return this.#publish(run);
      case "release":
        return this.#release(run);
      case "escalateAt":
        return;
    }
  }

  async #claim(run: TaskRun): Promise<void> {
    const { status, signal } = this.#options;
    const claim = await status.claim(run.record, signal);
    switch (claim) {
      case "claimed":
      case "refused":
        return run.dispatch({ type: claim });
      case "killed":
        return run.dispatch({
          type: "failed",
          outcome: killedBeforeStart("The task was killed before it started"),
        });
      case "begun": {
        const why = "The API says that the task was begun before, and this node holds nothing of it";
        return run.dispatch({
          type: "failed",
          outcome: gone(run.record.framework, REASON.agentRestarted, why),
        });
      }
    }
  }

  /** Runs a step of the launch; a failure is the task's end, an agent that stops is not. */
  async #launching(run: TaskRun, step: (signal: AbortSignal) => Promise<void>): Promise<void> {
    const working = this.#of(run.uid);
    const signal = AbortSignal.any([this.#options.signal, working.abort.signal]);
    working.launching = step(signal).catch((error: unknown) => {
      if (this.#options.signal.aborted) return;
      if (!working.abort.signal.aborted) {
        this.#options.log.info({ err: error, task: run.uid }, "a task could not be started");
      }
      run.dispatch({ type: "failed", outcome: failureOutcome(error) });
    });
    return working.launching;
  }

  async #prepare(run: TaskRun, signal: AbortSignal): Promise<void> {
    const { launcher, defaultExecutors } = this.#options;
    const { record } = run;
    const working = this.#of(run.uid);
    try {
      const place = await defaultExecutors.place(record, working.level, signal);
      working.prepared = await launcher.prepare(record, working.level, signal, place);
    } catch (error) {
      if (!(error instanceof ExecutorGoneError)) throw error;
      const outcome = dropped(record.framework, REASON.executorTerminated, error.message);
      return run.dispatch({ type: "failed", outcome });
    }
    run.dispatch({ type: "prepared", image: working.prepared.image.name });
  }

  async #launch(run: TaskRun, signal: AbortSignal): Promise<void> {
    const { launcher, slots, clock } = this.#options;
    const { prepared } = this.#of(run.uid);
    if (!prepared) throw new Error("it was not prepared");
    const { record } = run;
    const place = await retry(() => slots.locate(record.slot ?? ""), { clock, signal, when: isRuntimeAway });
    if (!place) {
      const why = "The slot Pod of the node ended before the task was started";
      return run.dispatch({ type: "failed", outcome: dropped(record.framework, REASON.preempted, why) });
    }
    const { image } = prepared;
    const made = await launcher.launch(prepared.specIn(place.cgroup), image, signal);
    run.dispatch({
      type: "launched",
      container: { pid: made.pid, startedAt: made.startedAt.toISOString(), addresses: [...made.addresses] },
    });
  }

  async #wait(run: TaskRun): Promise<void> {
    const { containerizer, clock, signal, slots, log } = this.#options;
    const { slot } = run.record;
    let exit: ExitStatus;
    try {
      exit = await retry(() => containerizer.wait(run.uid, signal), {
        clock,
        signal,
        when: (error) => !(error instanceof ContainerNotFoundError),
        onError: (err) => log.warn({ err, task: run.uid }, "a container cannot be waited for yet"),
      });
    } catch (error) {
      if (signal.aborted || !(error instanceof ContainerNotFoundError)) throw error;
      const slotEnd = slot === undefined ? undefined : await slots.endOf(slot);
      const message = "The task's process is gone, and how it ended is not known";
      return run.dispatch({ type: "vanished", message, ...(slotEnd ? { slotEnd } : {}) });
    }
    const { kill } = run.record;
    const unasked = kill === undefined || kill.cause === "executor";
    const unexplained = exit.signal === "SIGKILL" && !exit.oomKilled && unasked;
    const slotEnd = unexplained && slot !== undefined ? await slots.endOf(slot) : undefined;
    run.dispatch({ type: "exited", exit, ...(slotEnd ? { slotEnd } : {}) });
  }

  /** SIGKILL is repeated until the end is seen: a signal can be lost with the containerd that took it. */
  async #signal(run: TaskRun, name: "SIGTERM" | "SIGKILL"): Promise<void> {
    const { containerizer, clock, signal } = this.#options;
    if (run.record.phase !== "running") return;
    if (name === "SIGTERM" && this.#options.hub.shutDown(run)) return;
    try {
      await retry(() => containerizer.kill(run.uid, name, { all: true }), {
        clock,
        signal,
        when: isRuntimeAway,
      });
    } catch (error) {
      if (error instanceof ContainerNotFoundError) return;
      if (name === "SIGTERM" || signal.aborted) throw error;
      this.#options.log.warn({ err: error, task: run.uid }, "a task could not be killed yet");
    }
    if (name === "SIGTERM") return;
    clock.setTimeout(() => {
      if (!signal.aborted) this.start(run, { type: "signal", signal: name });
    }, KILL_AGAIN);
  }

  async #publish(run: TaskRun): Promise<void> {
    const working = this.#of(run.uid);
    if (working.publishing) return;
    working.publishing = true;
    try {
      while (run.record.pending.length > 0) {
        const written = await this.#options.status.publish(run.record, this.#options.signal);
        if (written.kind === "written") run.dispatch({ type: "published", uuids: written.uuids });
        else run.dispatch({ type: "overruled", graceMs: graceOf(run.record.spec) });
        await run.idle();
      }
    } finally {
      working.publishing = false;
    }
  }

  async #release(run: TaskRun): Promise<void> {
    const { containerizer, layout, clock, signal, log } = this.#options;
    const { record } = run;
    // Never begun, or run by an executor: there is nothing more of it.
    if (record.sandbox === undefined) {
      await this.#options.hub.takeBack(run).catch((err: unknown) => {
        log.error({ err, task: run.uid }, "volumes could not be taken back from an executor");
      });
      return run.dispatch({ type: "released" });
    }
    await this.#working.get(run.uid)?.launching;
    await retry(() => containerizer.remove(run.uid), {
      clock,
      signal,
      // A container that cannot be removed must not be forgotten: it may still run.
      when: () => true,
      onError: (err) => log.warn({ err, task: run.uid }, "a container is not removed yet"),
    });
    try {
      await removeSecretFiles(layout.secretsOf(run.uid));
      await closeSandbox(record.sandbox);
      if (record.executor) await this.#options.lateVolumes.close(run.uid);
    } catch (err) {
      log.error({ err, task: run.uid }, "what a task leaves on disk could not be put in order");
    }
    run.dispatch({ type: "released" });
  }

  #of(uid: string): Working {
    const known = this.#working.get(uid);
    if (known) return known;
    // The strictest level stands until the right one is told.
    const made: Working = { level: "restricted", abort: new AbortController(), publishing: false };
    this.#working.set(uid, made);
    return made;
  }
}
