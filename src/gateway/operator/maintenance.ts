import { isIPv4 } from "node:net";
import type { Agent } from "../../api/agent.ts";
import type { Principal } from "../../auth/authenticator.ts";
import type { Live } from "../../cluster/object.ts";
import { durationOfNanos } from "../../convert/amounts.ts";
import { type Answer, badRequest } from "../../http/answer.ts";
import type { Window } from "../../wire/gen/mesos/v1/maintenance/maintenance_pb.ts";
import { type MachineID, MachineIDSchema } from "../../wire/gen/mesos/v1/mesos_pb.ts";
import { toJsonText } from "../../wire/tojson.ts";
import { patchAgents } from "./agents.ts";
import { isMachine, modeOf } from "./schedule.ts";
import type { OperatorService } from "./service.ts";

/** What the caller has said that is not so. */
class Wrong extends Error {
  override readonly name = "Wrong";
}

const MILLISECOND = 1_000_000n;
const text = (id: MachineID): string => toJsonText(MachineIDSchema, id);

/** UPDATE_MAINTENANCE_SCHEDULE: Agent.spec.maintenance, of those that are named and of those that are not any more. */
export const updateSchedule = (
  service: OperatorService,
  windows: readonly Window[],
  principal: Principal | undefined,
): Promise<Answer> =>
  judged(() => {
    for (const { machineIds, unavailability } of windows) {
      if (machineIds.length === 0) throw new Wrong("List of machines in the maintenance window is empty");
      if ((unavailability?.duration?.nanoseconds ?? 0n) < 0n) {
        throw new Wrong("Unavailability 'duration' is negative");
      }
    }
    const named = machines(
      service,
      windows.flatMap(({ machineIds }) => machineIds),
      "appears more than once in the schedule",
    );
    const planned = windows.flatMap((window) => {
      const maintenance = windowSpec(window);
      return window.machineIds.map((id) => ({ agent: only(named, id), spec: { maintenance } }));
    });
    const kept = new Set(planned.map(({ agent }) => agent.metadata.name));
    const others = [...service.deps.caches.agents.store.values()].filter(
      ({ metadata, spec }) => spec.maintenance !== undefined && !kept.has(metadata.name),
    );
    const down = others.find((agent) => modeOf(agent) === "DOWN");
    if (down !== undefined) {
      throw new Wrong(
        `Machine '${down.metadata.name}' is deactivated and cannot be removed from the schedule`,
      );
    }
    const withdrawn = others.map((agent) => ({ agent, spec: { maintenance: null } }));
    return patchAgents(service, [...planned, ...withdrawn], principal);
  });

/** START_MAINTENANCE: the machines go down. Their tasks are killed at once and nothing is offered. */
export const startMaintenance = (
  service: OperatorService,
  ids: readonly MachineID[],
  principal: Principal | undefined,
): Promise<Answer> =>
  judged(() => {
    const agents = scheduled(service, ids, "DRAINING", "brought down");
    const spec = { draining: { grace: "0s", markGone: false }, unschedulable: true };
    return patchAgents(
      service,
      agents.map((agent) => ({ agent, spec })),
      principal,
    );
  });

/** STOP_MAINTENANCE: they are up again, and no maintenance of theirs is planned. */
export const stopMaintenance = (
  service: OperatorService,
  ids: readonly MachineID[],
  principal: Principal | undefined,
): Promise<Answer> =>
  judged(() => {
    const agents = scheduled(service, ids, "DOWN", "brought up");
    const spec = { draining: null, unschedulable: false, maintenance: null };
    return patchAgents(
      service,
      agents.map((agent) => ({ agent, spec })),
      principal,
    );
  });

async function judged(work: () => Promise<Answer>): Promise<Answer> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Wrong) return badRequest(error.message);
    throw error;
  }
}

function scheduled(
  service: OperatorService,
  ids: readonly MachineID[],
  mode: "DRAINING" | "DOWN",
  what: string,
): Live<Agent>[] {
  if (ids.length === 0) throw new Wrong("List of machines is empty");
  const named = machines(service, ids, "appears more than once in the schedule");
  return ids.map((id) => {
    const agent = only(named, id);
    const now = modeOf(agent);
    if (now === "UP") throw new Wrong(`Machine '${text(id)}' is not part of a maintenance schedule`);
    if (now !== mode) throw new Wrong(`Machine '${text(id)}' is not in ${mode} mode and cannot be ${what}`);
    return agent;
  });
}

/** Each once. Mesos keeps machines that have no agent too; here there is nothing to keep them in. */
function machines(
  { deps }: OperatorService,
  ids: readonly MachineID[],
  twice: string,
): ReadonlyMap<MachineID, Live<Agent>> {
  const found = new Map<MachineID, Live<Agent>>();
  const all = [...deps.caches.agents.store.values()];
  const seen = new Set<string>();
  for (const id of ids) {
    if (id.hostname === "" && id.ip === "") {
      throw new Wrong("Both 'hostname' and 'ip' for a machine are empty");
    }
    if (id.ip !== "" && !isIPv4(id.ip)) throw new Wrong(`Failed to parse the IP: ${id.ip}`);
    const agent = all.find((one) => isMachine(one, id));
    if (agent === undefined) throw new Wrong(`Machine '${text(id)}' is no agent that is known`);
    if (seen.has(agent.metadata.name)) throw new Wrong(`Machine '${text(id)}' ${twice}`);
    seen.add(agent.metadata.name);
    found.set(id, agent);
  }
  return found;
}

function only(named: ReadonlyMap<MachineID, Live<Agent>>, id: MachineID): Live<Agent> {
  const agent = named.get(id);
  if (agent === undefined) throw new Wrong(`Machine '${text(id)}' is no agent that is known`);
  return agent;
}

function windowSpec({ unavailability }: Window): { start: string; duration: string | null } {
  const start = new Date(Number((unavailability?.start?.nanoseconds ?? 0n) / MILLISECOND));
  if (Number.isNaN(start.getTime())) throw new Wrong("Unavailability 'start' is no time");
  const duration = unavailability?.duration;
  return {
    start: start.toISOString(),
    duration: duration === undefined ? null : durationOfNanos(duration, "unavailability.duration"),
  };
}
