import type { Agent, AgentStatus } from "../../api/agent.ts";
import type { Condition } from "../../api/condition.ts";
import { setCondition } from "../../cluster/conditions.ts";
import type { Pod } from "../../cluster/core.ts";
import type { Live } from "../../cluster/object.ts";
import type { OperatorConfig } from "../../config/operator.ts";
import { Resources, toSpec } from "../../resources/index.ts";
import { agentAttributes } from "../node/attributes.ts";
import type { NodeFacts, Offerable } from "../node/offerable.ts";
import { type Held, notReady, RESIZE_REFUSED } from "../node/readiness.ts";
import { BASE, minus, sameSize } from "../slot/size.ts";
import { slotState } from "../slot/state.ts";
import { holdings } from "../world/holdings.ts";
import { readable } from "../world/readable.ts";
import type { Drain } from "./drain.ts";
import type { AgentSnapshot } from "./snapshot.ts";

/** Part of Agent.status that the operator writes; the agent program writes the rest. */
export type OperatorStatus = Pick<
  AgentStatus,
  | "observedGeneration"
  | "capacity"
  | "offerable"
  | "allocated"
  | "offered"
  | "reserved"
  | "attributes"
  | "tasks"
  | "slot"
  | "draining"
  | "conditions"
>;

export interface StatusFacts {
  readonly agent: Live<Agent>;
  readonly snapshot: AgentSnapshot;
  readonly node: Offerable;
  readonly drain: Drain | undefined;
  /** Milliseconds for which it is not offered, after the kubelet refused a resize. */
  readonly rests: number;
  /** RFC 3339. */
  readonly now: string;
}

export function operatorStatus(facts: StatusFacts, config: OperatorConfig): OperatorStatus {
  const { agent, snapshot, node, drain, now } = facts;
  const { tasks, executors, slot } = snapshot;
  const reserved = snapshot.reservations.flatMap(({ status }) =>
    (status?.reserved ?? []).filter((one) => one.agent === snapshot.name).map((one) => one.resources),
  );
  const draining = drain && (tasks.length + executors.length === 0 ? "DRAINED" : "DRAINING");
  return {
    observedGeneration: agent.metadata.generation ?? 0,
    capacity: toSpec(node.capacity),
    offerable: toSpec(node.offerable),
    allocated: toSpec(Resources.sum([...tasks, ...executors].map(holdings))),
    offered: toSpec(Resources.sum(snapshot.offers.map(({ spec }) => readable(spec.resources)))),
    reserved: toSpec(Resources.sum(reserved.map(readable))),
    attributes: [...agentAttributes(agent, snapshot.node, config)],
    tasks: tasks.length,
    // Never an empty object: what server-side apply empties becomes null, which the schema refuses.
    ...(slot && { slot: slotStatus(slot) }),
    ...(draining && { draining }),
    conditions: conditionsOf(facts, draining, now),
  } as OperatorStatus;
}

function slotStatus(slot: Live<Pod>): AgentStatus["slot"] {
  const { asked, granted, pending, progress } = slotState(slot);
  const forTasks = minus(granted, BASE);
  const resize = pending?.reason ?? (sameSize(asked, granted) ? progress && "InProgress" : "Pending");
  return {
    pod: slot.metadata.name,
    cpus: Math.max(0, forTasks.cpuMilli) / 1000,
    mem: Math.floor((Math.max(0, forTasks.memoryBytes) * 1000) / 2 ** 20) / 1000,
    ...(resize !== undefined && { resize }),
  };
}

/** Why it is offered to nobody, a rest after a refused resize taken from the operator's memory and not from the last status. */
export function heldNow(node: Offerable, rests: number): Held | undefined {
  if (node.held !== undefined && node.held.reason !== RESIZE_REFUSED) return node.held;
  if (rests <= 0) return undefined;
  const message = "the kubelet did not grant what tasks needed; the agent is offered again after a while";
  return { reason: RESIZE_REFUSED, message };
}

function conditionsOf(
  { agent, snapshot, node, drain, rests }: StatusFacts,
  draining: AgentStatus["draining"],
  now: string,
): Condition[] {
  const facts: NodeFacts = { ...snapshot, agent };
  const unready = notReady(facts, snapshot.slot);
  const held = heldNow(node, rests);
  const made = [
    make("Ready", unready, "Ready", "the node, its agent and its slot Pod are there"),
    make("Schedulable", held, "Offered", "its resources are offered"),
    make(
      "Valid",
      node.problem ? { reason: "InvalidResources", message: node.problem } : undefined,
      "Valid",
      "spec can be used",
    ),
    drained(drain, draining, snapshot),
  ];
  const { generation } = agent.metadata;
  return made.reduce<Condition[]>(
    (list, condition) =>
      setCondition(
        list,
        { ...condition, ...(generation !== undefined && { observedGeneration: generation }) },
        now,
      ),
    agent.status?.conditions ?? [],
  );
}

type NewCondition = Omit<Condition, "lastTransitionTime" | "observedGeneration">;

const make = (type: string, against: Held | undefined, reason: string, message: string): NewCondition =>
  against ? { type, status: "False", ...against } : { type, status: "True", reason, message };

function drained(
  drain: Drain | undefined,
  state: AgentStatus["draining"],
  { tasks, executors }: Pick<AgentSnapshot, "tasks" | "executors">,
): NewCondition {
  const type = "Drained";
  if (drain === undefined)
    return { type, status: "False", reason: "NotDraining", message: "nobody asked for it" };
  if (state === "DRAINED")
    return { type, status: "True", reason: "Drained", message: `no task is left: ${drain.cause}` };
  const left = [
    `${tasks.length} tasks`,
    ...(executors.length > 0 ? [`${executors.length} executors`] : []),
  ].join(" and ");
  return {
    type,
    status: "False",
    reason: "Draining",
    message: `${left} are being ended: ${drain.cause}`,
  };
}
