import { isTerminal } from "../../api/taskstate.ts";
import type { EventNote } from "../../cluster/events.ts";
import type { TaskRecord } from "../checkpoint/record.ts";

/** TASK_FAILED → TaskFailed. */
const word = (state: string): string =>
  state
    .toLowerCase()
    .split("_")
    .map((part) => part.charAt(0).toUpperCase() + part.slice(1))
    .join("");

/** The Event of a task's end on this node; undefined while it has not ended here. */
export function endNote({ latest }: TaskRecord): EventNote | undefined {
  if (latest === undefined || !isTerminal(latest.state)) return undefined;
  const { state, reason, message = "" } = latest;
  const well = state === "TASK_FINISHED" || state === "TASK_KILLED";
  return {
    type: well ? "Normal" : "Warning",
    reason: word(state),
    message: reason === undefined ? message : `${reason}: ${message}`,
    action: "End",
  };
}
