import type { TaskSpec } from "../../api/task.ts";
import { fromSpec } from "../../resources/index.ts";

/** Where a task sees its sandbox (Mesos's flag sandbox_directory). */
export const SANDBOX_TARGET = "/mnt/mesos/sandbox";

export interface EnvironmentFacts {
  readonly name: string;
  readonly spec: TaskSpec;
  /** Of the executor that runs it; undefined: the agent alone does. */
  readonly executorId?: string | undefined;
  readonly frameworkId: string;
  /** The agent's name: the node's. */
  readonly agent: string;
  /** Address of the node. */
  readonly nodeAddress: string;
  /** The task uses the node's network. */
  readonly hostNetwork: boolean;
  /** The sandbox as the node names it. */
  readonly sandbox: string;
  /** Values of the variables that name a Secret, by variable. */
  readonly secrets: ReadonlyMap<string, string>;
}

/**
 * The environment of a task, over the image's own: Mesos's names (src/slave/slave.cpp executorEnvironment(),
 * src/launcher/executor.cpp launch()), its ports as Marathon gives them (HOST, PORT0…, PORTS, PORT), then what the task asks for, which
 * wins but for MESOS_ALLOCATION_ROLE, as in Mesos.
 */
export function environment(facts: EnvironmentFacts): Record<string, string> {
  const { spec } = facts;
  const taskId = spec.taskId ?? facts.name;
  return {
    MESOS_TASK_ID: taskId,
    // Mesos's command executor has the id of its task.
    MESOS_EXECUTOR_ID: facts.executorId ?? taskId,
    MESOS_FRAMEWORK_ID: facts.frameworkId,
    MESOS_SLAVE_ID: facts.agent,
    MESOS_AGENT_ID: facts.agent,
    MESOS_DIRECTORY: facts.sandbox,
    MESOS_SANDBOX: SANDBOX_TARGET,
    HOST: facts.nodeAddress,
    LIBPROCESS_IP: facts.hostNetwork ? facts.nodeAddress : "0.0.0.0",
    ...portVariables(spec),
    ...ownVariables(facts),
    MESOS_ALLOCATION_ROLE: spec.role,
  };
}

/** Every port of the task's resources, in ascending order. */
export function portsOf(spec: Pick<TaskSpec, "resources">): readonly number[] {
  const ports: number[] = [];
  for (const { name, value } of fromSpec(spec.resources)) {
    if (name !== "ports" || value.kind !== "ranges") continue;
    for (const { begin, end } of value.ranges) {
      for (let port = begin; port <= end; port += 1) ports.push(port);
    }
  }
  return ports.sort((a, b) => a - b);
}

function portVariables(spec: TaskSpec): Record<string, string> {
  const ports = portsOf(spec);
  if (ports.length === 0) return {};
  const numbered = Object.fromEntries(ports.map((port, index) => [`PORT${index}`, String(port)]));
  return { ...numbered, PORTS: ports.join(","), PORT: String(ports[0]) };
}

function ownVariables({ spec, secrets }: EnvironmentFacts): Record<string, string> {
  return Object.fromEntries(
    (spec.env ?? []).map(({ name, value, secret }) => [
      name,
      secret === undefined ? (value ?? "") : (secrets.get(name) ?? ""),
    ]),
  );
}
