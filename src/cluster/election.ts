import type { CallOptions } from "./connection.ts";
import type { Lease } from "./core.ts";
import { Deadline } from "./deadline.ts";
import { isAlreadyExists, isConflict, isNotFound } from "./errors.ts";
import type { Logger } from "./logger.ts";
import type { Live } from "./object.ts";
import type { Resource } from "./resource.ts";
import { type Clock, microTimestamp, sleep, systemClock } from "./time.ts";

export interface ElectionOptions {
  readonly namespace: string;
  readonly name: string;
  /** Unique a candidate: the Pod's name and a random part. */
  readonly identity: string;
  /** Milliseconds: others take over this long after the last renewal they saw (15 000). */
  readonly leaseDuration?: number;
  /** Milliseconds without a renewal after which the leader gives up (10 000); shorter than leaseDuration. */
  readonly renewDeadline?: number;
  /** Milliseconds between renewals (2 000); candidates look after half to one and a half of it. */
  readonly retryPeriod?: number;
  /** The leader's work. Its signal aborts when leadership is lost or the candidate stops; it should end soon then. */
  readonly onStarted: (signal: AbortSignal) => Promise<void>;
  /** Told whenever another holder is seen, this one included. */
  readonly onNewLeader?: (identity: string) => void;
  readonly logger: Logger;
  readonly clock?: Clock;
  readonly random?: () => number;
}

/** What was last seen of the Lease, and when, on this process's clock. */
interface Observed {
  readonly lease: Live<Lease>;
  readonly at: number;
}

/**
 * Leader election on a coordination.k8s.io Lease, after client-go's leaderelection. A Lease is over when no renewal
 * was SEEN for its duration: clocks of others do not matter, their rate does. The leader stops before that
 * (renewDeadline < leaseDuration), but a stalled process may learn of it late: writes carry resourceVersions.
 * Give it a Connection of its own, so that renewals never queue behind the controllers' calls.
 */
export class Election {
  readonly #leases: Resource<Lease>;
  readonly #options: Required<Omit<ElectionOptions, "onNewLeader">> & Pick<ElectionOptions, "onNewLeader">;
  readonly #logger: Logger;
  readonly #clock: Clock;
  #observed: Observed | undefined;
  #renewedAt = Number.NEGATIVE_INFINITY;
  #announced = "";
  #leading = false;

