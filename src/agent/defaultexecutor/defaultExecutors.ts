import { type Executor, executorHasBegun, executorHasEnded, executorIsGoing } from "../../api/executor.ts";
import type { Task } from "../../api/task.ts";
import { hasEnded } from "../../api/taskstate.ts";
import { aborted } from "../../cluster/aborted.ts";
import { keyOf, type Live } from "../../cluster/object.ts";
import type { TaskRecord } from "../checkpoint/record.ts";
import type { RecoveredContainer } from "../containerizer/containerizer.ts";
import type { ExecutorPlace } from "../launch/place.ts";
import type { Level } from "../podsecurity/level.ts";
import { networkOf } from "../podsecurity/profile.ts";
import { persistentVolumes } from "../sandbox/volumes.ts";
import { addAmounts, amountsOf } from "../slot/grant.ts";
import { type Amounts, NO_AMOUNTS } from "../slot/slotState.ts";
import { type ExecutorLoss, type ExecutorTask, executorDecision } from "./decide.ts";
import { ExecutorGoneError } from "./gone.ts";
import { executorSandboxOf, Holders, type HoldersOptions } from "./holders.ts";

/** A task that is to end because of its executor. */
export interface Doom {
  readonly cause: "request" | "executor" | "disk";
  readonly message: string;
}

type RecordOf = (uid: string) => TaskRecord | undefined;

/**
 * The agent as Mesos's default executor: one container for each DEFAULT executor holds what its tasks share, for as long as one of them
 * lives. Nothing of it is in a record: containerd has the containers, the API server the rest.
 */
export class DefaultExecutors {
  readonly #options: HoldersOptions;
  readonly #holders: Holders;
  /** Uids of executors that were in the store: one that is not there any more is gone, and not on its way. */
  #seen = new Set<string>();
  readonly #granted = new Set<string>();
  #onChange: () => void = () => {};

  constructor(options: HoldersOptions) {
    this.#options = options;
    this.#holders = new Holders(options, () => this.#onChange());
  }

  get synced(): Promise<void> {
    return this.#options.executors.synced;
  }

  /** `call` is told whenever `look` may decide anew. */
  onChange(call: () => void): void {
    this.#onChange = call;
    this.#options.executors.onChange(call);
  }

  /** The executor of a task that the agent itself plays; `unknown`: it is not in the store yet. */
  of({ metadata, spec }: Live<Task>): Live<Executor> | "unknown" | undefined {
    if (spec.executor === undefined) return undefined;
    const found = this.#options.executors.store.get(`${metadata.namespace}/${spec.executor.name}`);
    if (found === undefined) return "unknown";
    return found.spec.type === "DEFAULT" ? found : undefined;
  }

  /** The slot has room for it: what it holds counts from now on, until it has ended. */
  grant(uid: string): void {
    this.#granted.add(uid);
  }

  /** Uids of those that have a container on the node. */
  containers(): readonly string[] {
    return this.#holders.all().map(([uid]) => uid);
  }

