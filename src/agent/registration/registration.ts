import type { Agent } from "../../api/agent.ts";
import { API_VERSION } from "../../api/group.ts";
import type { Node } from "../../cluster/core.ts";
import { isAlreadyExists, isNotFound } from "../../cluster/errors.ts";
import type { OwnerReference } from "../../cluster/object.ts";
import type { Resource } from "../../cluster/resource.ts";

/** Field manager of the agent's part of Agent.status. */
export const FIELD_MANAGER = "mesos-agent";

/** What the agent says of itself. */
export interface AgentFacts {
  readonly hostname: string;
  readonly addresses: readonly string[];
  readonly version: string;
  readonly containerd: string;
  readonly bootId: string;
  /** RFC 3339. */
  readonly startedAt: string;
}

export interface RegistrationOptions {
  readonly agents: Pick<Resource<Agent>, "get" | "create" | "apply">;
  readonly nodes: Pick<Resource<Node>, "get">;
  /** The agent's name, and its node's. */
  readonly name: string;
}

/**
 * Makes the Agent object if it is missing, owned by its Node so that it goes with it, and writes the agent's part of its status.
 * The rest of the status, and the spec, are others'. Rejects as the API server does.
 */
export async function register(
  options: RegistrationOptions,
  facts: AgentFacts,
  signal: AbortSignal,
): Promise<void> {
  const { agents, name } = options;
  await ensureObject(options, signal);
  const status = { ...facts, addresses: [...facts.addresses] };
  await agents.apply(
    { name },
    { status },
    { fieldManager: FIELD_MANAGER, force: true, subresource: "status", signal },
  );
}

async function ensureObject(
  { agents, nodes, name }: RegistrationOptions,
  signal: AbortSignal,
): Promise<void> {
  try {
    await agents.get({ name }, { signal });
    return;
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
  const agent: Agent = {
    apiVersion: API_VERSION,
    kind: "Agent",
    metadata: { name, ownerReferences: [await nodeOwner(nodes, name, signal)] },
    spec: { unschedulable: false },
  };
  try {
    await agents.create(agent, { fieldManager: FIELD_MANAGER, signal });
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
  }
}

/** The node as owner of what is the agent's. */
export async function nodeOwner(
  nodes: Pick<Resource<Node>, "get">,
  name: string,
  signal: AbortSignal,
): Promise<OwnerReference> {
  const node = await nodes.get({ name }, { signal });
  return { apiVersion: "v1", kind: "Node", name, uid: node.metadata.uid };
}
