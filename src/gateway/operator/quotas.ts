import { typeMeta } from "../../api/kind.ts";
import { rolePath } from "../../api/name.ts";
import { type Quota, Quota as QuotaKind } from "../../api/quota.ts";
import type { Amount } from "../../api/resource.ts";
import type { Principal } from "../../auth/authenticator.ts";
import type { Action } from "../../auth/authorizer.ts";
import type { Live } from "../../cluster/object.ts";
import { judge, type QuotaInForce } from "../../controllers/quota/admission.ts";
import { eldest } from "../../controllers/world/seniority.ts";
import { consumedBy } from "../../controllers/world/subtree.ts";
import { quotaStates } from "../../controllers/world/world.ts";
import { type Answer, badRequest } from "../../http/answer.ts";
import { Limits, Quantities, ResourceError } from "../../resources/index.ts";
import type { Resource, Value_Scalar } from "../../wire/gen/mesos/v1/mesos_pb.ts";
import type { QuotaConfig, QuotaRequest } from "../../wire/gen/mesos/v1/quota/quota_pb.ts";
import { roleObjectName } from "../objectname.ts";
import { answering, MANAGER, OK } from "./attempt.ts";
import type { OperatorService } from "./service.ts";

interface Wanted {
  readonly role: string;
  readonly guarantees: Amount[];
  readonly limits: Amount[];
}

/** The Quota that counts for a role. */
type QuotaOf = (role: string) => Live<Quota> | undefined;

/** UPDATE_QUOTA: Quota objects, all or none of them refused; one without guarantees and limits is removed. */
export function updateQuota(
  service: OperatorService,
  configs: readonly QuotaConfig[],
  force: boolean,
  principal: Principal | undefined,
): Promise<Answer> {
  const wanted = configs.map(({ role, guarantees, limits }) => ({
    role,
    guarantees: amounts(guarantees),
    limits: amounts(limits),
  }));
  return withStored(service, (quotaOf) =>
    update(service, quotaOf, wanted, force, principal, "Invalid QuotaConfig: "),
  );
}

/** SET_QUOTA, the older form: the guarantee is the limit too, and there must be none yet. */
export function setQuota(
  service: OperatorService,
  { role, guarantee, force }: QuotaRequest,
  principal: Principal | undefined,
): Promise<Answer> {
  const failed = "Failed to validate set quota request: ";
  const given = guarantee.map(({ name, scalar }: Resource) => ({ name, scalar: scalar?.value ?? 0 }));
  return withStored(service, async (quotaOf) =>
    quotaOf(role) === undefined
      ? update(service, quotaOf, [{ role, guarantees: given, limits: given }], force, principal, failed)
      : badRequest(`${failed}Cannot set quota for role '${role}' which already has quota`),
  );
}

/** REMOVE_QUOTA. */
export function removeQuota(
  service: OperatorService,
  role: string,
  principal: Principal | undefined,
): Promise<Answer> {
  return withStored(service, async (quotaOf) =>
    quotaOf(role) === undefined
      ? badRequest(`Failed to remove quota: Role '${role}' has no quota set`)
      : update(service, quotaOf, [{ role, guarantees: [], limits: [] }], true, principal, ""),
  );
}

/** As they are stored: what was written a moment ago the cache may not show yet, and what was removed it may. */
const withStored = (
  { deps }: OperatorService,
  work: (quotaOf: QuotaOf) => Promise<Answer>,
): Promise<Answer> =>
  answering(async () => {
    const { items } = await deps.clients.quotas.list();
    return work((role) => eldest(items.filter(({ spec }) => spec.role === role)));
  });

