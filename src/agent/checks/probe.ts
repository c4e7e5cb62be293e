import type { Check, HealthCheck } from "../../api/container.ts";
import type { CheckStatus } from "../checkpoint/record.ts";

/** Makes one attempt; rejects with the signal's reason when it aborts, or with ProbeError. */
export type Probe = (signal: AbortSignal) => Promise<CheckStatus>;

/** The attempt gave no result: no connection, no answer, no such program. */
export class ProbeError extends Error {
  override readonly name = "ProbeError";
}

/** The agent itself could not make the attempt: it says nothing about the task and counts for nothing. */
export class InconclusiveError extends Error {
  override readonly name = "InconclusiveError";
}

/**
 * Why a result is a failure of a health check; undefined: it is healthy (Mesos's src/checks/health_checker.cpp
 * interpretCheckStatusInfo()).
 */
export function failureOf(type: (Check | HealthCheck)["type"], status: CheckStatus): string | undefined {
  switch (type) {
    case "COMMAND":
      return status.exitCode === 0 ? undefined : `the command exited with status ${status.exitCode}`;
    case "HTTP": {
      const { statusCode = 0 } = status;
      return statusCode >= 200 && statusCode < 400 ? undefined : `the HTTP status was ${statusCode}`;
    }
    case "TCP":
      return status.succeeded ? undefined : "the TCP connection failed";
  }
}

/** Whether two results are told apart in status updates. */
export function sameStatus(a: CheckStatus, b: CheckStatus): boolean {
  return a.exitCode === b.exitCode && a.statusCode === b.statusCode && a.succeeded === b.succeeded;
}
