import { availableParallelism, freemem, loadavg, totalmem } from "node:os";
import type { Task } from "../../api/task.ts";
import { isTerminal, TASK_STATES } from "../../api/taskstate.ts";
import type { Live } from "../../cluster/object.ts";
import { agentOfLease } from "../../controllers/agent/snapshot.ts";
import type { Dependencies } from "../../controllers/dependencies.ts";
import type { GatewayMetrics } from "../metrics.ts";
import type { ClusterState } from "../state/cluster.ts";
import type { Pace } from "../state/pace.ts";

/** Names without `master/`, of which nothing is counted here: what exporters ask for is there all the same. */
const NEVER = [
  ...["dropped_messages", "http_cache_hits", "messages_authenticate", "messages_reregister_framework"],
  ...["messages_unregister_framework", "messages_deactivate_framework", "messages_executor_to_framework"],
  ...["messages_register_slave", "messages_reregister_slave", "messages_unregister_slave"],
  ...["messages_exited_executor", "messages_update_slave", "messages_operation_status_update"],
  ...["valid_framework_to_executor_messages", "invalid_framework_to_executor_messages"],
  ...["valid_executor_to_framework_messages", "invalid_executor_to_framework_messages"],
  ...["invalid_status_updates", "invalid_status_update_acknowledgements", "recovery_slave_removals"],
  ...["valid_operation_status_updates", "invalid_operation_status_updates"],
  ...["valid_operation_status_update_acknowledgements", "invalid_operation_status_update_acknowledgements"],
  ...["event_queue_messages", "event_queue_dispatches", "event_queue_http_requests"],
  ...["slave_reregistrations", "slave_removals/reason_unregistered", "slave_removals/reason_registered"],
  ...["slave_shutdowns_scheduled", "slave_shutdowns_completed", "slave_shutdowns_canceled"],
  ...["slave_unreachable_scheduled", "slave_unreachable_canceled"],
];

/** Calls of frameworks, by the message that Mesos counts them as. */
const MESSAGES: Readonly<Record<string, string>> = {
  SUBSCRIBE: "messages_register_framework",
  KILL: "messages_kill_task",
  ACKNOWLEDGE: "messages_status_update_acknowledgement",
  ACKNOWLEDGE_OPERATION_STATUS: "messages_operation_status_update_acknowledgement",
  REQUEST: "messages_resource_request",
  ACCEPT: "messages_launch_tasks",
  DECLINE: "messages_decline_offers",
  REVIVE: "messages_revive_offers",
  SUPPRESS: "messages_suppress_offers",
  RECONCILE: "messages_reconcile_tasks",
  RECONCILE_OPERATIONS: "messages_reconcile_operations",
  MESSAGE: "messages_framework_to_executor",
};

/** Milliseconds for which a snapshot serves. */
const BELIEVED = 1_000;

type MetricValues = ReadonlyMap<string, number>;

/** Of any replica: what it can say of itself. Metrics of the cluster are the leader's. */
export const ownMetrics = (elected: boolean): [string, number][] => {
  const [one = 0, five = 0, fifteen = 0] = loadavg();
  return [
    ["master/uptime_secs", process.uptime()],
    ["master/elected", elected ? 1 : 0],
    ["system/cpus_total", availableParallelism()],
    ["system/load_1min", one],
    ["system/load_5min", five],
    ["system/load_15min", fifteen],
    ["system/mem_total_bytes", totalmem()],
    ["system/mem_free_bytes", freemem()],
  ];
};

/** What Mesos's master measures, by its names (src/master/metrics.cpp). Counters begin with this leader's term. */
export class MasterMetrics {
  readonly #deps: Pick<Dependencies, "caches" | "clock" | "config" | "agentLeases">;
  readonly #state: ClusterState;
  readonly #gateway: GatewayMetrics;
  readonly #subscribers: () => number;
  readonly #counters = new Map<string, number>();
  readonly #stops: (() => void)[];
  #latest: { readonly at: number; readonly values: Promise<MetricValues> } | undefined;

