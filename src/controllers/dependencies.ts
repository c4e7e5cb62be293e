import type { Breath } from "../cluster/breath.ts";
import type { ControllerMetrics } from "../cluster/controller.ts";
import type { EventRecorder } from "../cluster/events.ts";
import type { Expiry } from "../cluster/expiry.ts";
import type { Logger } from "../cluster/logger.ts";
import type { Clock } from "../cluster/time.ts";
import type { OperatorConfig } from "../config/operator.ts";
import type { Caches } from "./caches.ts";
import type { Clients } from "./clients.ts";
import type { OperatorMetrics } from "./metrics.ts";
import type { OfferStreams } from "./offer/streams.ts";
import type { SlotHolds } from "./slot/holds.ts";
import type { Mailbox } from "./trigger.ts";

/** Asks the offer controller to take back every outstanding Offer of an agent. */
export interface RescindRequest {
  readonly agent: string;
  /** One word, the Offer's status.reason. */
  readonly reason: string;
  readonly message: string;
}

/** What every controller is given. Nothing in it is global, so two operators can live in one process. */
export interface Dependencies {
  readonly config: OperatorConfig;
  readonly clients: Clients;
  readonly caches: Caches;
  readonly clock: Clock;
  /** Of all that works through much. */
  readonly breath: Breath;
  /** In [0, 1). */
  readonly random: () => number;
  readonly recorder: EventRecorder;
  readonly logger: Logger;
  readonly metrics: OperatorMetrics;
  /** For each Controller: queue depth, reconcile time. */
  readonly controllerMetrics: ControllerMetrics;
  /** Agents' Leases (key: config.namespace/mesos-agent-<node>), by config.agents.timeout. */
  readonly agentLeases: Expiry;
  /** Frameworks that get their offers on a stream: none is written for them. */
  readonly offerStreams: OfferStreams;
  /** Agents that rest after their kubelet refused a resize. */
  readonly slotHolds: SlotHolds;
  /** Asks for an allocation now; the reason is a word for logs and metrics: AgentAdded, TaskEnded, … */
  readonly requestAllocation: (reason: string) => void;
  /** The other end of requestAllocation. */
  readonly allocationRequests: Mailbox<string>;
  readonly rescindOffers: (request: RescindRequest) => void;
  /** The other end of rescindOffers. */
  readonly rescindRequests: Mailbox<RescindRequest>;
}

/** What src/main/operator.ts starts once it leads; resolves when the signal has aborted and what was in hand is done. */
export interface Runnable {
  readonly name: string;
  run(signal: AbortSignal): Promise<void>;
}
