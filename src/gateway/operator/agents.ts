import { create } from "@bufbuild/protobuf";
import type { Duration } from "@bufbuild/protobuf/wkt";
import type { Agent } from "../../api/agent.ts";
import type { Principal } from "../../auth/authenticator.ts";
import type { Action } from "../../auth/authorizer.ts";
import type { Live } from "../../cluster/object.ts";
import { durationOfNanos } from "../../convert/amounts.ts";
import { type Answer, badRequest, notFound } from "../../http/answer.ts";
import { DurationInfoSchema } from "../../wire/gen/mesos/v1/mesos_pb.ts";
import { isDeactivated } from "../state/agents.ts";
import { attempt, MANAGER } from "./attempt.ts";
import type { OperatorService } from "./service.ts";

const update = ({ metadata }: Live<Agent>): Action => ({
  verb: "update",
  resource: "agents",
  name: metadata.name,
});
const remove = ({ metadata }: Live<Agent>): Action => ({
  verb: "delete",
  resource: "agents",
  name: metadata.name,
});

/** Changes Agent.spec, if the caller may. */
export async function patchAgents(
  { access, deps }: OperatorService,
  patches: readonly { readonly agent: Live<Agent>; readonly spec: object }[],
  principal: Principal | undefined,
  more: readonly Action[] = [],
): Promise<Answer> {
  // Who may change all of them is not asked about each.
  const any = await access.refusal(principal, [{ verb: "update", resource: "agents" }, ...more]);
  const each = patches.map(({ agent }) => update(agent));
  const refusal = any && (await access.refusal(principal, [...each, ...more]));
  if (refusal !== undefined) return refusal;
  return attempt(async () => {
    for (const { agent, spec } of patches) {
      const { uid } = agent.metadata;
      await deps.clients.agents.mergePatch(
        agent.metadata,
        { metadata: { uid }, spec },
        { fieldManager: MANAGER },
      );
    }
  });
}

const find = ({ deps }: OperatorService, name: string): Live<Agent> | undefined =>
  deps.caches.agents.store.get(name);

/** DRAIN_AGENT: Agent.spec.draining. */
export async function drainAgent(
  service: OperatorService,
  id: string,
  maxGracePeriod: Duration | undefined,
  markGone: boolean,
  principal: Principal | undefined,
): Promise<Answer> {
  const agent = find(service, id);
  if (agent === undefined) return badRequest("Unknown agent");
  const { name } = agent.metadata;
  if (agent.spec.maintenance !== undefined) {
    return badRequest(`Agent ${name} is part of a maintenance schedule under Machine ${name}`);
  }
  const nanoseconds =
    maxGracePeriod && maxGracePeriod.seconds * 1_000_000_000n + BigInt(maxGracePeriod.nanos);
  let grace: string | null = null;
  if (nanoseconds !== undefined) {
    if (nanoseconds < 0n) return badRequest("'max_grace_period' must be non-negative");
    grace = durationOfNanos(create(DurationInfoSchema, { nanoseconds }), "max_grace_period");
  }
  const spec = { draining: { grace, markGone } };
  return patchAgents(service, [{ agent, spec }], principal, markGone ? [remove(agent)] : []);
}

/** DEACTIVATE_AGENT: Agent.spec.unschedulable. */
export async function deactivateAgent(
  service: OperatorService,
  id: string,
  principal: Principal | undefined,
): Promise<Answer> {
  const agent = find(service, id);
  if (agent === undefined) return badRequest("Unknown agent");
  return patchAgents(service, [{ agent, spec: { unschedulable: true } }], principal);
}

/** REACTIVATE_AGENT, of one that was deactivated or is drained. */
export async function reactivateAgent(
  service: OperatorService,
  id: string,
  principal: Principal | undefined,
): Promise<Answer> {
  const agent = find(service, id);
  if (agent === undefined || !isDeactivated(agent)) return badRequest("Agent is not deactivated");
  if (agent.spec.draining !== undefined && agent.status?.draining !== "DRAINED") {
    return badRequest("Agent is still in the DRAINING state");
  }
  return patchAgents(service, [{ agent, spec: { unschedulable: false, draining: null } }], principal);
}

/**
 * MARK_AGENT_GONE: one that is there kills its tasks at once, tells that they are gone for good, and is offered no more; of one that is
 * not, the object goes, and its tasks are told so.
 */
export async function markAgentGone(
  service: OperatorService,
  id: string,
  principal: Principal | undefined,
): Promise<Answer> {
  const agent = find(service, id);
  if (agent === undefined) return notFound(`Agent '${id}' not found`);
  const refusal = await service.access.refusal(principal, [remove(agent)]);
  if (refusal !== undefined) return refusal;
  const { agents } = service.deps.clients;
  const { uid } = agent.metadata;
  return attempt(async () => {
    if (service.state.standing(id) !== "registered") return agents.delete(agent.metadata, { uid });
    const spec = { draining: { grace: "0s", markGone: true } };
    return agents.mergePatch(agent.metadata, { metadata: { uid }, spec }, { fieldManager: MANAGER });
  });
}
