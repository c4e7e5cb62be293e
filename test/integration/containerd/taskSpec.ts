import { randomUUID } from "node:crypto";
import { join } from "node:path";
import type { ContainerSpec } from "../../../src/agent/containerizer/spec.ts";
import type { PrivateContainerd } from "./privateContainerd.ts";

/** A small task on the node's network, with its output in its sandbox. */
export function taskSpec(
  containerd: PrivateContainerd,
  overrides: Partial<ContainerSpec> = {},
): ContainerSpec {
  const id = overrides.id ?? randomUUID();
  // An id that is refused must not name a folder.
  const sandbox = containerd.sandbox(id.replaceAll("/", "_"));
  return {
    id,
    labels: { "mesos.dev/task": "test" },
    env: {},
    sandbox: { source: sandbox },
    network: { type: "host" },
    cgroup: containerd.cgroup,
    limits: { cpus: 0.1, memoryBytes: 64 << 20, pids: 64 },
    stdout: join(sandbox, "stdout"),
    stderr: join(sandbox, "stderr"),
    ...overrides,
  };
}

export function shellTask(
  containerd: PrivateContainerd,
  script: string,
  overrides: Partial<ContainerSpec> = {},
): ContainerSpec {
  return taskSpec(containerd, { command: ["/bin/sh", "-c", script], ...overrides });
}

/** Waits until `condition` holds; fails loudly when it never does. */
export async function until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`waited in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