  constructor(leases: Resource<Lease>, options: ElectionOptions) {
    this.#leases = leases;
    this.#options = {
      leaseDuration: 15_000,
      renewDeadline: 10_000,
      retryPeriod: 2_000,
      clock: systemClock,
      random: Math.random,
      ...options,
    };
    const { leaseDuration, renewDeadline, retryPeriod, identity } = this.#options;
    if (!(leaseDuration > renewDeadline && renewDeadline > retryPeriod)) {
      throw new RangeError("leaseDuration > renewDeadline > retryPeriod does not hold");
    }
    if (identity === "") throw new RangeError("an identity is needed");
    this.#clock = this.#options.clock;
    this.#logger = options.logger.child({ lease: `${options.namespace}/${options.name}`, identity });
  }

  get leading(): boolean {
    return this.#leading;
  }

  /** Who held the Lease when it was last seen; "" if nobody. */
  get leader(): string {
    return this.#observed?.lease.spec?.holderIdentity ?? "";
  }

  /**
   * Waits to lead, then leads. "stopped": the signal aborted or the work ended by itself, and the Lease was released. "lost":
   * leadership went; others may lead by now, so exit. Rejects with what onStarted rejects with.
   */
  async run(signal: AbortSignal): Promise<"stopped" | "lost"> {
    if (!(await this.#acquire(signal))) return "stopped";
    const lead = new AbortController();
    const stop = () => lead.abort(signal.reason);
    signal.addEventListener("abort", stop, { once: true });
    if (signal.aborted) stop();
    this.#logger.info("leads");
    let failure: { readonly error: unknown } | undefined;
    const work = this.#work(lead.signal)
      .catch((error: unknown) => {
        failure = { error };
      })
      .finally(() => lead.abort(new Error("the leader's work has ended")));
    const outcome = await this.#hold(lead.signal);
    this.#leading = false;
    lead.abort(new Error("the lease was lost"));
    const ended = await this.#within(work, this.#options.renewDeadline);
    signal.removeEventListener("abort", stop);
    // Others must not begin before the work has ended: unreleased, the Lease lapses by itself.
    if (!ended) this.#logger.error("the leader's work does not end");
    else if (outcome === "stopped") await this.#release();
    if (failure) throw failure.error;
    this.#logger.info({ outcome }, "leads no more");
    return outcome;
  }

  async #work(signal: AbortSignal): Promise<void> {
    await this.#options.onStarted(signal);
  }

  /** True once the Lease is ours, false if the signal aborts first. */
  async #acquire(signal: AbortSignal): Promise<boolean> {
    const { retryPeriod, renewDeadline, random } = this.#options;
    while (!signal.aborted) {
      if (await this.#try(renewDeadline, signal)) {
        this.#leading = true;
        return true;
      }
      // Candidates spread out; none sleeps through the Lease's end.
      const pause = retryPeriod * (0.5 + random());
      await sleep(this.#clock, Math.min(pause, this.#untilLapse() + pause / 8), signal).catch(() => {});
    }
    return false;
  }

  /** Renews until the signal aborts or the Lease is lost. */
  async #hold(signal: AbortSignal): Promise<"stopped" | "lost"> {
    const { retryPeriod, renewDeadline, identity } = this.#options;
    for (;;) {
      await sleep(this.#clock, retryPeriod, signal).catch(() => {});
      if (signal.aborted) return "stopped";
      const left = this.#renewedAt + renewDeadline - this.#clock.monotonic();
      if (left <= 0) return "lost";
      if (!(await this.#try(left, signal)) && !signal.aborted && this.leader !== identity) return "lost";
    }
  }

  /** One attempt to take or renew the Lease. Errors are logged and count as no. */
  async #try(timeout: number, signal: AbortSignal): Promise<boolean> {
    // Half, so that one stuck connection does not cost the leadership.
    const limit = Math.min(timeout, this.#options.renewDeadline / 2);
    using deadline = new Deadline(this.#clock, "the lease's renewal", limit, signal);
    const call: CallOptions = { signal: deadline.signal };
    const started = this.#clock.monotonic();
    try {
      if (this.leader !== this.#options.identity) await this.#look(call);
      if (!(await this.#take(call))) return false;
      // Counted from before the write: others count from after it.
      this.#renewedAt = started;
      return true;
    } catch (error) {
      if (signal.aborted) return false;
      // Somebody wrote it in between: see who.
      if (isConflict(error) || isAlreadyExists(error) || isNotFound(error)) {
        await this.#look(call).catch((err: unknown) => this.#logger.warn({ err }, "cannot read the lease"));
      } else this.#logger.warn({ err: error }, "cannot take or renew the lease");
      return false;
    }
  }

  async #look(call: CallOptions): Promise<void> {
    const { namespace, name } = this.#options;
    try {
      this.#observe(await this.#leases.get({ namespace, name }, call));
    } catch (error) {
      if (!isNotFound(error)) throw error;
      this.#observed = undefined;
    }
  }

  async #take(call: CallOptions): Promise<boolean> {
    const { namespace, name, identity, leaseDuration } = this.#options;
    if (this.leader !== "" && this.leader !== identity && this.#untilLapse() > 0) return false;
    const old = this.#observed?.lease.spec;
    const now = microTimestamp(this.#clock.now());
    const ours = old?.holderIdentity === identity;
    const spec = {
      holderIdentity: identity,
      leaseDurationSeconds: Math.ceil(leaseDuration / 1000),
      renewTime: now,
      acquireTime: ours ? (old.acquireTime ?? now) : now,
      leaseTransitions: (old?.leaseTransitions ?? 0) + (ours || !old ? 0 : 1),
    };
    const lease = this.#observed?.lease;
    this.#observe(
      lease
        ? await this.#leases.update({ ...lease, spec }, call)
        : await this.#leases.create({ metadata: { namespace, name }, spec }, call),
    );
    return true;
  }

  async #release(): Promise<void> {
    const lease = this.#observed?.lease;
    if (!lease || this.leader !== this.#options.identity) return;
    const now = microTimestamp(this.#clock.now());
    const { leaseTransitions = 0 } = lease.spec ?? {};
    // No holder: the next candidate that looks takes it.
    const spec = { leaseDurationSeconds: 1, renewTime: now, acquireTime: now, leaseTransitions };
    try {
      this.#observe(
        await this.#leases.update({ ...lease, spec }, { timeout: this.#options.renewDeadline / 2 }),
      );
    } catch (err) {
      this.#logger.warn({ err }, "cannot release the lease: it lapses by itself");
    }
  }

  #observe(lease: Live<Lease>): void {
    const before = this.#observed;
    const same = before && isSameTerm(before.lease.spec, lease.spec);
    this.#observed = { lease, at: same ? before.at : this.#clock.monotonic() };
    if (this.leader === this.#announced) return;
    this.#announced = this.leader;
    if (this.#announced === "") return;
    try {
      this.#options.onNewLeader?.(this.#announced);
    } catch (err) {
      this.#logger.error({ err }, "onNewLeader threw");
    }
  }

  /** Milliseconds until the Lease that was last seen is over; 0 if it is. */
  #untilLapse(): number {
    if (!this.#observed || this.leader === "") return 0;
    const { lease, at } = this.#observed;
    const duration = (lease.spec?.leaseDurationSeconds ?? 0) * 1000;
    return Math.max(0, at + duration - this.#clock.monotonic());
  }

  async #within(promise: Promise<void>, milliseconds: number): Promise<boolean> {
    const timer = new AbortController();
    const late = sleep(this.#clock, milliseconds, timer.signal).then(
      () => false,
      () => false,
    );
    const ended = await Promise.race([promise.then(() => true), late]);
    timer.abort();
    return ended;
  }
}

function isSameTerm(a: Lease["spec"], b: Lease["spec"]): boolean {
  return (
    a?.holderIdentity === b?.holderIdentity &&
    a?.renewTime === b?.renewTime &&
    a?.leaseTransitions === b?.leaseTransitions
  );
}
