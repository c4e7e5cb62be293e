import type { Agent } from "../../api/agent.ts";
import { durationMs } from "../../api/duration.ts";
import type { Task } from "../../api/task.ts";
import { hasBegun, hasEnded } from "../../api/taskstate.ts";
import type { Pod } from "../../cluster/core.ts";
import type { Live } from "../../cluster/object.ts";
import { slotPhase } from "../slot/state.ts";
import { dropState, type Transition } from "../task/ending.ts";

/** Why and how the tasks of an agent are to be killed. */
export interface Drain {
  readonly cause: "spec.draining" | "the slot Pod is being evicted or deleted" | "the Agent is being deleted";
  /** Milliseconds: the longest grace of a kill; undefined: each task's own. */
  readonly grace?: number;
}

/** What Mesos gives a task without a kill policy (flags of the executor: 3 s). */
const DEFAULT_GRACE = "3s";
/** Milliseconds that the agent and the API server need around a kill, before the kubelet kills all under an evicted slot. */
const MARGIN = 3_000;

/** Undefined: there is nothing to drain for. */
export function drainOf(
  agent: Live<Agent> | undefined,
  slot: Live<Pod> | undefined,
  now: number,
): Drain | undefined {
  const wish = agent?.spec.draining;
  const most = wish?.grace === undefined ? [] : [durationMs(wish.grace)];
  const evicted = isEvicted(slot);
  if (evicted) most.push(Math.max(0, Date.parse(slot?.metadata.deletionTimestamp ?? "") - MARGIN - now));
  const cause = wish
    ? "spec.draining"
    : evicted
      ? "the slot Pod is being evicted or deleted"
      : agent?.metadata.deletionTimestamp
        ? "the Agent is being deleted"
        : undefined;
  if (cause === undefined) return undefined;
  return { cause, ...(most.length > 0 && { grace: Math.min(...most) }) };
}

/** A slot Pod deleted by force leaves no time to kill anything: its tasks are lost, which the agent reports. */
const isEvicted = (slot: Live<Pod> | undefined): boolean =>
  slotPhase(slot) === "ending" && (slot?.metadata.deletionGracePeriodSeconds ?? 0) * 1000 > MARGIN;

export type DrainStep =
  | { readonly kind: "end"; readonly transition: Transition }
  /** gracePeriod undefined: the task's own. */
  | { readonly kind: "kill"; readonly gracePeriod: string | undefined };

/** What a drain does to a task; undefined when that was done (Mesos: slave.cpp, Slave::drain and its calculateKillPolicy). */
export function drainStep(task: Live<Task>, drain: Drain, partitionAware: boolean): DrainStep | undefined {
  const { status, spec } = task;
  if (hasEnded(status)) return undefined;
  if (!hasBegun(status)) {
    const message = `the agent ${spec.agent} is being drained: ${drain.cause}`;
    return {
      kind: "end",
      transition: { state: dropState(partitionAware), reason: "REASON_AGENT_DRAINING", message },
    };
  }
  if (spec.kill !== undefined) return undefined;
  const own = durationMs(spec.killPolicy?.gracePeriod ?? DEFAULT_GRACE);
  const shorter = drain.grace !== undefined && drain.grace < own;
  return { kind: "kill", gracePeriod: shorter ? `${drain.grace}ms` : undefined };
}
