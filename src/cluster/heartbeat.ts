import { Backoff } from "./backoff.ts";
import type { Lease } from "./core.ts";
import { isAlreadyExists, isNotFound } from "./errors.ts";
import type { Logger } from "./logger.ts";
import type { OwnerReference } from "./object.ts";
import type { Resource } from "./resource.ts";
import { type Clock, microTimestamp, sleep, systemClock } from "./time.ts";

export interface HeartbeatOptions {
  readonly namespace: string;
  readonly name: string;
  readonly identity: string;
  /** Milliseconds between renewals. */
  readonly interval: number;
  /** Milliseconds that the Lease says it lasts (leaseDurationSeconds). */
  readonly duration: number;
  readonly labels?: Record<string, string>;
  readonly ownerReferences?: OwnerReference[];
  /** Whether the Lease is given up when the signal aborts (false): "gone on purpose", not "restarting". */
  readonly release?: boolean;
  readonly logger: Logger;
  readonly clock?: Clock;
  readonly random?: () => number;
}

/** Says "alive" by renewing a Lease of its own, as the kubelet does, and makes it when it is missing. */
export class Heartbeat {
  readonly #leases: Resource<Lease>;
  readonly #options: HeartbeatOptions;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #backoff: Backoff;
  #renewedAt = Number.NEGATIVE_INFINITY;

  constructor(leases: Resource<Lease>, options: HeartbeatOptions) {
    this.#leases = leases;
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#logger = options.logger.child({ lease: `${options.namespace}/${options.name}` });
    const random = options.random ?? Math.random;
    this.#backoff = new Backoff({
      base: options.interval / 16,
      max: options.interval / 2,
      jitter: 0.5,
      random,
    });
  }

  /** Milliseconds since the last renewal that the API server took; Infinity before. */
  age(): number {
    return this.#clock.monotonic() - this.#renewedAt;
  }

  /** Never rejects; resolves when the signal aborts. A renewal that fails is tried again sooner than the next one is due. */
  async run(signal: AbortSignal): Promise<void> {
    const { interval, release = false } = this.#options;
    while (!signal.aborted) {
      const started = this.#clock.monotonic();
      let pause = interval;
      try {
        await this.#renew(signal);
        this.#renewedAt = started;
        this.#backoff.reset();
      } catch (err) {
        if (signal.aborted) break;
        pause = this.#backoff.next();
        this.#logger.warn({ err, pause: Math.round(pause) }, "cannot renew the lease");
      }
      const elapsed = this.#clock.monotonic() - started;
      await sleep(this.#clock, Math.max(0, pause - elapsed), signal).catch(() => {});
    }
    if (release) await this.#release();
  }

  async #renew(signal: AbortSignal): Promise<void> {
    const { namespace, name, identity, duration, labels, ownerReferences, interval } = this.#options;
    const call = { signal, timeout: interval };
    const renewTime = microTimestamp(this.#clock.now());
    const spec = { holderIdentity: identity, leaseDurationSeconds: Math.ceil(duration / 1000), renewTime };
    try {
      await this.#leases.mergePatch({ namespace, name }, { spec }, call);
    } catch (error) {
      if (!isNotFound(error)) throw error;
      const metadata = {
        namespace,
        name,
        ...(labels ? { labels } : {}),
        ...(ownerReferences ? { ownerReferences } : {}),
      };
      try {
        await this.#leases.create({ metadata, spec: { ...spec, acquireTime: renewTime } }, call);
      } catch (created) {
        // Made by another in between: the next renewal patches it.
        if (!isAlreadyExists(created)) throw created;
      }
    }
  }

  async #release(): Promise<void> {
    const { namespace, name, interval } = this.#options;
    const spec = { holderIdentity: null, renewTime: microTimestamp(this.#clock.now()) };
    try {
      await this.#leases.mergePatch({ namespace, name }, { spec }, { timeout: Math.min(interval, 5_000) });
    } catch (err) {
      this.#logger.warn({ err }, "cannot release the lease: it lapses by itself");
    }
  }
}
