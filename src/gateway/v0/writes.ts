import type { DescMessage, Message } from "@bufbuild/protobuf";
import type { Principal } from "../../auth/authenticator.ts";
import { type Answer, badRequest } from "../../http/answer.ts";
import { fromJsonValue, JsonError, parseJson } from "../../wire/fromjson.ts";
import { type Schedule, ScheduleSchema } from "../../wire/gen/mesos/v1/maintenance/maintenance_pb.ts";
import {
  type MachineID,
  MachineIDSchema,
  type Resource,
  ResourceSchema,
  type WeightInfo,
  WeightInfoSchema,
} from "../../wire/gen/mesos/v1/mesos_pb.ts";
import { type QuotaRequest, QuotaRequestSchema } from "../../wire/gen/mesos/v1/quota/quota_pb.ts";
import { startMaintenance, stopMaintenance, updateSchedule } from "../operator/maintenance.ts";
import { removeQuota, setQuota } from "../operator/quotas.ts";
import { changeReservations } from "../operator/reservations.ts";
import type { OperatorService } from "../operator/service.ts";
import { updateWeights } from "../operator/weights.ts";
import { teardown } from "../operator/writes.ts";

/** What a request that writes has: its body as text, and what follows the path. */
export interface Asked {
  readonly body: string;
  readonly rest: string;
  readonly principal: Principal | undefined;
}

type Write = (service: OperatorService, asked: Asked) => Promise<Answer>;

/** By method and path; all that they do the calls of v1 do too. */
export const V0_WRITES: Readonly<Record<string, Readonly<Record<string, Write>>>> = {
  "/teardown": {
    POST: (service, { body, principal }) => teardown(service, field(body, "frameworkId"), principal),
  },
  "/machine/down": {
    POST: (service, { body, principal }) =>
      startMaintenance(service, list<MachineID>(MachineIDSchema, parsed(body)), principal),
  },
  "/machine/up": {
    POST: (service, { body, principal }) =>
      stopMaintenance(service, list<MachineID>(MachineIDSchema, parsed(body)), principal),
  },
  "/maintenance/schedule": {
    POST: (service, { body, principal }) =>
      updateSchedule(service, fromJsonValue<Schedule>(ScheduleSchema, parsed(body)).windows, principal),
  },
  "/weights": {
    PUT: (service, { body, principal }) =>
      updateWeights(service, list<WeightInfo>(WeightInfoSchema, parsed(body)), principal),
  },
  "/quota": {
    POST: (service, { body, principal }) =>
      setQuota(service, fromJsonValue<QuotaRequest>(QuotaRequestSchema, parsed(body)), principal),
    DELETE: (service, { rest, principal }) => removeQuota(service, rest, principal),
  },
  "/reserve": { POST: reserving("RESERVE", "resources") },
  "/unreserve": { POST: reserving("UNRESERVE", "resources") },
  "/create-volumes": { POST: reserving("CREATE", "volumes") },
  "/destroy-volumes": { POST: reserving("DESTROY", "volumes") },
};

/** Answers 400 to what cannot be read. */
export async function carryOut(write: Write, service: OperatorService, asked: Asked): Promise<Answer> {
  try {
    return await write(service, asked);
  } catch (error) {
    if (error instanceof JsonError || error instanceof SyntaxError || error instanceof Missing) {
      return badRequest(error.message);
    }
    throw error;
  }
}

class Missing extends Error {
  override readonly name = "Missing";
}

function reserving(kind: Parameters<typeof changeReservations>[1], name: string): Write {
  return (service, { body, principal }) => {
    const agent = field(body, "slaveId");
    const resources = list<Resource>(ResourceSchema, parsed(field(body, name)));
    return changeReservations(service, kind, agent, resources, principal);
  };
}

/** Of a form in the body. */
function field(body: string, name: string): string {
  const value = new URLSearchParams(body).get(name);
  if (value === null) throw new Missing(`Missing '${name}' query parameter in the request body`);
  return value;
}

const parsed = (text: string): unknown => parseJson(text);

function list<T extends Message>(schema: DescMessage, value: unknown): T[] {
  if (!Array.isArray(value)) throw new JsonError("Expecting a JSON array");
  return value.map((one) => fromJsonValue<T>(schema, one));
}