  /** Those that hold something of the node. */
  live(): readonly Live<Executor>[] {
    return [...this.#options.executors.store.values()].filter(
      ({ metadata, spec, status }) =>
        spec.type === "DEFAULT" &&
        !executorHasEnded(status) &&
        (this.#granted.has(metadata.uid) || executorHasBegun(status)),
    );
  }

  /** Uids of those that hold something of the slot. */
  held(): ReadonlySet<string> {
    return new Set(this.live().map(({ metadata }) => metadata.uid));
  }

  /** What they hold of it. */
  amounts(): Amounts {
    return this.live()
      .map(({ spec }) => amountsOf(spec.resources ?? []))
      .reduce(addAmounts, NO_AMOUNTS);
  }

  /** It must not go on: its tasks end, then it does. */
  lose(uid: string, loss: ExecutorLoss): void {
    this.#holders.lose(uid, loss);
  }

  /** Takes up the containers of executors that an agent before this one made; gives back the others. */
  recover(containers: readonly RecoveredContainer[]): readonly RecoveredContainer[] {
    const others = this.#holders.recover(containers);
    this.#seen = new Set(this.containers());
    return others;
  }

  /** Where a task of an executor runs; starts the executor if it is the first. Rejects with ExecutorGoneError, or as a launch does. */
  async place(record: TaskRecord, level: Level, signal: AbortSignal): Promise<ExecutorPlace | undefined> {
    if (record.parent === undefined) return undefined;
    const { layout, config } = this.#options;
    const executor = await this.#executorOf(record, record.parent.uid);
    const network = networkOf(level, executor.spec, config.network.defaultName);
    await Promise.race([this.#holders.ready(executor, record.slot ?? "", network), aborted(signal)]);
    signal.throwIfAborted();
    return {
      executorId: executor.spec.executorId,
      sandbox: {
        path: executorSandboxOf(layout, executor),
        persistent: persistentVolumes(executor.spec),
      },
      network: network.type === "host" ? network : { type: "container", id: executor.metadata.uid },
    };
  }

  /** Does for each executor what is to be done, and says which tasks have to end for it, by uid. */
  look(tasks: Iterable<Live<Task>>, recordOf: RecordOf): ReadonlyMap<string, Doom> {
    const dooms = new Map<string, Doom>();
    const members = membersOf(tasks, recordOf);
    const there = new Set<string>();
    for (const executor of this.#options.executors.store.values()) {
      if (executor.spec.type !== "DEFAULT") continue;
      there.add(executor.metadata.uid);
      const own = members.get(keyOf(executor.metadata)) ?? [];
      const doom = this.#advance(executor, own);
      if (doom) for (const { uid, ended } of own) if (!ended) dooms.set(uid, doom);
    }
    // The tasks of an executor that is gone from the API are kept from going before by its finalizer.
    for (const [uid, { state }] of this.#holders.all()) {
      if (this.#seen.has(uid) && !there.has(uid) && state !== "starting") this.#holders.end(uid);
    }
    this.#seen = there;
    for (const uid of this.#granted) if (!there.has(uid)) this.#granted.delete(uid);
    return dooms;
  }

  #advance(executor: Live<Executor>, tasks: readonly ExecutorTask[]): Doom | undefined {
    const { uid } = executor.metadata;
    const { state = "absent", loss } = this.#holders.get(uid) ?? {};
    const decision = executorDecision({ executor, holder: state, loss, tasks });
    switch (decision.kind) {
      case "kill":
        return decision;
      case "clear":
        this.#holders.end(uid);
        return undefined;
      case "end": {
        const { reason, message } = decision;
        const end = { message, ...(reason !== undefined && { reason }) };
        this.#holders.end(uid, { executor, end });
        return undefined;
      }
      case "keep":
        return undefined;
    }
  }

  async #executorOf(record: TaskRecord, uid: string): Promise<Live<Executor>> {
    const { executors, client, signal } = this.#options;
    const ref = { namespace: record.namespace, name: record.spec.executor?.name ?? "" };
    const known = executors.store.get(keyOf(ref));
    const executor = known?.metadata.uid === uid ? known : await client.get(ref, { signal });
    if (executor.metadata.uid !== uid || executorIsGoing(executor)) throw new ExecutorGoneError();
    return executor;
  }
}

/** The tasks of each executor, by "namespace/name"; what the agent's own record says of one goes before what the API says. */
function membersOf(
  tasks: Iterable<Live<Task>>,
  recordOf: RecordOf,
): ReadonlyMap<string, readonly ExecutorTask[]> {
  const members = new Map<string, ExecutorTask[]>();
  for (const { metadata, spec, status } of tasks) {
    if (spec.executor === undefined) continue;
    const key = `${metadata.namespace}/${spec.executor.name}`;
    const list = members.get(key) ?? [];
    members.set(key, list);
    list.push(memberOf(metadata.uid, hasEnded(status), recordOf(metadata.uid)));
  }
  return members;
}

function memberOf(uid: string, ended: boolean, record: TaskRecord | undefined): ExecutorTask {
  if (record === undefined) return { uid, ended, over: ended };
  const { phase, released } = record;
  const over = phase === "settled" || (phase === "ended" && released);
  return { uid, ended: ended || over || phase === "ended", over };
}
