/** Rules of a health check, times in milliseconds. */
export interface HealthRules {
  readonly gracePeriod: number;
  readonly consecutiveFailures: number;
}

export interface HealthState {
  /** No attempt has succeeded yet: failures within the grace period are forgiven. */
  readonly initializing: boolean;
  readonly failures: number;
}

export interface HealthVerdict {
  readonly state: HealthState;
  /** Present when it is told in a status update. */
  readonly report?: { readonly healthy: boolean; readonly message: string; readonly kill: boolean };
}

/**
 * What an attempt means (Mesos's src/checks/health_checker.cpp failure() and success()): the first success and the first after
 * failures are reported, each failure that counts is, and `consecutiveFailures` of them kill.
 *
 * @param failure why it failed; undefined: it succeeded
 * @param age milliseconds since the task was started
 */
export function judge(
  state: HealthState,
  rules: HealthRules,
  failure: string | undefined,
  age: number,
): HealthVerdict {
  if (failure === undefined) {
    const tells = state.initializing || state.failures > 0;
    const next = { initializing: false, failures: 0 };
    return tells
      ? { state: next, report: { healthy: true, message: "The health check passed", kill: false } }
      : { state: next };
  }
  if (state.initializing && rules.gracePeriod > 0 && age <= rules.gracePeriod) return { state };
  const failures = state.failures + 1;
  const times = failures === 1 ? "once" : `${failures} times in a row`;
  return {
    state: { ...state, failures },
    report: {
      healthy: false,
      message: `The health check failed ${times}: ${failure}`,
      kill: failures >= rules.consecutiveFailures,
    },
  };
}
