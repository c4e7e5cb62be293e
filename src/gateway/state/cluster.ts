import { create } from "@bufbuild/protobuf";
import type { Executor } from "../../api/executor.ts";
import { type Framework, mesosFrameworkId } from "../../api/framework.ts";
import { BUILT_IN_FRAMEWORK } from "../../api/group.ts";
import type { Offer } from "../../api/offer.ts";
import type { Task } from "../../api/task.ts";
import { hasEnded } from "../../api/taskstate.ts";
import { keyOf, type Live } from "../../cluster/object.ts";
import type { Dependencies } from "../../controllers/dependencies.ts";
import { outstandingOffers } from "../../controllers/world/outstanding.ts";
import type { Scheduling } from "../../controllers/world/scheduling.ts";
import { isBuiltInId } from "../../controllers/world/world.ts";
import { frameworkInfo } from "../../convert/framework.ts";
import type { TaskOwner } from "../../convert/taskmessage.ts";
import {
  type FrameworkInfo,
  FrameworkInfo_Capability_Type,
  FrameworkInfoSchema,
} from "../../wire/gen/mesos/v1/mesos_pb.ts";
import type { RegisteredAgent } from "./agents.ts";
import type { Standing, Standings } from "./standings.ts";

/** What of the operator is read here. */
export type Sources = Pick<Dependencies, "caches" | "config" | "offerStreams" | "clock">;

/** A framework as Mesos's master keeps one; all lists are of one moment. */
export interface KnownFramework extends TaskOwner {
  /** "namespace/name". */
  readonly key: string;
  /** Absent: the built-in one of a namespace. */
  readonly framework: Live<Framework> | undefined;
  readonly info: FrameworkInfo;
  readonly connected: boolean;
  /** After a change of the leader: known, and not back yet. */
  readonly recovered: boolean;
  /** Milliseconds since the epoch, of one that is gone. */
  readonly unregisteredAt?: number;
  /** All of them have an agent: Mesos knows no others. */
  readonly tasks: readonly Live<Task>[];
  readonly unreachable: readonly Live<Task>[];
  readonly completed: readonly Live<Task>[];
  /** That have not ended. */
  readonly executors: readonly Live<Executor>[];
}

/** As Mesos's master has them by default. */
const MOST_COMPLETED_TASKS = 1_000;
const MOST_COMPLETED_FRAMEWORKS = 50;

const BUILT_IN_INFO = create(FrameworkInfoSchema, {
  user: "",
  name: BUILT_IN_FRAMEWORK,
  capabilities: [
    { type: FrameworkInfo_Capability_Type.MULTI_ROLE },
    { type: FrameworkInfo_Capability_Type.PARTITION_AWARE },
    { type: FrameworkInfo_Capability_Type.RESERVATION_REFINEMENT },
  ],
});

/** The cluster in the terms of Mesos's master, read from the leader's caches. */
export class ClusterState {
  readonly #sources: Sources;
  readonly #scheduling: Pick<Scheduling, "views" | "assumed">;
  readonly #standings: Standings;
  readonly #completed: KnownFramework[] = [];
  readonly #infos = new WeakMap<Live<Framework>, FrameworkInfo>();
  readonly #stop: () => void;

