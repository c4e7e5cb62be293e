import type { Framework } from "../../api/framework.ts";
import { INFO_ANNOTATION } from "../../api/group.ts";
import type { Task } from "../../api/task.ts";
import type { Live } from "../../cluster/object.ts";
import type { Change } from "../../cluster/store.ts";
import { frameworkKey } from "../../controllers/caches.ts";
import type { Dependencies } from "../../controllers/dependencies.ts";
import { isBuiltInId } from "../../controllers/world/world.ts";
import type { ClusterState } from "../state/cluster.ts";
import type { Standings } from "../state/standings.ts";
import { isUnderstood } from "../state/tasks.ts";
import {
  agentAdded,
  agentRemoved,
  type EventInit,
  frameworkAdded,
  frameworkRemoved,
  frameworkUpdated,
  taskAdded,
  taskUpdated,
} from "./events.ts";

/** Turns what changes in the caches into Mesos's events. Nothing is made of them while `tell` has nobody to tell. */
export class Observer {
  readonly #state: ClusterState;
  readonly #tell: (events: () => readonly EventInit[]) => void;
  readonly #stops: (() => void)[];
  /** Built-in frameworks whose coming was told. */
  readonly #builtIn: Set<string>;
  readonly #connected = new Map<string, boolean>();

  constructor(
    deps: Pick<Dependencies, "caches" | "offerStreams">,
    state: ClusterState,
    standings: Standings,
    tell: (events: () => readonly EventInit[]) => void,
  ) {
    const { caches, offerStreams } = deps;
    this.#state = state;
    this.#tell = tell;
    this.#builtIn = new Set([...caches.tasks.store.indexed("framework")].filter(isBuiltInId));
    for (const framework of caches.frameworks.store.values()) this.#isNewlyConnected(framework);
    this.#stops = [
      // What is there already is known by then.
      caches.tasks.follow((change) => this.#task(change)),
      caches.frameworks.follow((change) => this.#framework(change)),
      standings.onChange((agent, now, before) => {
        if (before === "registered") this.#tell(() => [agentRemoved(agent)]);
        else if (now === "registered") this.#registered(agent);
      }),
      offerStreams.onChange((key) => {
        const framework = caches.frameworks.store.get(key);
        if (framework !== undefined && this.#isNewlyConnected(framework)) this.#updated(framework);
      }),
    ];
  }

  close(): void {
    for (const stop of this.#stops) stop();
  }

  #task(change: Change<Task>): void {
    const { object } = change;
    if (change.type === "deleted" || object.spec.agent === undefined || !isUnderstood(object)) return;
    const key = frameworkKey(object);
    const owner = this.#state.owner(key);
    if (owner === undefined) return;
    if (isBuiltInId(key) && !this.#builtIn.has(key)) {
      this.#builtIn.add(key);
      this.#tell(() =>
        this.#state
          .frameworks()
          .filter((one) => one.key === key)
          .map(frameworkAdded),
      );
    }
    if (change.type === "added" || change.old.spec.agent === undefined)
      this.#tell(() => [taskAdded(object, owner)]);
    else this.#tell(() => taskUpdated(object, change.old, owner));
  }

  #framework(change: Change<Framework>): void {
    const { object } = change;
    if (change.type === "deleted") {
      this.#connected.delete(object.metadata.uid);
      this.#tell(() => [frameworkRemoved(this.#state.framework(object))]);
      return;
    }
    const connects = this.#isNewlyConnected(object);
    if (change.type === "added") this.#tell(() => [frameworkAdded(this.#state.framework(object))]);
    else if (connects || saysOtherwise(object, change.old)) this.#updated(object);
  }

  #updated(framework: Live<Framework>): void {
    this.#tell(() => [frameworkUpdated(this.#state.framework(framework))]);
  }

  /** Whether that has changed since it was asked last. */
  #isNewlyConnected(framework: Live<Framework>): boolean {
    const { uid } = framework.metadata;
    const now = this.#state.isConnected(framework);
    const before = this.#connected.get(uid);
    this.#connected.set(uid, now);
    return before !== now;
  }

  #registered(agent: string): void {
    this.#tell(() => {
      const found = this.#state.registered(agent);
      return found === undefined ? [] : [agentAdded(found)];
    });
  }
}

/** Whether what it says of itself has changed: its status does all the time. */
const saysOtherwise = ({ metadata }: Live<Framework>, { metadata: before }: Live<Framework>): boolean =>
  before.generation !== metadata.generation ||
  before.annotations?.[INFO_ANNOTATION] !== metadata.annotations?.[INFO_ANNOTATION];
