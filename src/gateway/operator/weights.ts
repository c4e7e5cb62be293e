import { typeMeta } from "../../api/kind.ts";
import { rolePath } from "../../api/name.ts";
import { Role as RoleKind } from "../../api/role.ts";
import type { Principal } from "../../auth/authenticator.ts";
import type { Action } from "../../auth/authorizer.ts";
import { roleFor } from "../../controllers/world/roles.ts";
import { type Answer, badRequest } from "../../http/answer.ts";
import type { WeightInfo } from "../../wire/gen/mesos/v1/mesos_pb.ts";
import { roleObjectName } from "../objectname.ts";
import { answering, MANAGER, OK } from "./attempt.ts";
import type { OperatorService } from "./service.ts";

/** UPDATE_WEIGHTS: Role.spec.weight; a role that has no Role gets one. */
export async function updateWeights(
  { access, deps }: OperatorService,
  infos: readonly WeightInfo[],
  principal: Principal | undefined,
): Promise<Answer> {
  const { roles } = deps.clients;
  const wanted = infos.map(({ role, weight }) => ({ path: role.trim(), weight }));
  for (const { path, weight } of wanted) {
    const problem = rolePath.safeParse(path).error?.issues[0]?.message;
    if (problem !== undefined) {
      return badRequest(`Failed to validate update weights request JSON: Invalid role '${path}': ${problem}`);
    }
    if (!(weight > 0 && Number.isFinite(weight))) {
      return badRequest(
        `Failed to validate update weights request JSON for role '${path}': Invalid weight '${weight}': Weights must be positive`,
      );
    }
  }
  return answering(async () => {
    // One that was made a moment ago the cache may not show yet.
    const { items } = await roles.list();
    const found = (path: string) => roleFor((at) => items.filter(({ spec }) => spec.path === at), path);
    const actions = wanted.map(({ path }): Action => {
      const role = found(path);
      return role === undefined
        ? { verb: "create", resource: "roles" }
        : { verb: "update", resource: "roles", name: role.metadata.name };
    });
    const refusal = await access.refusal(principal, actions);
    if (refusal !== undefined) return refusal;
    // Of a role that is named twice the last weight counts, as in Mesos.
    for (const [path, weight] of new Map(wanted.map((one) => [one.path, one.weight]))) {
      const role = found(path);
      const options = { fieldManager: MANAGER };
      if (role !== undefined) {
        const { uid } = role.metadata;
        await roles.mergePatch(role.metadata, { metadata: { uid }, spec: { weight } }, options);
        continue;
      }
      const metadata = { name: roleObjectName(path === "*" ? "any" : path) };
      await roles.create({ ...typeMeta(RoleKind), metadata, spec: { path, weight } }, options);
    }
    return OK;
  });
}
