import { isFieldSet } from "@bufbuild/protobuf";
import { hasCapability, rolesOf, type Wishes } from "../../convert/framework.ts";
import { idProblem } from "../../convert/task.ts";
import {
  type FrameworkInfo,
  FrameworkInfo_Capability_Type,
  FrameworkInfoSchema,
} from "../../wire/gen/mesos/v1/mesos_pb.ts";

/** What Duration of stout can hold, in seconds. */
const LONGEST_TIMEOUT = 9_223_372_036;

/** What is wrong with a FrameworkInfo in itself (Mesos: validation.cpp, framework::validate); undefined: nothing. */
export function frameworkProblem(info: FrameworkInfo): string | undefined {
  const id = info.id?.value ?? "";
  return rolesProblem(info) ?? (id === "" ? undefined : idProblem(id)) ?? timeoutProblem(info);
}

function rolesProblem(info: FrameworkInfo): string | undefined {
  if (!hasCapability(info, FrameworkInfo_Capability_Type.MULTI_ROLE)) {
    if (info.roles.length > 0) {
      return "'FrameworkInfo.roles' must not be set when the framework is not MULTI_ROLE capable";
    }
    const wrong = roleProblem(info.role);
    return wrong === undefined ? undefined : `'FrameworkInfo.role' is not a valid role: ${wrong}`;
  }
  if (isFieldSet(info, FrameworkInfoSchema.field.role)) {
    return "'FrameworkInfo.role' must not be set when the framework is MULTI_ROLE capable";
  }
  const twice = info.roles.filter((role, i) => info.roles.indexOf(role) !== i);
  if (twice.length > 0) {
    return `'FrameworkInfo.roles' contains duplicate items: { ${[...new Set(twice)].join(", ")} }`;
  }
  const wrong = info.roles.map(roleProblem).find((one) => one !== undefined);
  return wrong === undefined ? undefined : `'FrameworkInfo.roles' contains invalid role: ${wrong}`;
}

/** Mesos: src/common/roles.cpp, validate. */
export function roleProblem(role: string): string | undefined {
  if (role === "*") return undefined;
  if (role.startsWith("/")) return `Role '${role}' cannot start with a slash`;
  if (role.endsWith("/")) return `Role '${role}' cannot end with a slash`;
  if (role.includes("//")) return `Role '${role}' cannot contain two adjacent slashes`;
  if (role === "") return "Role names cannot be the empty string";
  for (const component of role.split("/")) {
    if (component === "." || component === ".." || component === "*") {
      return `Role '${role}' cannot include '${component}' as a component`;
    }
    if (component.startsWith("-")) {
      return `Role component '${component}' is invalid because it starts with a dash`;
    }
    // biome-ignore lint/suspicious/noControlCharactersInRegex: backspace is what the rule names.
    if (/[\u0008\u007f\s]/.test(component)) {
      return `Role component '${component}' is invalid because it contains backspace or whitespace`;
    }
  }
  return undefined;
}

function timeoutProblem({ failoverTimeout }: FrameworkInfo): string | undefined {
  return failoverTimeout >= 0 && failoverTimeout <= LONGEST_TIMEOUT
    ? undefined
    : `The framework failover_timeout (${failoverTimeout}) is invalid`;
}

/** What is wrong with the options that come beside it: suppressed roles and constraints must be of its roles. */
export function optionsProblem({ info, suppressedRoles, offerConstraints }: Wishes): string | undefined {
  const roles = rolesOf(info);
  const strange = suppressedRoles.filter((role) => !roles.includes(role));
  if (strange.length > 0) {
    return `Suppressed roles { ${strange.join(", ")} } are not contained in the set of roles`;
  }
  const role = Object.keys(offerConstraints?.roleConstraints ?? {}).find((one) => !roles.includes(one));
  return role === undefined
    ? undefined
    : `Offer constraints specify \`role_constraints\` for a role '${role}' not contained in the set of roles`;
}

/** What of a known framework may not change (Mesos: validation.cpp, framework::validateUpdate). */
export function updateProblem(before: FrameworkInfo, after: FrameworkInfo): string | undefined {
  if (before.principal !== after.principal) return "Changing framework's principal is not allowed.";
  if (before.user !== after.user) {
    return `Updating 'FrameworkInfo.user' is unsupported; attempted to update from '${before.user}' to '${after.user}'`;
  }
  return before.checkpoint === after.checkpoint
    ? undefined
    : `Updating 'FrameworkInfo.checkpoint' is unsupported; attempted to update from '${before.checkpoint}' to '${after.checkpoint}'`;
}
