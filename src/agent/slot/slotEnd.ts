import type { Pod } from "../../cluster/core.ts";
import type { SlotEnd } from "../lifecycle/outcome.ts";

/** Words of the kubelet and of conditions for an end that served other Pods or the node. */
const PREEMPTED: ReadonlySet<string> = new Set(["Evicted", "Preempting", "NodeShutdown", "Terminated"]);

/**
 * Whether the slot Pod with this uid has ended, and why; undefined: it has not, as far as the API knows.
 *
 * @param pod what has the slot Pod's name now; undefined: there is none
 */
export function slotEndOf(uid: string, pod: Pod | undefined): SlotEnd | undefined {
  if (pod?.metadata?.uid !== uid) {
    return {
      preempted: false,
      message: "The slot Pod of the node was deleted, and all that ran below its cgroup with it",
    };
  }
  const { phase, reason, message, conditions = [] } = pod.status ?? {};
  if (phase !== "Failed" && phase !== "Succeeded") return undefined;
  const disrupted = conditions.find(({ type, status }) => type === "DisruptionTarget" && status === "True");
  const why = message ?? disrupted?.message ?? `phase ${phase}`;
  return {
    preempted: disrupted !== undefined || PREEMPTED.has(reason ?? ""),
    message: `The slot Pod of the node has ended (${reason ?? disrupted?.reason ?? phase}: ${why}), and all that ran below its cgroup with it`,
  };
}
