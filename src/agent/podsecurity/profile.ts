import type { TaskSpec } from "../../api/task.ts";
import type { Network, Security } from "../containerizer/spec.ts";
import type { Level } from "./level.ts";
import { isRoot } from "./violations.ts";

/** Who runs a task of a restricted namespace that names no user, from an image that runs as root: nobody. */
export const UNPRIVILEGED_USER = "65534:65534";

/** How a task's container is confined; `spec` has no violations at this level. */
export function securityOf(level: Level, spec: Pick<TaskSpec, "container">): Security {
  const { privileged, addCapabilities, dropCapabilities } = spec.container ?? {};
  return {
    ...(privileged ? { privileged } : {}),
    ...(addCapabilities ? { addCapabilities } : {}),
    dropCapabilities: level === "restricted" ? ["ALL"] : (dropCapabilities ?? []),
    noNewPrivileges: !privileged,
    seccomp: privileged ? "unconfined" : "default",
    runAsNonRoot: level === "restricted",
  };
}

/** The user of the container: the task's, else the framework's, else the image's; under restricted never root. */
export function userOf(
  level: Level,
  spec: Pick<TaskSpec, "container">,
  frameworkUser: string | undefined,
  imageUser: string,
): string | undefined {
  const asked = spec.container?.user ?? frameworkUser;
  if (asked !== undefined) return asked;
  if (level !== "restricted") return imageUser === "" ? undefined : imageUser;
  return imageUser === "" || isRoot(imageUser) ? UNPRIVILEGED_USER : imageUser;
}

/** The node's network as in Mesos, where the namespace allows it; else a network of its own. */
export function networkOf(level: Level, spec: Pick<TaskSpec, "container">, defaultName: string): Network {
  const { mode, name, portMappings } = spec.container?.network ?? {};
  if ((mode ?? (level === "privileged" ? "Host" : "CNI")) === "Host") return { type: "host" };
  return { type: "cni", name: name ?? defaultName, ...(portMappings ? { portMappings } : {}) };
}
