import type { Lease } from "./core.ts";
import type { Logger } from "./logger.ts";
import type { Resource } from "./resource.ts";
import type { Clock } from "./time.ts";

export interface ElectionOptions {
  readonly namespace: string;
  readonly name: string;
  /** Unique a candidate: the Pod's name and a random part. */
  readonly identity: string;
  /** Milliseconds: others take over this long after the last renewal they saw (15 000). */
  readonly leaseDuration?: number;
  /** Milliseconds without a renewal after which the leader gives up (10 000). */
  readonly renewDeadline?: number;
  /** Milliseconds between tries (2 000). */
  readonly retryPeriod?: number;
  /** The leader's work. Its signal aborts when leadership is lost or the candidate stops. */
  readonly onStarted: (signal: AbortSignal) => Promise<void>;
  readonly onStopped?: () => void;
  readonly onNewLeader?: (identity: string) => void;
  readonly logger: Logger;
  readonly clock?: Clock;
  readonly random?: () => number;
}

/** Leader election on a coordination.k8s.io Lease; who leads is judged by local observation, never by another's clock. */
export declare class Election {
  constructor(leases: Resource<Lease>, options: ElectionOptions);
  readonly leading: boolean;
  /** "stopped": the signal aborted and the Lease was released; "lost": leadership went; exit then, as others may lead. */
  run(signal: AbortSignal): Promise<"stopped" | "lost">;
}
