import type { Task } from "../../api/task.ts";
import { TASK_STATES } from "../../api/taskstate.ts";
import type { Live } from "../../cluster/object.ts";
import { updatesOf } from "../../convert/taskmessage.ts";
import { units } from "../operator/messages.ts";
import { toldAgent } from "../state/agents.ts";
import type { ClusterState, KnownFramework } from "../state/cluster.ts";
import { useOf, v0Summary } from "../state/frameworks.ts";
import { added, type RoleUse } from "../state/roles.ts";
import { isUnderstood, toldTask } from "../state/tasks.ts";
import type { Master } from "./state.ts";

/** Mesos: src/master/constants.hpp, TASK_LIMIT. */
const TASK_LIMIT = 100;

/** Mesos: src/master/readonly_handler.cpp, roles. */
export const v0Roles = (roles: readonly RoleUse[]): object => ({
  roles: roles.map(({ name, weight, frameworks, quota, allocated, offered, reserved, consumed }) => ({
    name,
    weight,
    quota: {
      role: name,
      guarantee: units(quota?.guarantees ?? []),
      limit: units(quota?.limits ?? []),
      consumed: units(consumed),
    },
    resources: units(added(allocated, offered)),
    allocated: units(allocated),
    offered: units(offered),
    reserved: units(reserved),
    frameworks,
  })),
});

/** Tasks of all frameworks, or of one, newest first. */
export function* v0Tasks(state: ClusterState, query: URLSearchParams): Generator<string, void> {
  const limit = whole(query.get("limit")) ?? TASK_LIMIT;
  const offset = whole(query.get("offset")) ?? 0;
  const [framework, id] = [query.get("framework_id"), query.get("task_id")];
  const sign = query.get("order") === "asc" ? 1 : -1;
  const found = [...state.frameworks(), ...state.completed()]
    .filter((known) => framework === null || known.id === framework)
    .flatMap((known) =>
      [...known.tasks, ...known.unreachable, ...known.completed]
        .filter(
          (task) => (id === null || (task.spec.taskId ?? task.metadata.name) === id) && isUnderstood(task),
        )
        .map((task) => ({ task, known, at: firstTold(task) })),
    )
    .sort((a, b) => sign * (a.at - b.at));
  yield '{"tasks":[';
  let comma = "";
  for (const { task, known } of found.slice(offset, offset + limit)) {
    yield comma + toldTask(task, known).v0;
    comma = ",";
  }
  yield "]}";
}

const whole = (text: string | null): number | undefined =>
  text !== null && /^[0-9]{1,9}$/.test(text) ? Number(text) : undefined;

/** One of which nothing was told comes first, as in Mesos. */
const firstTold = (task: Live<Task>): number => {
  const first = updatesOf(task)[0];
  return first === undefined ? 0 : Date.parse(first.timestamp);
};

/** What the summary counts. */
const COUNTED = [
  ...["TASK_STAGING", "TASK_STARTING", "TASK_RUNNING", "TASK_KILLING", "TASK_FINISHED", "TASK_KILLED"],
  ...["TASK_FAILED", "TASK_LOST", "TASK_ERROR", "TASK_UNREACHABLE"],
];

class Tally {
  readonly #states = new Map<string, number>(TASK_STATES.map((state) => [state, 0]));
  readonly others = new Set<string>();

  count(state: string, other: string): void {
    this.#states.set(state, (this.#states.get(state) ?? 0) + 1);
    this.others.add(other);
  }

  toJSON(): Record<string, number> {
    return Object.fromEntries(COUNTED.map((state) => [state, this.#states.get(state) ?? 0]));
  }
}

/** Mesos: src/master/readonly_handler.cpp, stateSummary. */
export function* v0StateSummary(state: ClusterState, { info }: Master): Generator<string, void> {
  const frameworks = state.frameworks();
  const byAgent = new Map<string, Tally>();
  const byFramework = new Map<string, Tally>();
  for (const known of frameworks) {
    for (const task of all(known)) {
      const told = task.status?.unreachableSince === undefined ? task.status?.state : "TASK_UNREACHABLE";
      const [one, agent] = [told ?? "TASK_STAGING", task.spec.agent ?? ""];
      tally(byAgent, agent).count(one, known.id);
      tally(byFramework, known.id).count(one, agent);
      yield "";
    }
  }
  const { registered } = state.agents();
  yield `{"hostname":${JSON.stringify(info.hostname)},"slaves":[`;
  let comma = "";
  for (const name of registered) {
    const found = state.registered(name);
    if (found === undefined) continue;
    const more = { ...tally(byAgent, name).toJSON(), framework_ids: [...tally(byAgent, name).others] };
    yield `${comma}${toldAgent(found).v0.slice(0, -1)},${JSON.stringify(more).slice(1)}`;
    comma = ",";
  }
  yield '],"frameworks":[';
  comma = "";
  for (const known of frameworks) {
    const { others } = tally(byFramework, known.id);
    const use = yield* useOf(known, state.offers(known.key));
    const head = v0Summary(known, use);
    yield comma +
      JSON.stringify({ ...head, ...tally(byFramework, known.id).toJSON(), slave_ids: [...others] });
    comma = ",";
  }
  yield "]}";
}

const all = ({ tasks, unreachable, completed }: KnownFramework) => [...tasks, ...unreachable, ...completed];

function tally(map: Map<string, Tally>, key: string): Tally {
  const found = map.get(key) ?? new Tally();
  map.set(key, found);
  return found;
}
