import type { Lease } from "./core.ts";
import type { Logger } from "./logger.ts";
import type { OwnerReference } from "./object.ts";
import type { Resource } from "./resource.ts";
import type { Clock } from "./time.ts";

export interface HeartbeatOptions {
  readonly namespace: string;
  readonly name: string;
  readonly identity: string;
  /** Milliseconds between renewals; leaseDurationSeconds is what `duration` says. */
  readonly interval: number;
  readonly duration: number;
  readonly labels?: Record<string, string>;
  readonly ownerReferences?: OwnerReference[];
  readonly logger: Logger;
  readonly clock?: Clock;
}

/** Says "alive" by renewing a Lease of its own (as the kubelet does), making it when it is missing. */
export declare class Heartbeat {
  constructor(leases: Resource<Lease>, options: HeartbeatOptions);
  /** Milliseconds since the last renewal that the API server took; Infinity before. */
  age(): number;
  run(signal: AbortSignal): Promise<void>;
}
