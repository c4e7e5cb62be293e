import type { Task } from "../../api/task.ts";
import { hasBegun, hasEnded } from "../../api/taskstate.ts";
import type { Live } from "../../cluster/object.ts";
import { describeTaint, type Taint, type Toleration, tolerates } from "../node/taints.ts";
import { dropState, type Transition } from "../task/ending.ts";

/** A NoExecute taint of a node, and since when it is there (milliseconds of the epoch). */
export interface StandingTaint {
  readonly taint: Taint;
  readonly since: number;
}

/** Of a node, with what bears on one of its tasks. */
export interface TaintFacts {
  readonly taints: readonly StandingTaint[];
  readonly tolerations: readonly Toleration[];
  readonly partitionAware: boolean;
  /** Milliseconds of the epoch. */
  readonly now: number;
}

/** What taints ask for: nothing now but a look after so many milliseconds, an end, or a kill with the task's own grace. */
export type TaintStep =
  | { readonly kind: "wait"; readonly after: number }
  | { readonly kind: "end"; readonly transition: Transition }
  | { readonly kind: "kill"; readonly message: string };

/**
 * Kubernetes taints a node so by itself, once its kubelet is silent, and gives Pods a time for it (DefaultTolerationSeconds).
 * Mesos's tasks have their agent's Lease for that, and are not killed for a kubelet that is away: who wants them to be says so with
 * a toleration of the task's own.
 */
const LEFT_TO_THE_LEASE: readonly Toleration[] = [
  { key: "node.kubernetes.io/not-ready", operator: "Exists", effect: "NoExecute" },
  { key: "node.kubernetes.io/unreachable", operator: "Exists", effect: "NoExecute" },
];

/**
 * What the NoExecute taints of its node mean for a task (k8s.io/kubernetes, pkg/controller/tainteviction): a taint counts by the
 * first toleration that matches it; without one the task goes at once, with tolerationSeconds after that time. Undefined: it may stay.
 */
export function taintStep(task: Live<Task>, facts: TaintFacts): TaintStep | undefined {
  const { spec, status } = task;
  if (hasEnded(status) || spec.kill !== undefined) return undefined;
  const first = firstDue(facts, placedAt(task, facts.now));
  if (first === undefined) return undefined;
  if (first.at > facts.now) return { kind: "wait", after: first.at - facts.now };
  const time = first.seconds === undefined ? "not tolerated" : `tolerated for ${first.seconds} s only`;
  const message = `the taint ${describeTaint(first.taint)} of the node ${spec.agent} is ${time}`;
  if (hasBegun(status)) return { kind: "kill", message };
  const state = dropState(facts.partitionAware);
  return { kind: "end", transition: { state, reason: "REASON_AGENT_DRAINING", message } };
}

interface Due {
  readonly taint: Taint;
  /** Of the toleration; undefined: there is none. */
  readonly seconds: number | undefined;
  /** Milliseconds of the epoch. */
  readonly at: number;
}

function firstDue({ taints, tolerations, now }: TaintFacts, placed: number): Due | undefined {
  const all = [...tolerations, ...LEFT_TO_THE_LEASE];
  const due = taints.flatMap(({ taint, since }): Due[] => {
    const toleration = all.find((one) => tolerates(one, taint));
    if (toleration === undefined) return [{ taint, seconds: undefined, at: now }];
    const seconds = toleration.tolerationSeconds;
    return seconds === undefined ? [] : [{ taint, seconds, at: Math.max(since, placed) + seconds * 1000 }];
  });
  return due.reduce<Due | undefined>((first, one) => (first && first.at <= one.at ? first : one), undefined);
}

/** Since when the task is on the node: a framework's from the start, another once the operator has said so. */
function placedAt({ metadata, spec, status }: Live<Task>, now: number): number {
  if (spec.framework !== undefined) return Date.parse(metadata.creationTimestamp);
  const placed = status?.conditions?.find(({ type }) => type === "Placed");
  return placed?.status === "True" ? Date.parse(placed.lastTransitionTime) : now;
}
