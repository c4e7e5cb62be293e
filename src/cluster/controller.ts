import type { Logger } from "./logger.ts";
import type { KubeObject, Live } from "./object.ts";
import type { Reflector } from "./reflector.ts";
import type { Change } from "./store.ts";
import type { Clock } from "./time.ts";
import type { AddOptions } from "./workqueue.ts";

/** What is left to do after a reconcile that did not fail. */
export interface Result {
  /** Milliseconds after which the key is reconciled again, unless a change comes first. */
  readonly requeueAfter?: number;
}

/**
 * Brings the world nearer to what the object named by `key` asks for. Level-based: it reads the state
 * as it is now, whatever event led here, and may be called at any time, so it is idempotent. One key is
 * never reconciled twice at once. A rejection means: again, after a backoff of 5 ms to 1000 s; a
 * TerminalError: not until something changes; requeueAfter: again then. `signal` aborts when the
 * controller stops or `timeout` passes: hand it to every call.
 */
// biome-ignore lint/suspicious/noConfusingVoidType: lets a reconciler end without a return statement.
export type Reconciler = (key: string, signal: AbortSignal) => Promise<Result | void>;

/** Trying again would not help until the object changes. */
export class TerminalError extends Error {
  override readonly name = "TerminalError";
}

/** Where keys come from; made by `from`. */
export interface Source {
  readonly synced: Promise<void>;
  start(enqueue: (key: string, options?: AddOptions) => void): () => void;
}

/**
 * Keys for each change of a reflector's objects: its own key by default, else what `keys` makes of the object
 * (of the old and the new one on an update). `when` leaves changes out.
 */
export declare function from<T extends KubeObject, I extends string>(
  reflector: Reflector<T, I>,
  keys?: (object: Live<T>) => Iterable<string>,
  when?: (change: Change<T>) => boolean,
): Source;

export interface ControllerOptions {
  /** Name in logs and metrics. */
  readonly name: string;
  readonly reconcile: Reconciler;
  readonly sources: readonly Source[];
  /** Keys reconciled at the same time (1). */
  readonly workers?: number;
  /** Milliseconds after which a reconcile's signal aborts (120 000). */
  readonly timeout?: number;
  readonly logger: Logger;
  readonly clock?: Clock;
}

export declare class Controller {
  constructor(options: ControllerOptions);
  readonly name: string;
  /** For what no reflector sees: a timer, a channel. Works before run too. */
  enqueue(key: string, options?: AddOptions): void;
  /** Waits for the sources, works until the signal aborts, then for what is in hand. Never rejects. */
  run(signal: AbortSignal): Promise<void>;
}
