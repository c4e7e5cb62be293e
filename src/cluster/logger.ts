import type { Logger as Pino } from "pino";

export type Logger = Pino;

/** JSON lines on stdout. Secrets are redacted; Kubernetes objects are logged by name only. */
export declare function createLogger(options: { readonly name: string; readonly level?: string }): Logger;