  constructor(
    deps: Pick<Dependencies, "caches" | "clock" | "config" | "agentLeases">,
    state: ClusterState,
    gateway: GatewayMetrics,
    subscribers: () => number,
  ) {
    this.#deps = deps;
    this.#state = state;
    this.#gateway = gateway;
    this.#subscribers = subscribers;
    const { caches, agentLeases, config } = deps;
    this.#stops = [
      caches.tasks.follow((change) => {
        if (change.type === "updated") this.#observe(change.object, change.old);
      }),
      caches.agents.follow(({ type }) => {
        if (type === "deleted") this.#count("slave_removals");
      }),
      agentLeases.onChange((key, state) => {
        if (agentOfLease(config.namespace, key) === undefined) return;
        if (state === "fresh") this.#count("slave_registrations");
        if (state === "lapsed") this.#count("slave_unreachable_completed");
      }),
    ];
  }

  close(): void {
    for (const stop of this.#stops) stop();
  }

  snapshot(pace: Pace): Promise<MetricValues> {
    const now = this.#deps.clock.monotonic();
    if (this.#latest !== undefined && now - this.#latest.at < BELIEVED) return this.#latest.values;
    const values = this.#take(pace);
    this.#latest = { at: now, values };
    return values;
  }

  async #take(pace: Pace): Promise<MetricValues> {
    const values = new Map<string, number>(ownMetrics(true));
    const set = (name: string, value: number) => values.set(`master/${name}`, value);
    for (const name of NEVER) set(name, 0);
    for (const name of Object.values(MESSAGES)) set(name, 0);
    const { values: calls } = await this.#gateway.calls.get();
    for (const { labels, value } of calls) {
      const name = MESSAGES[labels.type ?? ""];
      if (name !== undefined) set(name, value);
    }
    set(
      "valid_status_update_acknowledgements",
      values.get("master/messages_status_update_acknowledgement") ?? 0,
    );
    for (const name of COUNTED) set(name, this.#counters.get(name) ?? 0);
    set("slave_removals/reason_unhealthy", this.#counters.get("slave_unreachable_completed") ?? 0);
    await this.#agents(set, pace);
    await this.#tasks(set, pace);
    const frameworks = [...this.#deps.caches.frameworks.store.values()].map((one) =>
      this.#state.isConnected(one),
    );
    const connected = frameworks.filter(Boolean).length;
    for (const name of ["frameworks_connected", "frameworks_active"]) set(name, connected);
    for (const name of ["frameworks_disconnected", "frameworks_inactive"])
      set(name, frameworks.length - connected);
    set("operator_event_stream_subscribers", this.#subscribers());
    return values;
  }

  async #agents(set: (name: string, value: number) => void, pace: Pace): Promise<void> {
    const { registered, recovered, unreachable } = this.#state.agents();
    const total = new Map<string, number>();
    const used = new Map<string, number>();
    let [active, offers] = [0, 0];
    for (const name of registered) {
      const view = this.#state.registered(name)?.view;
      if (view === undefined) continue;
      if (view.node.held === undefined) active++;
      offers += view.offers.filter(({ offer }) => offer.spec.response === undefined).length;
      for (const [resource, milli] of view.total.scalarQuantities()) add(total, resource, milli);
      for (const [resource, milli] of view.held.nonRevocable().scalarQuantities()) add(used, resource, milli);
      if (pace.tired) await pace.rest();
    }
    for (const name of ["cpus", "gpus", "mem", "disk"]) {
      const [all = 0, taken = 0] = [total.get(name), used.get(name)];
      set(`${name}_total`, all / 1000);
      set(`${name}_used`, taken / 1000);
      set(`${name}_percent`, all === 0 ? 0 : taken / all);
      for (const what of ["total", "used", "percent"]) set(`${name}_revocable_${what}`, 0);
    }
    set("slaves_connected", registered.length);
    set("slaves_disconnected", recovered.length);
    set("slaves_active", active);
    set("slaves_inactive", registered.length - active);
    set("slaves_unreachable", unreachable.length);
    set("outstanding_offers", offers);
  }

  async #tasks(set: (name: string, value: number) => void, pace: Pace): Promise<void> {
    const states = new Map<string, number>();
    for (const { spec, status } of [...this.#deps.caches.tasks.store.values()]) {
      if (spec.agent === undefined) continue;
      const state = status?.unreachableSince === undefined ? status?.state : "TASK_UNREACHABLE";
      add(states, state ?? "TASK_STAGING", 1);
      if (pace.tired) await pace.rest();
    }
    for (const state of TASK_STATES) {
      const name = nameOf(state);
      const ended = isTerminal(state);
      if (state !== "TASK_UNKNOWN") set(name, (ended ? this.#counters.get(name) : states.get(state)) ?? 0);
    }
  }

  #observe({ status }: Live<Task>, { status: before }: Live<Task>): void {
    const { state, updates } = status ?? {};
    if (updates?.at(-1)?.uuid !== before?.updates?.at(-1)?.uuid) {
      this.#count("messages_status_update");
      this.#count("valid_status_updates");
    }
    if (state !== undefined && state !== before?.state && isTerminal(state)) this.#count(nameOf(state));
  }

  #count(name: string): void {
    add(this.#counters, name, 1);
  }
}

const COUNTED = [
  ...["messages_status_update", "valid_status_updates", "slave_registrations", "slave_removals"],
  "slave_unreachable_completed",
];

const nameOf = (state: string): string => state.replace("TASK_", "tasks_").toLowerCase();

const add = (map: Map<string, number>, key: string, more: number): void => {
  map.set(key, (map.get(key) ?? 0) + more);
};
