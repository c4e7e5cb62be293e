import { isFieldSet } from "@bufbuild/protobuf";
import type { Task } from "../../api/task.ts";
import type { Live } from "../../cluster/object.ts";
import { offerResources } from "../../controllers/world/agentview.ts";
import { MESOS_VERSION } from "../../convert/master.ts";
import { enumName } from "../../wire/enums.ts";
import {
  type MasterInfo,
  MasterInfo_Capability_TypeSchema,
  MasterInfoSchema,
} from "../../wire/gen/mesos/v1/mesos_pb.ts";
import { toldAgent, v0Full, v0Info } from "../state/agents.ts";
import type { ClusterState, KnownFramework } from "../state/cluster.ts";
import { toldExecutor } from "../state/executors.ts";
import { useOf, v0Head, v0Offer, v0Tail } from "../state/frameworks.ts";
import { toldTasks } from "../state/tasks.ts";

/** Who answers, and since when: seconds since the epoch. */
export interface Master {
  readonly info: MasterInfo;
  readonly startTime: number;
  readonly electedTime: number;
}

/** Chooses by id; absent: all. */
export type Only = string | undefined;
const isWanted = (only: Only, id: string): boolean => only === undefined || only === id;

/** Mesos: src/master/readonly_handler.cpp, Master::ReadOnlyHandler::state. Flags only for who may see them: everybody here. */
export function* v0State(
  state: ClusterState,
  master: Master,
  flags: Readonly<Record<string, string>>,
): Generator<string, void> {
  const { registered, unreachable } = state.agents();
  const frameworks = state.frameworks();
  let active = 0;
  for (const name of registered) {
    if (state.registered(name)?.view.node.held === undefined) active++;
    yield "";
  }
  const head = {
    version: MESOS_VERSION,
    build_date: "",
    build_time: 0,
    build_user: "",
    start_time: master.startTime,
    elected_time: master.electedTime,
    id: master.info.id,
    pid: masterPid(master.info),
    hostname: master.info.hostname,
    capabilities: master.info.capabilities.map(({ type }) =>
      enumName(MasterInfo_Capability_TypeSchema, type),
    ),
    activated_slaves: active,
    deactivated_slaves: registered.length - active,
    unreachable_slaves: unreachable.length,
    leader: masterPid(master.info),
    leader_info: leaderInfo(master.info),
    flags,
  };
  yield JSON.stringify(head).slice(0, -1);
  yield ",";
  yield* slaveLists(state, undefined, false);
  yield ",";
  yield* frameworkLists(state, frameworks, undefined);
  yield ',"orphan_tasks":[],"unregistered_frameworks":[]}';
}

const leaderInfo = (info: MasterInfo): object => ({
  id: info.id,
  pid: masterPid(info),
  port: info.port,
  hostname: info.hostname,
});

const masterPid = (info: MasterInfo): string => {
  const ip = isFieldSet(info, MasterInfoSchema.field.address) ? info.address?.ip : undefined;
  return `master@${ip === undefined || ip === "" ? info.hostname : ip}:${info.port}`;
};

/** /slaves: with the whole of their resources. */
export function* v0Slaves(state: ClusterState, only: Only): Generator<string, void> {
  yield "{";
  yield* slaveLists(state, only, true);
  yield "}";
}

function* slaveLists(state: ClusterState, only: Only, full: boolean): Generator<string, void> {
  const { registered, recovered } = state.agents();
  const wanted = (names: string[]) => names.filter((name) => isWanted(only, name));
  yield '"slaves":[';
  let comma = "";
  for (const name of wanted(registered)) {
    const found = state.registered(name);
    if (found === undefined) continue;
    const { v0 } = toldAgent(found);
    yield comma + (full ? `${v0.slice(0, -1)},${JSON.stringify(v0Full(found)).slice(1)}` : v0);
    comma = ",";
  }
  yield '],"recovered_slaves":[';
  comma = "";
  for (const name of wanted(recovered)) {
    const found = state.registered(name);
    if (found === undefined) continue;
    yield comma + JSON.stringify(v0Info(found));
    comma = ",";
  }
  yield "]";
}

export function* v0Frameworks(state: ClusterState, only: Only): Generator<string, void> {
  yield "{";
  yield* frameworkLists(state, state.frameworks(), only);
  yield ',"unregistered_frameworks":[]}';
}

function* frameworkLists(
  state: ClusterState,
  frameworks: readonly KnownFramework[],
  only: Only,
): Generator<string, void> {
  const wanted = (list: readonly KnownFramework[]) => list.filter(({ id }) => isWanted(only, id));
  yield '"frameworks":[';
  yield* wholes(state, wanted(frameworks));
  yield '],"completed_frameworks":[';
  yield* wholes(state, wanted(state.completed()));
  yield "]";
}

function* wholes(state: ClusterState, list: readonly KnownFramework[]): Generator<string, void> {
  let comma = "";
  for (const one of list) {
    yield comma;
    yield* whole(state, one);
    comma = ",";
  }
}

function* whole(state: ClusterState, known: KnownFramework): Generator<string, void> {
  const offers = known.unregisteredAt === undefined ? state.offers(known.key) : [];
  const use = yield* useOf(known, offers);
  yield JSON.stringify(v0Head(known, use)).slice(0, -1);
  yield* tasks("tasks", known.tasks, known);
  yield* tasks("unreachable_tasks", known.unreachable, known);
  yield* tasks("completed_tasks", known.completed, known);
  yield ',"offers":[';
  let comma = "";
  for (const offer of offers) {
    yield comma + JSON.stringify(v0Offer(offer, known.id, offerResources(offer)));
    comma = ",";
  }
  yield '],"executors":[';
  comma = "";
  for (const executor of known.executors) {
    yield comma + toldExecutor(executor, known.id).v0;
    comma = ",";
  }
  yield `],${JSON.stringify(v0Tail(known)).slice(1)}`;
}

function* tasks(name: string, list: readonly Live<Task>[], known: KnownFramework): Generator<string, void> {
  yield `,"${name}":[`;
  let comma = "";
  for (const told of toldTasks(list, known)) {
    yield comma + told.v0;
    comma = ",";
  }
  yield "]";
}
