import type { Check, HealthCheck } from "../../api/container.ts";
import { durationMs } from "../../api/duration.ts";
import type { TaskSpec } from "../../api/task.ts";
import type { Clock } from "../../cluster/time.ts";
import type { CheckStatus } from "../checkpoint/record.ts";
import type { Containerizer } from "../containerizer/containerizer.ts";
import { argvOf } from "../launch/argv.ts";
import type { TaskEvent } from "../lifecycle/event.ts";
import { type Attempt, runChecker, type Schedule } from "./checker.ts";
import { commandProbe } from "./commandProbe.ts";
import { type HealthState, judge } from "./health.ts";
import { httpProbe, tcpProbe } from "./networkProbe.ts";
import { failureOf, type Probe, ProbeError, sameStatus } from "./probe.ts";

export interface TaskChecksOptions {
  readonly id: string;
  readonly spec: Pick<TaskSpec, "check" | "healthCheck">;
  /** Where the task's ports are: 127.0.0.1 on the node's network, else its own address. */
  readonly host: string;
  /** Milliseconds of the epoch. */
  readonly startedAt: number;
  /** What was last reported, before a restart of the agent. */
  readonly last: { readonly healthy?: boolean | undefined; readonly checkStatus?: CheckStatus | undefined };
  readonly containerizer: Pick<Containerizer, "exec">;
  readonly clock: Clock;
  readonly dispatch: (event: TaskEvent) => void;
}

/** Runs the check and the health check of a task until the signal aborts. */
export async function runTaskChecks(options: TaskChecksOptions, signal: AbortSignal): Promise<void> {
  const { check, healthCheck } = options.spec;
  await Promise.all([
    check ? runCheck(options, check, signal) : undefined,
    healthCheck ? runHealthCheck(options, healthCheck, signal) : undefined,
  ]);
}

/** Reports each change of what it sees; an attempt without a result is an empty status (src/checks/checker.cpp). */
function runCheck(options: TaskChecksOptions, check: Check, signal: AbortSignal): Promise<void> {
  let previous = options.last.checkStatus ?? {};
  const onAttempt = (attempt: Attempt) => {
    const status = "status" in attempt ? attempt.status : {};
    if (sameStatus(status, previous)) return;
    previous = status;
    options.dispatch({ type: "checked", status });
  };
  return run(options, check, onAttempt, signal);
}

function runHealthCheck(options: TaskChecksOptions, check: HealthCheck, signal: AbortSignal): Promise<void> {
  const rules = {
    gracePeriod: durationMs(check.gracePeriod),
    consecutiveFailures: check.consecutiveFailures,
  };
  let state: HealthState = { initializing: options.last.healthy === undefined, failures: 0 };
  const onAttempt = (attempt: Attempt) => {
    const failure = "status" in attempt ? failureOf(check.type, attempt.status) : attempt.failure;
    const verdict = judge(state, rules, failure, options.clock.now() - options.startedAt);
    state = verdict.state;
    if (verdict.report) options.dispatch({ type: "health", ...verdict.report });
  };
  return run(options, check, onAttempt, signal);
}

function run(
  options: TaskChecksOptions,
  check: Check,
  onAttempt: (attempt: Attempt) => void,
  signal: AbortSignal,
): Promise<void> {
  const schedule: Schedule = {
    delay: durationMs(check.delay),
    interval: durationMs(check.interval),
    timeout: durationMs(check.timeout),
  };
  const { clock } = options;
  const age = clock.now() - options.startedAt;
  return runChecker({ schedule, probe: probeOf(options, check, schedule), age, clock, onAttempt }, signal);
}

/** Longest run of a command without a timeout of its own. */
const NO_TIMEOUT = 24 * 3_600_000;

function probeOf(options: TaskChecksOptions, check: Check, { timeout }: Schedule): Probe {
  const { host } = options;
  if (check.type === "HTTP" && check.http) return httpProbe({ ...check.http, host });
  if (check.type === "TCP" && check.tcp) return tcpProbe(host, check.tcp.port);
  const argv = check.command ? argvOf(check.command) : undefined;
  if (check.type === "COMMAND" && argv) {
    return commandProbe(options.containerizer, options.id, argv, timeout || NO_TIMEOUT);
  }
  return () => Promise.reject(new ProbeError(`the ${check.type} check does not say what to do`));
}
