/**
 * The pause after a failover, as a choice. Mesos, whose agents come back one by one, holds all offers back until 80 % of them have or
 * 10 minutes are over, if any quota is set (hierarchical.cpp, recover): what a part of the cluster seems to leave free is not free to
 * give to guarantees. This operator reads the whole state from the API server before its first round, so it need not pause; who runs
 * agents that are slow to renew their Leases may want it to.
 */
export interface FailoverPause {
  /** Of the agents that were there before, how many must be back: 0 to 1. 0 is no pause. */
  readonly factor: number;
  /** Milliseconds after which nobody is waited for any longer. */
  readonly timeout: number;
}

export const NO_PAUSE: FailoverPause = { factor: 0, timeout: 0 };
/** Mesos: agentRecoveryFactor and recoveryTimeout. */
export const MESOS_PAUSE: FailoverPause = { factor: 0.8, timeout: 600_000 };

export interface FailoverState {
  /** Agents that were known before the failover, and those of them that are back. */
  readonly expected: number;
  readonly back: number;
  readonly hasQuotas: boolean;
  /** Milliseconds since the new leader began. */
  readonly elapsed: number;
}

/** Whether offers are held back now. */
export function isPaused({ factor, timeout }: FailoverPause, state: FailoverState): boolean {
  if (!state.hasQuotas || state.elapsed >= timeout) return false;
  return state.back < Math.floor(state.expected * factor);
}
