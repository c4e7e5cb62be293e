import type { AgentState } from "../../allocator/index.ts";
import { Shared } from "../../cluster/shared.ts";
import type { OperatorConfig } from "../../config/operator.ts";
import { type Attribute, attributesFromSpec, ResourceError } from "../../resources/index.ts";
import { agentAttributes, domainOf } from "../node/attributes.ts";
import { type NodeFacts, type Offerable, offerable } from "../node/offerable.ts";
import { repellingTaints, taintWord } from "./tolerations.ts";

/** What of an agent goes by its Agent, its Node, its Lease and its Pods alone: most that happens to it is of tasks and offers. */
export interface Standing {
  readonly of: NodeFacts;
  readonly node: Offerable;
  readonly traits: Pick<AgentState, "attributes" | "hostname" | "region" | "zone" | "taints">;
}

/** As it was, if nothing that it is made of has changed. */
export function standing(facts: NodeFacts, config: OperatorConfig, before?: Standing): Standing {
  if (before !== undefined && isOf(before, facts)) return before;
  const { agent, node, pods, lease } = facts;
  const traits = { attributes: attributes(facts, config), ...domainOf(agent, node), ...taintsOf(facts) };
  return { of: { agent, node, pods, lease }, node: offerable(facts, config), traits };
}

/** Objects of a cache never change. */
function isOf({ of }: Standing, { agent, node, pods, lease }: NodeFacts): boolean {
  return (
    of.agent === agent &&
    of.node === node &&
    of.lease === lease &&
    of.pods.length === pods.length &&
    of.pods.every((pod, i) => pod === pods[i])
  );
}

function taintsOf({ node }: NodeFacts): Pick<AgentState, "taints"> {
  const taints = repellingTaints(node);
  return taints.length === 0 ? {} : { taints: taints.map(taintWord) };
}

/** Most agents have in common all but their names. */
const known = new Shared<Attribute>();

function attributes({ agent, node }: NodeFacts, config: OperatorConfig): readonly Attribute[] {
  try {
    const specs = agentAttributes(agent, node, config);
    return attributesFromSpec(specs).map((one, i) => known.get(JSON.stringify(specs[i]), () => one));
  } catch (error) {
    // What the schema lets through and the algebra does not, say overlapping ranges, is nobody's attribute.
    if (error instanceof ResourceError) return [];
    throw error;
  }
}
