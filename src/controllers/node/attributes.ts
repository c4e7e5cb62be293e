import type { Agent } from "../../api/agent.ts";
import type { Node } from "../../cluster/core.ts";
import type { OperatorConfig } from "../../config/operator.ts";
import type { AttributeSpec } from "../../resources/index.ts";

/** Longest name of an attribute: longer label keys are left out. */
const LONGEST_NAME = 63;
/** What Offer.spec.attributes may hold. */
const MOST = 128;

/** Node labels that the configuration names, as text, then the Agent's own, which win. Sorted by name. */
export function agentAttributes(
  agent: Agent,
  node: Node | undefined,
  config: OperatorConfig,
): readonly AttributeSpec[] {
  const byName = new Map<string, AttributeSpec>();
  const wanted = config.agents.attributeLabels.map(matcher);
  for (const [key, text] of Object.entries(node?.metadata?.labels ?? {})) {
    if (key.length <= LONGEST_NAME && wanted.some((matches) => matches(key))) {
      byName.set(key, { name: key, text });
    }
  }
  for (const attribute of agent.spec.attributes ?? []) byName.set(attribute.name, attribute);
  const sorted = [...byName.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  return sorted.slice(0, MOST);
}

const HOSTNAME = "kubernetes.io/hostname";
const REGION = "topology.kubernetes.io/region";
const ZONE = "topology.kubernetes.io/zone";

/** Tells which labels of Nodes are looked at here. */
export function labelReader({ agents }: OperatorConfig): (label: string) => boolean {
  const wanted = [HOSTNAME, REGION, ZONE, ...agents.attributeLabels].map(matcher);
  return (label) => wanted.some((matches) => matches(label));
}

function matcher(pattern: string): (key: string) => boolean {
  if (!pattern.endsWith("*")) return (key) => key === pattern;
  const prefix = pattern.slice(0, -1);
  return (key) => key.startsWith(prefix);
}

/** What constraints on HOSTNAME, REGION and ZONE look at (Mesos: SlaveInfo.hostname and its DomainInfo). */
export interface Domain {
  readonly hostname: string;
  readonly region?: string;
  readonly zone?: string;
}

export function domainOf(agent: Agent, node: Node | undefined): Domain {
  const labels = node?.metadata?.labels ?? {};
  const region = labels[REGION];
  const zone = labels[ZONE];
  return {
    hostname: agent.status?.hostname ?? labels[HOSTNAME] ?? agent.metadata.name,
    ...(region !== undefined && { region }),
    ...(zone !== undefined && { zone }),
  };
}
