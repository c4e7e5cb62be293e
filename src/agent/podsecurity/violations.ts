import type { TaskSpec } from "../../api/task.ts";
import type { Level } from "./level.ts";

/** Capabilities that baseline lets a container add (Pod Security Standards, "Capabilities"). */
const BASELINE_CAPABILITIES: ReadonlySet<string> = new Set([
  "AUDIT_WRITE",
  "CHOWN",
  "DAC_OVERRIDE",
  "FOWNER",
  "FSETID",
  "KILL",
  "MKNOD",
  "NET_BIND_SERVICE",
  "SETFCAP",
  "SETGID",
  "SETPCAP",
  "SETUID",
  "SYS_CHROOT",
]);
const RESTRICTED_CAPABILITIES: ReadonlySet<string> = new Set(["NET_BIND_SERVICE"]);

/** What of a task bears on pod security. */
export type SecuredSpec = Pick<TaskSpec, "container" | "volumes" | "uris">;

/**
 * What a task asks for and its namespace forbids, a sentence each; empty when it may run. A task bypasses the kubelet, so it is held
 * to the same Pod Security Standards as a Pod. Files of the node by URI count as host paths.
 *
 * @param defaultUser the framework's user, for a container that names none
 */
export function violations(level: Level, spec: SecuredSpec, defaultUser?: string): readonly string[] {
  if (level === "privileged") return [];
  const { container } = spec;
  const found: string[] = [];
  if (container?.privileged) found.push("container.privileged must not be true");
  if (container?.network?.mode === "Host") {
    found.push("container.network.mode must be CNI: the node's network is not allowed");
  }
  if ((container?.network?.portMappings ?? []).length > 0) {
    found.push("container.network.portMappings must be empty: ports of the node are not allowed");
  }
  for (const { containerPath, hostPath } of spec.volumes ?? []) {
    if (hostPath !== undefined) {
      found.push(`the volume at ${containerPath} must not have hostPath (${hostPath})`);
    }
  }
  for (const { value } of spec.uris ?? []) {
    if (!/^https?:/.test(value)) found.push(`the URI ${value} is a file of the node, which is not allowed`);
  }
  const allowed = level === "baseline" ? BASELINE_CAPABILITIES : RESTRICTED_CAPABILITIES;
  for (const capability of container?.addCapabilities ?? []) {
    if (!allowed.has(plainCapability(capability))) {
      found.push(`container.addCapabilities must not contain ${capability}`);
    }
  }
  const user = container?.user ?? defaultUser;
  if (level === "restricted" && isRoot(user)) found.push(`the user must not be root (${user})`);
  return found;
}

/** Whether a user, "name", "uid" or either with ":group", is root by what it says. */
export function isRoot(user: string | undefined): boolean {
  const name = user?.split(":", 1)[0];
  return name === "root" || (name !== undefined && /^0+$/.test(name));
}

const plainCapability = (name: string): string => name.toUpperCase().replace(/^CAP_/, "");
