import { Counter, Gauge, Histogram, type Registry } from "prom-client";

/** The operator's own metrics, beside those of queues and clients. */
export class OperatorMetrics {
  readonly offersOutstanding: Gauge<"framework">;
  readonly offersClosed: Counter<"state">;
  readonly roleShare: Gauge<"role">;
  readonly frameworkShare: Gauge<"framework">;
  readonly agents: Gauge<"state">;
  readonly tasksPending: Gauge;
  readonly tasksLaunched: Counter<"framework">;
  readonly allocationSeconds: Histogram;
  readonly allocationWriteSeconds: Histogram;
  readonly allocationRequests: Counter<"reason">;

  constructor(registry: Registry) {
    const registers = [registry];
    this.offersOutstanding = new Gauge({
      name: "mesos_offers_outstanding",
      help: "Offers that wait for an answer.",
      labelNames: ["framework"],
      registers,
    });
    this.offersClosed = new Counter({
      name: "mesos_offers_closed_total",
      help: "Offers that left Outstanding, by the state they went to.",
      labelNames: ["state"],
      registers,
    });
    this.roleShare = new Gauge({
      name: "mesos_role_dominant_share",
      help: "Dominant share of a role, 0 to 1.",
      labelNames: ["role"],
      registers,
    });
    this.frameworkShare = new Gauge({
      name: "mesos_framework_dominant_share",
      help: "Dominant share of a framework, 0 to 1.",
      labelNames: ["framework"],
      registers,
    });
    this.agents = new Gauge({
      name: "mesos_agents",
      help: "Agents, by whether they are offered and if not why.",
      labelNames: ["state"],
      registers,
    });
    this.tasksPending = new Gauge({
      name: "mesos_tasks_pending",
      help: "Tasks of the built-in framework that have no agent yet.",
      registers,
    });
    this.tasksLaunched = new Counter({
      name: "mesos_tasks_launched_total",
      help: "Tasks that were given an agent.",
      labelNames: ["framework"],
      registers,
    });
    this.allocationSeconds = new Histogram({
      name: "mesos_allocation_seconds",
      help: "Time of one allocation: the snapshot and the decision, without the writes.",
      buckets: [0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5],
      registers,
    });
    this.allocationWriteSeconds = new Histogram({
      name: "mesos_allocation_write_seconds",
      help: "Time of the writes of one allocation.",
      buckets: [0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 30],
      registers,
    });
    this.allocationRequests = new Counter({
      name: "mesos_allocation_requests_total",
      help: "Asks for an allocation before its interval is over, by reason.",
      labelNames: ["reason"],
      registers,
    });
  }
}
