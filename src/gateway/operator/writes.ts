import { create } from "@bufbuild/protobuf";
import type { Principal } from "../../auth/authenticator.ts";
import { LEVELS } from "../../convert/verbosity.ts";
import { type Answer, badRequest } from "../../http/answer.ts";
import { type Call, Call_Type } from "../../wire/gen/mesos/v1/master/master_pb.ts";
import { QuotaRequestSchema } from "../../wire/gen/mesos/v1/quota/quota_pb.ts";
import { deactivateAgent, drainAgent, markAgentGone, reactivateAgent } from "./agents.ts";
import { attempt, OK } from "./attempt.ts";
import { startMaintenance, stopMaintenance, updateSchedule } from "./maintenance.ts";
import { removeQuota, setQuota, updateQuota } from "./quotas.ts";
import { changeReservations, resizeVolume } from "./reservations.ts";
import type { OperatorService } from "./service.ts";
import { updateWeights } from "./weights.ts";

type Write = (service: OperatorService, call: Call, principal: Principal | undefined) => Promise<Answer>;

/** Calls that change something, each with the authorisation that it needs. Their fields are there: that was checked. */
export const WRITES: Readonly<Partial<Record<Call_Type, Write>>> = {
  [Call_Type.SET_LOGGING_LEVEL]: setLoggingLevel,
  [Call_Type.UPDATE_WEIGHTS]: (service, { updateWeights: asked }, principal) =>
    updateWeights(service, asked?.weightInfos ?? [], principal),
  [Call_Type.UPDATE_QUOTA]: (service, { updateQuota: asked }, principal) =>
    updateQuota(service, asked?.quotaConfigs ?? [], asked?.force ?? false, principal),
  [Call_Type.SET_QUOTA]: (service, { setQuota: asked }, principal) =>
    setQuota(service, asked?.quotaRequest ?? create(QuotaRequestSchema), principal),
  [Call_Type.REMOVE_QUOTA]: (service, { removeQuota: asked }, principal) =>
    removeQuota(service, asked?.role ?? "", principal),
  [Call_Type.RESERVE_RESOURCES]: (service, { reserveResources: asked }, principal) => {
    if (asked !== undefined && asked.source.length > 0) {
      return Promise.resolve(badRequest("'reserve_resources.source' is not supported"));
    }
    return changeReservations(service, "RESERVE", idOf(asked), asked?.resources ?? [], principal);
  },
  [Call_Type.UNRESERVE_RESOURCES]: (service, { unreserveResources: asked }, principal) =>
    changeReservations(service, "UNRESERVE", idOf(asked), asked?.resources ?? [], principal),
  [Call_Type.CREATE_VOLUMES]: (service, { createVolumes: asked }, principal) =>
    changeReservations(service, "CREATE", idOf(asked), asked?.volumes ?? [], principal),
  [Call_Type.DESTROY_VOLUMES]: (service, { destroyVolumes: asked }, principal) =>
    changeReservations(service, "DESTROY", idOf(asked), asked?.volumes ?? [], principal),
  [Call_Type.GROW_VOLUME]: (service, { growVolume: asked }, principal) =>
    resizeVolume(service, idOf(asked), asked?.volume, { addition: asked?.addition }, principal),
  [Call_Type.SHRINK_VOLUME]: (service, { shrinkVolume: asked }, principal) =>
    resizeVolume(service, idOf(asked), asked?.volume, { subtract: asked?.subtract?.value ?? 0 }, principal),
  [Call_Type.UPDATE_MAINTENANCE_SCHEDULE]: (service, { updateMaintenanceSchedule: asked }, principal) =>
    updateSchedule(service, asked?.schedule?.windows ?? [], principal),
  [Call_Type.START_MAINTENANCE]: (service, { startMaintenance: asked }, principal) =>
    startMaintenance(service, asked?.machines ?? [], principal),
  [Call_Type.STOP_MAINTENANCE]: (service, { stopMaintenance: asked }, principal) =>
    stopMaintenance(service, asked?.machines ?? [], principal),
  [Call_Type.DRAIN_AGENT]: (service, { drainAgent: asked }, principal) =>
    drainAgent(service, idOf(asked), asked?.maxGracePeriod, asked?.markGone ?? false, principal),
  [Call_Type.DEACTIVATE_AGENT]: (service, { deactivateAgent: asked }, principal) =>
    deactivateAgent(service, idOf(asked), principal),
  [Call_Type.REACTIVATE_AGENT]: (service, { reactivateAgent: asked }, principal) =>
    reactivateAgent(service, idOf(asked), principal),
  [Call_Type.MARK_AGENT_GONE]: (service, { markAgentGone: asked }, principal) =>
    markAgentGone(service, idOf(asked), principal),
  [Call_Type.TEARDOWN]: (service, { teardown: asked }, principal) =>
    teardown(service, asked?.frameworkId?.value ?? "", principal),
};

const idOf = (asked: { readonly agentId?: { readonly value: string } | undefined } | undefined): string =>
  asked?.agentId?.value ?? "";

/** TEARDOWN: the Framework is deleted, and its tasks are killed. */
export async function teardown(
  { access, schedulers }: OperatorService,
  id: string,
  principal: Principal | undefined,
): Promise<Answer> {
  const framework = schedulers.frameworks.find(id);
  if (framework === undefined) return badRequest("No framework found with specified ID");
  const { name, namespace = "" } = framework.metadata;
  const refusal = await access.refusal(principal, [
    { verb: "delete", resource: "frameworks", name, namespace },
  ]);
  return refusal ?? attempt(() => schedulers.teardown(framework));
}

async function setLoggingLevel(
  { access, verbosity }: OperatorService,
  { setLoggingLevel: asked }: Call,
  principal: Principal | undefined,
): Promise<Answer> {
  const refusal = await access.refusal(principal, [{ verb: "update", resource: "logging" }]);
  if (refusal !== undefined) return refusal;
  const level = asked?.level ?? 0;
  const name = level === 0 ? verbosity.configured : (LEVELS[Math.min(level, LEVELS.length - 1)] ?? "trace");
  verbosity.set(name, Number((asked?.duration?.nanoseconds ?? 0n) / 1_000_000n));
  return OK;
}
