import type { Logger } from "pino";
import type { Registry } from "prom-client";
import type { Connection } from "../cluster/connection.ts";
import type { Clock } from "../cluster/time.ts";
import type { AgentConfig } from "../config/agent.ts";

/** What the agent is given from outside. */
export interface AgentOptions {
  readonly config: AgentConfig;
  readonly connection: Connection;
  /** The node's name, and so the agent's. */
  readonly node: string;
  /** The node's addresses, the first one for tasks. */
  readonly addresses: readonly string[];
  /** Holder of the Lease. */
  readonly identity: string;
  readonly clock: Clock;
  readonly uuid: () => string;
  readonly log: Logger;
  readonly registry: Registry;
}
