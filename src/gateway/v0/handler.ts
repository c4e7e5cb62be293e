import type { IncomingMessage, ServerResponse } from "node:http";
import type { Principal } from "../../auth/authenticator.ts";
import type { Action } from "../../auth/authorizer.ts";
import { type Answer, badRequest, methodNotAllowed } from "../../http/answer.ts";
import { readBody } from "../../http/body.ts";
import { ClusterStatusSchema, ScheduleSchema } from "../../wire/gen/mesos/v1/maintenance/maintenance_pb.ts";
import { WeightInfoSchema } from "../../wire/gen/mesos/v1/mesos_pb.ts";
import { QuotaStatusSchema } from "../../wire/gen/mesos/v1/quota/quota_pb.ts";
import { toJsonText, toJsonValue } from "../../wire/tojson.ts";
import { EVERYTHING, lists } from "../operator/access.ts";
import { quotaStatus, weightInfos } from "../operator/messages.ts";
import { clusterStatus, schedule } from "../operator/schedule.ts";
import type { OperatorService } from "../operator/service.ts";
import type { Limits } from "../scheduler/handler.ts";
import { textOf } from "../state/document.ts";
import type { Pace } from "../state/pace.ts";
import type { Render } from "../state/renderings.ts";
import { roleUses } from "../state/roles.ts";
import { v0Roles, v0StateSummary, v0Tasks } from "./lists.ts";
import { v0Frameworks, v0Slaves, v0State } from "./state.ts";
import { carryOut, V0_WRITES } from "./writes.ts";

type Query = URLSearchParams;

interface Path {
  readonly needed: readonly Action[];
  /** Names in the query that change the answer. */
  readonly by?: readonly string[];
  render(service: OperatorService, query: Query, pace: Pace): Iterable<string> | Promise<Iterable<string>>;
}

/** What is read; each answer is one JSON text. */
const READS: Readonly<Record<string, Path>> = {
  "/state": {
    needed: EVERYTHING,
    render: ({ state, master, flags }) => v0State(state, master, flags),
  },
  "/slaves": {
    needed: lists("agents"),
    by: ["slave_id"],
    render: ({ state }, query) => v0Slaves(state, query.get("slave_id") ?? undefined),
  },
  "/frameworks": {
    needed: lists("frameworks", "tasks", "executors"),
    by: ["framework_id"],
    render: ({ state }, query) => v0Frameworks(state, query.get("framework_id") ?? undefined),
  },
  "/state-summary": {
    needed: EVERYTHING,
    render: ({ state, master }) => v0StateSummary(state, master),
  },
  "/tasks": {
    needed: lists("frameworks", "tasks"),
    by: ["limit", "offset", "order", "framework_id", "task_id"],
    render: ({ state }, query) => v0Tasks(state, query),
  },
  "/roles": {
    needed: lists("roles"),
    render: async ({ deps, state }, _query, pace) => [
      JSON.stringify(v0Roles(await roleUses(deps, state, pace))),
    ],
  },
  "/weights": {
    needed: lists("roles"),
    render: ({ deps }) => [
      JSON.stringify(weightInfos(deps.caches).map((one) => toJsonValue(WeightInfoSchema, one))),
    ],
  },
  "/quota": {
    needed: lists("quotas"),
    render: ({ deps }) => [toJsonText(QuotaStatusSchema, quotaStatus(deps.caches))],
  },
  "/maintenance/schedule": {
    needed: lists("agents"),
    render: ({ deps }) => [toJsonText(ScheduleSchema, schedule(deps.caches))],
  },
  "/maintenance/status": {
    needed: lists("agents"),
    render: ({ deps }) => [toJsonText(ClusterStatusSchema, clusterStatus(deps.caches))],
  },
  "/flags": { needed: [], render: ({ flags }) => [JSON.stringify({ flags })] },
  "/metrics/snapshot": {
    needed: [],
    render: async ({ metrics }, _query, pace) => [
      JSON.stringify(Object.fromEntries(await metrics.snapshot(pace))),
    ],
  },
};

/** A path of Mesos's older API at the leader. Undefined: the response is taken care of. */
export async function handleV0(
  service: OperatorService,
  { path, rest }: { readonly path: string; readonly rest: string },
  request: IncomingMessage,
  response: ServerResponse,
  principal: Principal | undefined,
  limits: Limits,
): Promise<Answer | undefined> {
  const { method = "" } = request;
  const read = rest === "" ? READS[path] : undefined;
  const write = V0_WRITES[path]?.[method];
  if (write !== undefined) {
    const body = (await readBody(request, limits.body)).toString();
    return carryOut(write, service, { body, rest, principal });
  }
  // What only reads is answered by whatever method, as in Mesos.
  if (read === undefined || (V0_WRITES[path] !== undefined && method !== "GET")) {
    const allowed = [...(read ? ["GET"] : []), ...Object.keys(V0_WRITES[path] ?? {})];
    return methodNotAllowed(method, allowed);
  }
  return answerRead(service, path, read, request, response, principal);
}

async function answerRead(
  service: OperatorService,
  path: string,
  read: Path,
  request: IncomingMessage,
  response: ServerResponse,
  principal: Principal | undefined,
): Promise<Answer | undefined> {
  const { searchParams: query } = new URL(request.url ?? "/", "http://master");
  const refusal = await service.access.refusal(principal, read.needed);
  if (refusal !== undefined) return refusal;
  const jsonp = query.get("jsonp");
  if (jsonp !== null && !/^[\w$.]{1,128}$/.test(jsonp)) return badRequest("'jsonp' must name a function");
  const names = [...(read.by ?? []), "jsonp"];
  const key = JSON.stringify([path, ...names.map((name) => query.get(name))]);
  const rendering = await service.renderings.get(key, render(service, read, query, jsonp));
  const type = jsonp === null ? "application/json" : "text/javascript";
  await service.readers.send(request, response, rendering, type);
  return undefined;
}

const render =
  (service: OperatorService, read: Path, query: Query, jsonp: string | null): Render =>
  async (pace) => {
    const pieces = await read.render(service, query, pace);
    return textOf(jsonp === null ? pieces : called(jsonp, pieces), pace);
  };

function* called(name: string, pieces: Iterable<string>): Generator<string, void> {
  yield `${name}(`;
  yield* pieces;
  yield ");";
}
