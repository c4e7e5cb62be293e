/** Reasons of a task's state that this agent gives: names of Mesos's TaskStatus.Reason (include/mesos/v1/mesos.proto). */
export const REASON = {
  /** Mesos's executors give none for a command that fails; 0, this one, is what a client reads then. */
  commandFailed: "REASON_COMMAND_EXECUTOR_FAILED",
  launchFailed: "REASON_CONTAINER_LAUNCH_FAILED",
  memory: "REASON_CONTAINER_LIMITATION_MEMORY",
  disk: "REASON_CONTAINER_LIMITATION_DISK",
  preempted: "REASON_CONTAINER_PREEMPTED",
  deadline: "REASON_MAX_COMPLETION_TIME_REACHED",
  executorRegistration: "REASON_EXECUTOR_REGISTRATION_TIMEOUT",
  executorReregistration: "REASON_EXECUTOR_REREGISTRATION_TIMEOUT",
  executorTerminated: "REASON_EXECUTOR_TERMINATED",
  frameworkRemoved: "REASON_FRAMEWORK_REMOVED",
  agentDraining: "REASON_AGENT_DRAINING",
  agentReregistered: "REASON_AGENT_REREGISTERED",
  agentRestarted: "REASON_AGENT_RESTARTED",
  killedDuringLaunch: "REASON_TASK_KILLED_DURING_LAUNCH",
  check: "REASON_TASK_CHECK_STATUS_UPDATED",
  healthCheck: "REASON_TASK_HEALTH_CHECK_STATUS_UPDATED",
  invalid: "REASON_TASK_INVALID",
  unauthorized: "REASON_TASK_UNAUTHORIZED",
} as const;

export type Reason = (typeof REASON)[keyof typeof REASON];
