import { create } from "@bufbuild/protobuf";
import type { Action } from "../../auth/authorizer.ts";
import { MESOS_VERSION } from "../../convert/master.ts";
import { type Answer, notFound } from "../../http/answer.ts";
import {
  type Call,
  Call_Type,
  type Response,
  Response_Type,
  ResponseSchema,
} from "../../wire/gen/mesos/v1/master/master_pb.ts";
import type { ClusterState } from "../state/cluster.ts";
import type { Document } from "../state/document.ts";
import { getAgents, getExecutors, getFrameworks, getState, getTasks } from "../state/documents.ts";
import { Pace } from "../state/pace.ts";
import { roleUses } from "../state/roles.ts";
import { EVERYTHING, lists } from "./access.ts";
import { operations, quotaStatus, roleMessage, weightInfos } from "./messages.ts";
import { clusterStatus, schedule } from "./schedule.ts";
import type { OperatorService } from "./service.ts";

/** What a caller must be allowed, of calls that only read; writes look at what they change. */
export const NEEDED: Readonly<Partial<Record<Call_Type, readonly Action[]>>> = {
  [Call_Type.GET_STATE]: EVERYTHING,
  [Call_Type.SUBSCRIBE]: EVERYTHING,
  [Call_Type.GET_AGENTS]: lists("agents"),
  [Call_Type.GET_FRAMEWORKS]: lists("frameworks"),
  [Call_Type.GET_TASKS]: lists("tasks"),
  [Call_Type.GET_EXECUTORS]: lists("executors"),
  [Call_Type.GET_OPERATIONS]: lists("reservations"),
  [Call_Type.GET_ROLES]: lists("roles"),
  [Call_Type.GET_WEIGHTS]: lists("roles"),
  [Call_Type.GET_QUOTA]: lists("quotas"),
  [Call_Type.GET_MAINTENANCE_SCHEDULE]: lists("agents"),
  [Call_Type.GET_MAINTENANCE_STATUS]: lists("agents"),
};

/** Answers that grow with the cluster. */
export const DOCUMENTS: Readonly<Partial<Record<Call_Type, (state: ClusterState) => Document>>> = {
  [Call_Type.GET_STATE]: getState,
  [Call_Type.GET_AGENTS]: getAgents,
  [Call_Type.GET_FRAMEWORKS]: getFrameworks,
  [Call_Type.GET_TASKS]: getTasks,
  [Call_Type.GET_EXECUTORS]: getExecutors,
};

/** All other calls. Undefined: of a type that is not known. */
export async function respond(service: OperatorService, call: Call): Promise<Response | Answer | undefined> {
  const { master, flags, metrics, deps } = service;
  switch (call.type) {
    case Call_Type.GET_HEALTH:
      return create(ResponseSchema, { type: Response_Type.GET_HEALTH, getHealth: { healthy: true } });
    case Call_Type.GET_VERSION:
      return create(ResponseSchema, {
        type: Response_Type.GET_VERSION,
        getVersion: { versionInfo: { version: MESOS_VERSION } },
      });
    case Call_Type.GET_FLAGS: {
      const all = Object.entries(flags).map(([name, value]) => ({ name, value }));
      return create(ResponseSchema, { type: Response_Type.GET_FLAGS, getFlags: { flags: all } });
    }
    case Call_Type.GET_METRICS: {
      const all = Array.from(await metrics.snapshot(new Pace(deps.clock)), ([name, value]) => ({
        name,
        value,
      }));
      return create(ResponseSchema, { type: Response_Type.GET_METRICS, getMetrics: { metrics: all } });
    }
    case Call_Type.GET_MASTER:
      return create(ResponseSchema, {
        type: Response_Type.GET_MASTER,
        getMaster: { masterInfo: master.info, startTime: master.startTime, electedTime: master.electedTime },
      });
    case Call_Type.GET_OPERATIONS:
      return create(ResponseSchema, {
        type: Response_Type.GET_OPERATIONS,
        getOperations: { operations: operations(deps.caches) },
      });
    case Call_Type.GET_ROLES: {
      const roles = await roleUses(deps, service.state, new Pace(deps.clock));
      return create(ResponseSchema, {
        type: Response_Type.GET_ROLES,
        getRoles: { roles: roles.map(roleMessage) },
      });
    }
    case Call_Type.GET_WEIGHTS:
      return create(ResponseSchema, {
        type: Response_Type.GET_WEIGHTS,
        getWeights: { weightInfos: weightInfos(deps.caches) },
      });
    case Call_Type.GET_QUOTA:
      return create(ResponseSchema, {
        type: Response_Type.GET_QUOTA,
        getQuota: { status: quotaStatus(deps.caches) },
      });
    case Call_Type.GET_MAINTENANCE_SCHEDULE:
      return create(ResponseSchema, {
        type: Response_Type.GET_MAINTENANCE_SCHEDULE,
        getMaintenanceSchedule: { schedule: schedule(deps.caches) },
      });
    case Call_Type.GET_MAINTENANCE_STATUS:
      return create(ResponseSchema, {
        type: Response_Type.GET_MAINTENANCE_STATUS,
        getMaintenanceStatus: { status: clusterStatus(deps.caches) },
      });
    case Call_Type.GET_LOGGING_LEVEL:
      return create(ResponseSchema, {
        type: Response_Type.GET_LOGGING_LEVEL,
        getLoggingLevel: { level: service.verbosity.level },
      });
    case Call_Type.LIST_FILES:
    case Call_Type.READ_FILE:
      return notFound("");
    default:
      return undefined;
  }
}
