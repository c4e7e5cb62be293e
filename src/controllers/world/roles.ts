import type { Role } from "../../api/role.ts";
import type { Live } from "../../cluster/object.ts";
import { ANY_ROLE, roleLineage } from "../../resources/index.ts";
import { eldest } from "./seniority.ts";

/** What the operator knows of roles: finds those with a path, two of which are a conflict. */
export type RolesByPath = (path: string) => readonly Live<Role>[];

/** Why a role may not be used; `reason` is the condition's. */
export interface RoleRefusal {
  readonly reason: "RoleNotFound" | "RoleNotAllowed";
  readonly message: string;
}

/** The Role that counts for a path: the oldest. Undefined for an unlisted one. */
export const roleFor = (roles: RolesByPath, path: string): Live<Role> | undefined => eldest(roles(path));

/**
 * Whether work of a namespace may use a role. A Role that names namespaces binds all roles below it too, or an
 * unlisted `eng/x` would let everyone into `eng`.
 */
export function roleRefusal(
  roles: RolesByPath,
  path: string,
  namespace: string,
  implicit: boolean,
): RoleRefusal | undefined {
  if (path !== ANY_ROLE && !implicit && roleFor(roles, path) === undefined) {
    return { reason: "RoleNotFound", message: `no Role has the path ${path}, and implicit roles are off` };
  }
  for (const at of roleLineage(path)) {
    const allowed = roleFor(roles, at)?.spec.namespaces;
    if (allowed !== undefined && !allowed.includes(namespace)) {
      const which = at === path ? `the role ${path}` : `the role ${at}, above ${path},`;
      return { reason: "RoleNotAllowed", message: `${which} is not open to the namespace ${namespace}` };
    }
  }
  return undefined;
}
