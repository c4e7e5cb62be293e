import type { Lease } from "./core.ts";
import type { Reflector } from "./reflector.ts";
import type { Clock } from "./time.ts";

export interface ExpiryOptions {
  /** Milliseconds without an observed renewal (75 000); absent: the Lease's own leaseDurationSeconds. */
  readonly duration?: number;
  readonly clock?: Clock;
}

/**
 * Tells which Leases of a reflector have lapsed, by when THIS process saw renewTime change; clocks of
 * others do not matter, and time in which no watch stood does not count.
 */
export declare class Expiry {
  constructor(leases: Reflector<Lease, string>, options: ExpiryOptions);
  /** Of the Lease with this key. "unknown" before the reflector has synced. */
  state(key: string): "fresh" | "lapsed" | "absent" | "unknown";
  /** Called on each passage of a Lease between fresh, lapsed and absent. Returns how to stop. */
  onChange(handler: (key: string, state: "fresh" | "lapsed" | "absent") => void): () => void;
}
