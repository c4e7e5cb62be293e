import { create } from "@bufbuild/protobuf";
import type { Agent } from "../../api/agent.ts";
import { mesosFrameworkId } from "../../api/framework.ts";
import type { Live } from "../../cluster/object.ts";
import type { Dependencies } from "../../controllers/dependencies.ts";
import { durationInfo, timeInfo } from "../../convert/amounts.ts";
import { InverseOfferStatus_Status } from "../../wire/gen/mesos/v1/allocator/allocator_pb.ts";
import {
  type ClusterStatus,
  ClusterStatusSchema,
  type Schedule,
  ScheduleSchema,
} from "../../wire/gen/mesos/v1/maintenance/maintenance_pb.ts";
import { type MachineID, MachineIDSchema } from "../../wire/gen/mesos/v1/mesos_pb.ts";
import { hostnameOf } from "../state/agents.ts";

/** A machine is an agent here. UP: nothing is planned; DRAINING: it is; DOWN: it is, and its tasks are killed. */
export type Mode = "UP" | "DRAINING" | "DOWN";

export const modeOf = ({ spec }: Agent): Mode =>
  spec.maintenance === undefined ? "UP" : spec.draining === undefined ? "DRAINING" : "DOWN";

function machineId(agent: Live<Agent>): MachineID {
  const ip = addressOf(agent);
  return create(MachineIDSchema, { hostname: hostnameOf(agent), ...(ip !== undefined && { ip }) });
}

const addressOf = ({ status }: Agent): string | undefined => status?.addresses?.[0];

/** What a caller calls a machine: by either of its names, or both. */
export function isMachine(agent: Live<Agent>, { hostname, ip }: MachineID): boolean {
  const named = hostname === "" || hostname === hostnameOf(agent) || hostname === agent.metadata.name;
  return named && (ip === "" || (agent.status?.addresses ?? []).includes(ip));
}

const planned = ({ agents }: Dependencies["caches"]): Live<Agent>[] =>
  [...agents.store.values()].filter(({ spec }) => spec.maintenance !== undefined);

/** What is planned: a window for each time and length, with the machines that share it. */
export function schedule(caches: Dependencies["caches"]): Schedule {
  const windows = Map.groupBy(planned(caches), ({ spec }) =>
    JSON.stringify([spec.maintenance?.start, spec.maintenance?.duration]),
  );
  return create(ScheduleSchema, {
    windows: [...windows.values()].flatMap((agents) => {
      const window = agents[0]?.spec.maintenance;
      if (window === undefined) return [];
      const { start, duration } = window;
      return {
        machineIds: agents.map(machineId),
        unavailability: {
          start: timeInfo(start),
          ...(duration !== undefined && { duration: durationInfo(duration) }),
        },
      };
    }),
  });
}

/** How far it is, with what frameworks have answered to their inverse offers. */
export function clusterStatus(caches: Dependencies["caches"]): ClusterStatus {
  const agents = planned(caches);
  return create(ClusterStatusSchema, {
    drainingMachines: agents
      .filter((agent) => modeOf(agent) === "DRAINING")
      .map((agent) => ({ id: machineId(agent), statuses: answers(caches, agent) })),
    downMachines: agents.filter((agent) => modeOf(agent) === "DOWN").map(machineId),
  });
}

const answers = ({ frameworks }: Dependencies["caches"], { metadata, status }: Live<Agent>) =>
  (status?.maintenance?.frameworks ?? []).map(({ namespace, framework, id, response, at }) => {
    const known = frameworks.store.get(`${namespace}/${framework}`);
    return {
      status: InverseOfferStatus_Status[response],
      frameworkId: { value: known === undefined ? id : mesosFrameworkId(known) },
      timestamp: timeInfo(at ?? status?.maintenance?.unavailability.start ?? metadata.creationTimestamp),
    };
  });
