import type { Agent, MaintenanceStatus } from "../../api/agent.ts";
import type { EventNote, EventRecorder } from "../../cluster/events.ts";
import type { Live } from "../../cluster/object.ts";

/** Events about the Agent: the window begins or ends, and each answer that is another than before. */
export function announce(
  recorder: EventRecorder,
  agent: Live<Agent>,
  before: MaintenanceStatus | undefined,
  after: MaintenanceStatus | undefined,
): void {
  for (const note of notes(before, after)) recorder.record(agent, note);
}

export function notes(
  before: MaintenanceStatus | undefined,
  after: MaintenanceStatus | undefined,
): EventNote[] {
  if (after === undefined) {
    if (before === undefined) return [];
    return [
      {
        type: "Normal",
        reason: "MaintenanceWithdrawn",
        message: "no maintenance is planned any more",
      },
    ];
  }
  const { phase, unavailability, generation } = after;
  const isSame = before?.generation === generation;
  const list: EventNote[] = [];
  if (!isSame || before.phase !== phase) list.push({ type: "Normal", ...PHASES[phase](unavailability) });
  const known = new Map(isSame ? before.frameworks.map((one) => [one.id, one.response]) : []);
  for (const { id, namespace, framework, response } of after.frameworks) {
    if (response === "UNKNOWN" || known.get(id) === response) continue;
    const agrees = response === "ACCEPT";
    list.push({
      type: agrees ? "Normal" : "Warning",
      reason: agrees ? "MaintenanceAccepted" : "MaintenanceDeclined",
      message: `the framework ${namespace}/${framework} ${agrees ? "agrees to" : "objects to"} the maintenance`,
    });
  }
  return list;
}

type Words = { readonly reason: string; readonly message: string };

const PHASES: Readonly<
  Record<MaintenanceStatus["phase"], (window: MaintenanceStatus["unavailability"]) => Words>
> = {
  Planned: ({ start, duration }) => ({
    reason: "MaintenancePlanned",
    message: `maintenance is planned from ${start}${duration === undefined ? " for good" : ` for ${duration}`}`,
  }),
  InProgress: () => ({
    reason: "MaintenanceStarted",
    message: "the maintenance has started: the agent is offered no more, its tasks go on until it is drained",
  }),
  Over: () => ({ reason: "MaintenanceOver", message: "the window is over: the agent is offered again" }),
};