async function update(
  service: OperatorService,
  quotaOf: QuotaOf,
  wanted: readonly Wanted[],
  force: boolean,
  principal: Principal | undefined,
  failed: string,
): Promise<Answer> {
  // Each by itself first: what they ask for together can be told of good ones only.
  const problem = firstOf(wanted, problemOf) ?? (force ? undefined : await firstExcess(service, wanted));
  if (problem !== undefined) return badRequest(`${failed}${problem}`);
  const actions = wanted.flatMap((one): Action[] => {
    const quota = quotaOf(one.role);
    if (quota === undefined) return isNothing(one) ? [] : [{ verb: "create", resource: "quotas" }];
    const verb = isNothing(one) ? "delete" : "update";
    return [{ verb, resource: "quotas", name: quota.metadata.name }];
  });
  const refusal = await service.access.refusal(principal, actions);
  if (refusal !== undefined) return refusal;
  // Of a role that is named twice the last counts, as in Mesos.
  for (const [role, one] of new Map(wanted.map((each) => [each.role, each]))) {
    await write(service, quotaOf(role), one, force);
  }
  return OK;
}

function firstOf(
  wanted: readonly Wanted[],
  problem: (one: Wanted) => string | undefined,
): string | undefined {
  for (const one of wanted) {
    const found = problem(one);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Rejects with ApiError. */
async function write(
  { deps }: OperatorService,
  known: Live<Quota> | undefined,
  wanted: Wanted,
  force: boolean,
): Promise<void> {
  const { quotas } = deps.clients;
  const { role, guarantees, limits } = wanted;
  const options = { fieldManager: MANAGER };
  if (isNothing(wanted)) {
    if (known !== undefined) await quotas.delete(known.metadata, { uid: known.metadata.uid });
    return;
  }
  const spec = {
    force,
    guarantees: guarantees.length > 0 ? guarantees : null,
    limits: limits.length > 0 ? limits : null,
  };
  if (known !== undefined) {
    const { uid } = known.metadata;
    await quotas.mergePatch(known.metadata, { metadata: { uid }, spec }, options);
    return;
  }
  const given = { force, ...(guarantees.length > 0 && { guarantees }), ...(limits.length > 0 && { limits }) };
  const metadata = { name: roleObjectName(role) };
  await quotas.create({ ...typeMeta(QuotaKind), metadata, spec: { role, ...given } }, options);
}

const isNothing = ({ guarantees, limits }: Wanted): boolean => guarantees.length === 0 && limits.length === 0;

const amounts = (map: Readonly<Record<string, Value_Scalar>>): Amount[] =>
  Object.entries(map).map(([name, { value }]) => ({ name, scalar: Math.round(value * 1000) / 1000 }));

function problemOf({ role, guarantees, limits }: Wanted): string | undefined {
  if (role === "*") return "Assigning quota to the default '*' role is not supported";
  const problem = rolePath.safeParse(role).error?.issues[0]?.message;
  if (problem !== undefined) return `Invalid role '${role}': ${problem}`;
  try {
    const [least, most] = [Quantities.fromAmounts(guarantees), Limits.fromAmounts(limits)];
    return most.allow(least) ? undefined : "'guarantees' are not contained in 'limits'";
  } catch (error) {
    if (error instanceof ResourceError) return error.message;
    throw error;
  }
}

async function firstExcess(service: OperatorService, wanted: readonly Wanted[]): Promise<string | undefined> {
  const { deps } = service;
  for (const one of wanted) {
    if (isNothing(one)) continue;
    const problem = excess(service, one, wanted, await deps.breath.through(consumedBy(deps, one.role)));
    if (problem !== undefined) return problem;
  }
  return undefined;
}

/** Why it needs force: it would limit what is consumed, or guarantee more than there is. */
function excess(
  { deps, scheduling }: OperatorService,
  one: Wanted,
  all: readonly Wanted[],
  consumed: Quantities,
): string | undefined {
  const changed = new Set(all.map(({ role }) => role));
  const others: QuotaInForce[] = [
    ...quotaStates(deps.caches.quotas.store.values()).filter(({ role }) => !changed.has(role)),
    ...all
      .filter((other) => other !== one)
      .map(({ role, guarantees }) => ({ role, guarantees: Quantities.fromAmounts(guarantees) })),
  ];
  const judgement = judge(
    { ...one, force: false },
    { consumed, capacity: scheduling.totals.quantities(), others },
  );
  return judgement.fits ? undefined : `${judgement.message} (use 'force' flag to bypass this check)`;
}
