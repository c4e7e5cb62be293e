import type { KubeObject, Live } from "./object.ts";

export interface EventNote {
  readonly type: "Normal" | "Warning";
  /** CamelCase, the same word as the condition's reason. */
  readonly reason: string;
  /** A sentence; cut at 1 kB. */
  readonly message: string;
  /** What was done or tried, CamelCase (the reason by default). */
  readonly action?: string;
}

/** Writes Kubernetes Events that `kubectl describe` shows; repeats become one series. Never throws, never blocks. */
export interface EventRecorder {
  record(regarding: Live<KubeObject>, note: EventNote): void;
}
