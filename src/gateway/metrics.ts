import { Counter, Gauge, type Registry } from "prom-client";

/** Of one replica's gateway. */
export class GatewayMetrics {
  readonly subscribers: Gauge;
  readonly streamsEnded: Counter<"how">;
  readonly requests: Counter<"code">;
  readonly calls: Counter<"type">;
  readonly events: Counter<"type">;

  constructor(registry: Registry) {
    const registers = [registry];
    this.subscribers = new Gauge({
      name: "mesos_gateway_subscribers",
      help: "Frameworks that are subscribed by the Mesos API.",
      registers,
    });
    this.streamsEnded = new Counter({
      name: "mesos_gateway_streams_ended_total",
      help: "Subscriptions that ended: ended (by the gateway), left, overrun (dropped: too slow).",
      labelNames: ["how"],
      registers,
    });
    this.requests = new Counter({
      name: "mesos_gateway_requests_total",
      help: "Requests by the status of their answer.",
      labelNames: ["code"],
      registers,
    });
    this.calls = new Counter({
      name: "mesos_gateway_calls_total",
      help: "Calls of subscribed frameworks.",
      labelNames: ["type"],
      registers,
    });
    this.events = new Counter({
      name: "mesos_gateway_events_total",
      help: "Events sent to subscribers.",
      labelNames: ["type"],
      registers,
    });
  }
}
