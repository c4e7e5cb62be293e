import type { Registry } from "prom-client";

/** What a queue and its controller report. Durations are seconds. */
export interface ControllerMetrics {
  depth(controller: string, depth: number): void;
  added(controller: string): void;
  retried(controller: string): void;
  waited(controller: string, seconds: number): void;
  worked(
    controller: string,
    seconds: number,
    result: "success" | "requeue_after" | "error" | "terminal_error",
  ): void;
  active(controller: string, workers: number): void;
}

/** Metrics with controller-runtime's names, so that its dashboards work. */
export declare class Metrics implements ControllerMetrics {
  constructor(registry: Registry);
  depth(controller: string, depth: number): void;
  added(controller: string): void;
  retried(controller: string): void;
  waited(controller: string, seconds: number): void;
  worked(
    controller: string,
    seconds: number,
    result: "success" | "requeue_after" | "error" | "terminal_error",
  ): void;
  active(controller: string, workers: number): void;
}
