import { create } from "@bufbuild/protobuf";
import { mesosFrameworkId } from "../../api/framework.ts";
import type { Dependencies } from "../../controllers/dependencies.ts";
import { quotaStates, roleStates } from "../../controllers/world/world.ts";
import { operationMessage } from "../../convert/operationrecord.ts";
import {
  type Operation,
  type Role,
  RoleSchema,
  Value_Type,
  type WeightInfo,
  WeightInfoSchema,
} from "../../wire/gen/mesos/v1/mesos_pb.ts";
import { type QuotaStatus, QuotaStatusSchema } from "../../wire/gen/mesos/v1/quota/quota_pb.ts";
import { added, type Milli, type RoleUse } from "../state/roles.ts";

/** Of the Roles that there are; all others weigh 1. */
export const weightInfos = ({ roles }: Dependencies["caches"]): WeightInfo[] =>
  roleStates(roles.store.values()).map(({ path, weight }) =>
    create(WeightInfoSchema, { role: path, weight }),
  );

export const roleMessage = ({ name, weight, frameworks, allocated, offered }: RoleUse): Role =>
  create(RoleSchema, {
    name,
    weight,
    frameworks: frameworks.map((value) => ({ value })),
    resources: [...added(allocated, offered)].map(scalarResource),
  });

/** Those with an id whose end their framework has not acknowledged, as they are kept in the Frameworks: others have ended unseen. */
export const operations = ({ frameworks }: Dependencies["caches"]): Operation[] =>
  [...frameworks.store.values()].flatMap((framework) =>
    (framework.status?.operations ?? []).map((one) => operationMessage(one, mesosFrameworkId(framework))),
  );

/** What is in force, in both of Mesos's forms. */
export function quotaStatus({ quotas }: Dependencies["caches"]): QuotaStatus {
  const states = quotaStates(quotas.store.values());
  return create(QuotaStatusSchema, {
    infos: states.map(({ role, guarantees }) => ({ role, guarantee: [...guarantees].map(scalarResource) })),
    configs: states.map(({ role, guarantees, limits }) => ({
      role,
      guarantees: scalars(guarantees),
      limits: scalars(limits),
    })),
  });
}

const scalarResource = ([name, milli]: readonly [string, number]) => ({
  name,
  type: Value_Type.SCALAR,
  scalar: { value: milli / 1000 },
});

const scalars = (amounts: Iterable<readonly [string, number]>) =>
  Object.fromEntries(Array.from(amounts, ([name, milli]) => [name, { value: milli / 1000 }]));

/** Amounts as v0 tells them. */
export const units = (amounts: Milli | Iterable<readonly [string, number]>): Record<string, number> =>
  Object.fromEntries(Array.from(amounts, ([name, milli]) => [name, milli / 1000]));
