/** Role paths such as `eng/ads`, as Mesos's src/common/roles.cpp has them. */

export const ANY_ROLE = "*";

/** Why `role` is no role, or undefined if it is one. */
export function roleError(role: string): string | undefined {
  if (role === ANY_ROLE) return undefined;
  if (role === "") return "a role must not be empty";
  if (role.startsWith("/")) return "a role must not start with a slash";
  if (role.endsWith("/")) return "a role must not end with a slash";
  for (const part of role.split("/")) {
    if (part === "") return "a role must not contain two adjacent slashes";
    if (part === "." || part === ".." || part === ANY_ROLE)
      return `a role must not have the component '${part}'`;
    if (part.startsWith("-")) return `the component '${part}' must not start with a dash`;
    if (/[\t\n\v\f\r \x7f]/.test(part)) return `the component '${part}' must not contain whitespace`;
  }
  return undefined;
}

/** Whether `role` lies below `ancestor` in the tree: `a/b/c` is below `a`, `a` is not below itself. */
export function isStrictSubroleOf(role: string, ancestor: string): boolean {
  return role.length > ancestor.length && role[ancestor.length] === "/" && role.startsWith(ancestor);
}

/** The role itself and those above it, up to the top: `a/b/c` gives `a/b/c`, `a/b`, `a`. */
export const roleLineage = (role: string): string[] => [role, ...roleAncestors(role)];

/** From the parent up to the top: `a/b/c` gives `a/b`, `a`. */
export function roleAncestors(role: string): string[] {
  const result: string[] = [];
  for (let at = role.lastIndexOf("/"); at > 0; at = role.lastIndexOf("/", at - 1)) {
    result.push(role.slice(0, at));
  }
  return result;
}
