import type { Dns } from "../containerizer/spec.ts";

/** Reads resolv.conf(5). */
export function parseResolvConf(text: string): Dns {
  const nameservers: string[] = [];
  let searches: string[] = [];
  let options: string[] = [];
  for (const line of text.split("\n")) {
    const [key, ...values] = line.trim().split(/\s+/);
    if (key === "nameserver" && values[0] !== undefined) nameservers.push(values[0]);
    if (key === "search") searches = values;
    if (key === "options") options = values;
  }
  return { nameservers, searches, options };
}

/**
 * The DNS of a task in a network of its own: that of the agent's Pod (dnsPolicy ClusterFirstWithHostNet), with the task's namespace in the
 * place of the agent's among the search domains. Undefined when the agent has no server that a network of its own reaches.
 */
export function dnsFor(agent: Dns, agentNamespace: string, namespace: string): Dns | undefined {
  const nameservers = agent.nameservers.filter((server) => !server.startsWith("127.") && server !== "::1");
  if (nameservers.length === 0) return undefined;
  const own = `${agentNamespace}.svc.`;
  return {
    ...agent,
    nameservers,
    searches: (agent.searches ?? []).map((domain) =>
      domain.startsWith(own) ? `${namespace}.svc.${domain.slice(own.length)}` : domain,
    ),
  };
}