  constructor(sources: Sources, scheduling: Pick<Scheduling, "views" | "assumed">, standings: Standings) {
    this.#sources = sources;
    this.#standings = standings;
    this.#scheduling = scheduling;
    this.#stop = sources.caches.frameworks.onChange(({ type, object }) => {
      if (type !== "deleted") return;
      const at = sources.clock.now();
      this.#completed.push({ ...this.framework(object), connected: false, unregisteredAt: at });
      if (this.#completed.length > MOST_COMPLETED_FRAMEWORKS) this.#completed.shift();
    });
  }

  close(): void {
    this.#stop();
  }

  /** Names of agents by how they stand. */
  agents(): Readonly<Record<Standing, string[]>> {
    return this.#standings.byStanding();
  }

  standing(agent: string): Standing | undefined {
    return this.#standings.of(agent);
  }

  /** Undefined for one that is gone, or cannot be understood. As it is now, and not when the names were asked for. */
  registered(name: string): RegisteredAgent | undefined {
    const agent = this.#sources.caches.agents.store.get(name);
    const view = this.#scheduling.views.get(name);
    const port = this.#sources.config.gateway.agentPort;
    return agent === undefined || view === undefined ? undefined : { agent, view, port };
  }

  frameworks(): KnownFramework[] {
    const { frameworks, tasks } = this.#sources.caches;
    const builtIn = [...tasks.store.indexed("framework")].filter(isBuiltInId);
    return [
      ...Array.from(frameworks.store.values(), (one) => this.framework(one)),
      ...builtIn.map((key) => this.#builtIn(key)).filter((one) => one !== undefined),
    ];
  }

  /** Those that are gone, oldest first. */
  completed(): readonly KnownFramework[] {
    return this.#completed;
  }

  framework(framework: Live<Framework>): KnownFramework {
    const key = keyOf(framework.metadata);
    const gateway = framework.spec.connection.type === "Gateway";
    const connected = this.isConnected(framework);
    return {
      key,
      framework,
      info: this.#info(framework),
      ...this.#ownerOf(framework),
      connected,
      recovered: gateway && !connected && this.#sources.offerStreams.forgivenUntil(key) > 0,
      ...this.#work(key),
    };
  }

  isConnected({ metadata, spec, status }: Live<Framework>): boolean {
    if (spec.connection.type !== "Gateway") return status?.connected === true;
    return this.#sources.offerStreams.get(keyOf(metadata)) !== undefined;
  }

  /** Outstanding offers, written or on a stream, that have not been answered. */
  offers(key: string): readonly Live<Offer>[] {
    return outstandingOffers(this.#sources.caches, this.#scheduling.assumed.offers, key).filter(
      ({ spec }) => spec.response === undefined,
    );
  }

  /** Whose tasks they are; undefined: a framework's that is gone. */
  owner(key: string): TaskOwner | undefined {
    if (isBuiltInId(key)) return { id: builtInFrameworkId(key), user: "", partitionAware: true };
    const framework = this.#sources.caches.frameworks.store.get(key);
    return framework && this.#ownerOf(framework);
  }

  #ownerOf(framework: Live<Framework>): TaskOwner {
    const partitionAware = framework.spec.capabilities?.includes("PARTITION_AWARE") ?? false;
    return { id: mesosFrameworkId(framework), user: this.#info(framework).user, partitionAware };
  }

  #builtIn(key: string): KnownFramework | undefined {
    const lists = this.#work(key);
    const all = [lists.tasks, lists.unreachable, lists.completed];
    if (all.every((list) => list.length === 0)) return undefined;
    const id = builtInFrameworkId(key);
    const roles = [...new Set(all.flatMap((list) => list.map(({ spec }) => spec.role)))].sort();
    const info = create(FrameworkInfoSchema, { ...withoutType(BUILT_IN_INFO), id: { value: id }, roles });
    return {
      key,
      id,
      framework: undefined,
      info,
      user: "",
      partitionAware: true,
      connected: true,
      recovered: false,
      ...lists,
    };
  }

  #work(key: string): Pick<KnownFramework, "tasks" | "unreachable" | "completed" | "executors"> {
    const { caches } = this.#sources;
    const executors = caches.executors.store.by("liveFramework", key);
    const tasks: Live<Task>[] = [];
    const unreachable: Live<Task>[] = [];
    const completed: Live<Task>[] = [];
    for (const task of caches.tasks.store.by("framework", key)) {
      if (task.spec.agent === undefined) continue;
      if (hasEnded(task.status)) completed.push(task);
      else if (task.status?.unreachableSince !== undefined) unreachable.push(task);
      else tasks.push(task);
    }
    if (completed.length <= MOST_COMPLETED_TASKS) return { tasks, unreachable, completed, executors };
    completed.sort((a, b) => (a.metadata.creationTimestamp < b.metadata.creationTimestamp ? -1 : 1));
    return { tasks, unreachable, completed: completed.slice(-MOST_COMPLETED_TASKS), executors };
  }

  #info(framework: Live<Framework>): FrameworkInfo {
    const before = this.#infos.get(framework);
    if (before !== undefined) return before;
    const info = frameworkInfo(framework, mesosFrameworkId(framework));
    this.#infos.set(framework, info);
    return info;
  }
}

/** An id of its own for the framework of each namespace's tasks that have none. */
const builtInFrameworkId = (key: string): string => key.split("/").reverse().join(".");

const withoutType = ({ $typeName: _name, ...rest }: FrameworkInfo): Omit<FrameworkInfo, "$typeName"> => rest;
