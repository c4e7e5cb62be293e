import type { Network } from "../containerizer/spec.ts";
import type { ExecutorSandbox } from "../sandbox/executorSandbox.ts";

/** What the tasks of one DEFAULT executor have in common on this node. */
export interface ExecutorPlace {
  readonly executorId: string;
  readonly sandbox: ExecutorSandbox;
  /** For tasks that name none of their own. */
  readonly network: Network;
}
