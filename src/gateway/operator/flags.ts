import type { OperatorConfig } from "../../config/operator.ts";

/** As Mesos has it by default (src/master/constants.hpp). */
export const MOST_SUBSCRIBERS = 1_000;

/** The configuration in the words of Mesos's master: the flags of it that mean something here. */
export function flagsOf({ agents, allocation, gateway, offers }: OperatorConfig): Record<string, string> {
  return {
    agent_ping_timeout: "15secs",
    allocation_interval: spelled(allocation.interval),
    allocator: "hierarchical",
    authenticate_http_readonly: String(!gateway.anonymous),
    authenticate_http_readwrite: String(!gateway.anonymous),
    authenticate_http_frameworks: String(!gateway.anonymous),
    authorizers: "kubernetes",
    fair_sharing_excluded_resource_names: allocation.excludeFromFairness.join(","),
    framework_sorter: allocation.sorter,
    max_agent_ping_timeouts: "5",
    agent_reregister_timeout: spelled(agents.timeout),
    max_completed_frameworks: "50",
    max_completed_tasks_per_framework: "1000",
    max_operator_event_stream_subscribers: String(MOST_SUBSCRIBERS),
    min_allocatable_resources: allocation.minAllocatable,
    offer_timeout: spelled(offers.timeout),
    port: String(gateway.port),
    role_sorter: allocation.sorter,
    root_submissions: "true",
  };
}

const UNITS = { ms: "ms", s: "secs", m: "mins", h: "hrs" } as const;

/** A duration as Mesos writes it: 1secs, 10mins. One of several units stays as it is. */
function spelled(duration: string): string {
  const [, amount, unit] = /^([0-9.]+)(ms|s|m|h)$/.exec(duration) ?? [];
  return unit === undefined ? duration : `${amount}${UNITS[unit as keyof typeof UNITS]}`;
}
