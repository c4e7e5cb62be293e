import { durationMs } from "../../api/duration.ts";
import type { TaskSpec } from "../../api/task.ts";
import { SANDBOX_TARGET } from "./environment.ts";

export interface ExecutorEnvironmentFacts {
  readonly spec: Pick<TaskSpec, "role" | "env">;
  readonly executorId: string;
  readonly token: string;
  /** A duration of the API. */
  readonly shutdownGracePeriod: string;
  readonly frameworkId: string;
  /** The agent's name: the node's. */
  readonly agent: string;
  readonly nodeAddress: string;
  /** Of the agent's HTTP API. */
  readonly port: number;
  /** The executor uses the node's network. */
  readonly hostNetwork: boolean;
  /** The sandbox as the node names it. */
  readonly sandbox: string;
  /** Values of the variables that name a Secret, by variable. */
  readonly secrets: ReadonlyMap<string, string>;
}

/** Mesos: src/slave/constants.hpp (RECOVERY_TIMEOUT), src/slave/flags.cpp (executor_reregistration_timeout). */
const RECOVERY_TIMEOUT = "15mins";
const SUBSCRIPTION_BACKOFF_MAX = "2secs";

/** The environment of an executor, over the image's own (Mesos: src/slave/slave.cpp executorEnvironment()): its own variables, but for those of Mesos. */
export function executorEnvironment(facts: ExecutorEnvironmentFacts): Record<string, string> {
  const { spec, nodeAddress, port, secrets } = facts;
  const own = (spec.env ?? []).map(({ name, value, secret }): [string, string] => [
    name,
    secret === undefined ? (value ?? "") : (secrets.get(name) ?? ""),
  ]);
  return {
    HOST: nodeAddress,
    ...Object.fromEntries(own),
    MESOS_FRAMEWORK_ID: facts.frameworkId,
    MESOS_EXECUTOR_ID: facts.executorId,
    MESOS_DIRECTORY: facts.sandbox,
    MESOS_SANDBOX: SANDBOX_TARGET,
    MESOS_SLAVE_ID: facts.agent,
    MESOS_AGENT_ID: facts.agent,
    MESOS_SLAVE_PID: `slave(1)@${nodeAddress}:${port}`,
    MESOS_AGENT_ENDPOINT: `${nodeAddress}:${port}`,
    MESOS_CHECKPOINT: "1",
    MESOS_HTTP_COMMAND_EXECUTOR: "0",
    MESOS_EXECUTOR_SHUTDOWN_GRACE_PERIOD: mesosDuration(facts.shutdownGracePeriod),
    MESOS_EXECUTOR_AUTHENTICATION_TOKEN: facts.token,
    MESOS_RECOVERY_TIMEOUT: RECOVERY_TIMEOUT,
    MESOS_SUBSCRIPTION_BACKOFF_MAX: SUBSCRIPTION_BACKOFF_MAX,
    MESOS_ALLOCATION_ROLE: spec.role,
    LIBPROCESS_IP: facts.hostNetwork ? nodeAddress : "0.0.0.0",
    LIBPROCESS_PORT: "0",
  };
}

/** In the form of stout: 5secs, 1500ms. */
export function mesosDuration(duration: string): string {
  const ms = durationMs(duration);
  return ms % 1000 === 0 ? `${ms / 1000}secs` : `${ms}ms`;
}
