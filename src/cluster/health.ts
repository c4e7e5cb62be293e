import type { Registry } from "prom-client";

/** undefined: well; else why not. */
export type Check = () => string | undefined;

export interface HealthOptions {
  /** 0 takes a free port. */
  readonly port: number;
  readonly host?: string;
  /** Is the process able to go on? A failure has it restarted. */
  readonly livez: Readonly<Record<string, Check>>;
  /** May it be relied on now? (caches synced) */
  readonly readyz: Readonly<Record<string, Check>>;
  readonly registry: Registry;
}

/** Serves /livez, /readyz and /metrics; `?verbose` lists each check, as the API server does. */
export declare class HealthServer {
  constructor(options: HealthOptions);
  /** Resolves with the port once it listens. */
  start(): Promise<number>;
  stop(): Promise<void>;
}
