/** Low: work found by a first list, which may wait while something happens. */
export type Priority = "normal" | "low";

export interface AddOptions {
  readonly priority?: Priority;
  /** Milliseconds; the earliest of several wins. */
  readonly after?: number;
}
