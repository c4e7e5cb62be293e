import type { Agent } from "../api/agent.ts";
import type { Executor } from "../api/executor.ts";
import type { Framework } from "../api/framework.ts";
import type { Offer } from "../api/offer.ts";
import type { Role } from "../api/role.ts";
import type { Task } from "../api/task.ts";
import { isConditionTrue } from "../cluster/conditions.ts";
import { formatResources, fromSpec, type ResourceSpec } from "../resources/index.ts";
import { type CliContext, CliError } from "./context.ts";
import { heldBy } from "./explain.ts";
import { age, table } from "./table.ts";

const text = (resources: readonly ResourceSpec[] | undefined): string =>
  formatResources(fromSpec(resources ?? []));

const ROW = {
  agents: {
    header: ["NAME", "READY", "OFFERABLE", "ALLOCATED", "TASKS", "DRAINING", "AGE"],
    cells: (agent: Agent, now: Date) => [
      agent.metadata.name,
      String(isConditionTrue(agent.status?.conditions, "Ready")),
      text(agent.status?.offerable?.filter((resource) => resource.name !== "ports")),
      text(agent.status?.allocated),
      String(agent.status?.tasks ?? 0),
      agent.status?.draining ?? "",
      age(agent.metadata.creationTimestamp, now),
    ],
  },
  executors: {
    header: ["NAMESPACE", "NAME", "STATE", "TYPE", "ROLE", "FRAMEWORK", "AGENT", "HOLDS", "REASON", "AGE"],
    cells: (executor: Executor, now: Date) => [
      executor.metadata.namespace ?? "",
      executor.metadata.name,
      executor.status?.state ?? "Pending",
      executor.spec.type,
      executor.spec.role,
      executor.spec.framework,
      executor.spec.agent,
      heldBy(executor),
      executor.status?.reason ?? "",
      age(executor.metadata.creationTimestamp, now),
    ],
  },
  frameworks: {
    header: ["NAMESPACE", "NAME", "ROLES", "CONNECTED", "SHARE", "OFFERS", "TASKS", "ALLOCATED"],
    cells: (framework: Framework) => [
      framework.metadata.namespace ?? "",
      framework.metadata.name,
      framework.spec.roles.join(","),
      String(framework.status?.connected ?? false),
      framework.status?.share ?? "",
      String(framework.status?.offersOutstanding ?? 0),
      String(framework.status?.tasks ?? 0),
      text(framework.status?.allocated),
    ],
  },
  offers: {
    header: ["NAMESPACE", "NAME", "FRAMEWORK", "ROLE", "AGENT", "STATE", "RESOURCES", "AGE"],
    cells: (offer: Offer, now: Date) => [
      offer.metadata.namespace ?? "",
      offer.metadata.name,
      offer.spec.framework,
      offer.spec.inverse ? "(inverse)" : offer.spec.role,
      offer.spec.agent,
      offer.status?.state ?? "Outstanding",
      text(offer.spec.resources),
      age(offer.metadata.creationTimestamp, now),
    ],
  },
  roles: {
    header: ["NAME", "PATH", "WEIGHT", "SHARE", "FRAMEWORKS", "TASKS", "ALLOCATED"],
    cells: (role: Role) => [
      role.metadata.name,
      role.spec.path,
      String(role.spec.weight),
      role.status?.share ?? "",
      String(role.status?.frameworks ?? 0),
      String(role.status?.tasks ?? 0),
      text(role.status?.allocated),
    ],
  },
  tasks: {
    header: ["NAMESPACE", "NAME", "STATE", "ROLE", "FRAMEWORK", "AGENT", "RESOURCES", "REASON", "AGE"],
    cells: (task: Task, now: Date) => [
      task.metadata.namespace ?? "",
      task.metadata.name,
      task.status?.state ?? "TASK_STAGING",
      task.spec.role,
      task.spec.framework ?? "",
      task.spec.agent ?? "",
      text(task.spec.resources),
      task.status?.reason ?? "",
      age(task.metadata.creationTimestamp, now),
    ],
  },
} as const;

const NAMESPACED = new Set(["executors", "frameworks", "offers", "tasks"]);
const ALIASES: Readonly<Record<string, keyof typeof ROW>> = {
  agent: "agents",
  magent: "agents",
  executor: "executors",
  mexec: "executors",
  framework: "frameworks",
  fw: "frameworks",
  offer: "offers",
  role: "roles",
  mrole: "roles",
  task: "tasks",
  mtask: "tasks",
};

/** `get KIND`: what is there, resources in Mesos's text form. */
export async function get(context: CliContext, kind: string): Promise<void> {
  const plural = ALIASES[kind] ?? kind;
  if (!(plural in ROW)) throw new CliError(`"${kind}" is none of ${Object.keys(ROW).join(", ")}`);
  const name = plural as keyof typeof ROW;
  const row = ROW[name] as { header: readonly string[]; cells: (object: unknown, now: Date) => string[] };
  const { items } = await context.kinds[name].list(NAMESPACED.has(name) ? context.selection : {});
  const now = new Date();
  const rows = items.map((item) => row.cells(item, now)).sort((a, b) => (a.join() < b.join() ? -1 : 1));
  context.write(rows.length > 0 ? table(row.header, rows) : `No ${name} found.\n`);
}
