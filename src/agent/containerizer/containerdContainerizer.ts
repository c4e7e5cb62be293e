import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { timestampDate } from "@bufbuild/protobuf/wkt";
import { packOciSpec } from "../containerd/any.ts";
import type { Connection } from "../containerd/connection.ts";
import { type Container, Containers } from "../containerd/gen/containerd/containers_pb.ts";
import { Snapshots } from "../containerd/gen/containerd/snapshots_pb.ts";
import { type Process, Status } from "../containerd/gen/containerd/task_pb.ts";
import { Tasks } from "../containerd/gen/containerd/tasks_pb.ts";
import { isNotFound, isUnavailable } from "../containerd/rpcError.ts";
import { CgroupFiles } from "../isolation/cgroupFiles.ts";
import type { Networks } from "../isolation/cni/networks.ts";
import type { NodeAccess } from "../isolation/cni/plugin.ts";
import { containerCgroup, type PodCgroup } from "../isolation/podCgroup.ts";
import { withLease } from "../provisioner/lease.ts";
import type { ImageConfig } from "../provisioner/provisioner.ts";
import type {
  Containerizer,
  ExecOptions,
  ExecResult,
  ExitStatus,
  RecoveredContainer,
  RunningContainer,
  Usage,
} from "./containerizer.ts";
import { callersLabels, MANAGED_LABEL, MANAGED_VALUE, recordOf, STARTED_LABEL } from "./containerRecord.ts";
import { endTask } from "./endTask.ts";
import { ContainerExistsError, ContainerNotFoundError, InvalidSpecError } from "./errors.ts";
import { execIn } from "./exec.ts";
import { exitStatusOf, signalNumber } from "./exitStatus.ts";
import { userInImage } from "./imageUsers.ts";
import { launchContainer, NETWORK_STATE } from "./launch.ts";
import type { OwnFacts } from "./nodeFacts.ts";
import { OomEvents } from "./oomEvents.ts";
import { signalEach } from "./processTree.ts";
import { linuxResources, withInit } from "./resources.ts";
import { translate, translateLaunch } from "./runtimeErrors.ts";
import { releaseShim } from "./shimRecord.ts";
import type { ContainerSpec, Limits } from "./spec.ts";

export interface ContainerdContainerizerOptions {
  readonly connection: Connection;
  readonly networks?: Networks | undefined;
  readonly node: () => Promise<NodeAccess>;
  readonly facts: OwnFacts;
  readonly cgroupRoot: string;
  /** A folder of the node for one folder a container. */
  readonly stateDir: string;
  /** The init's file on the node; undefined: there is none, and every command is the first process. */
  readonly init?: string | undefined;
  readonly now: () => Date;
  readonly warn: (message: string, error: unknown) => void;
}

const ID = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,75}$/;
const WAIT_DEADLINE_MS = 10 * 60_000;
const RETRY_MS = 200;
const SIGKILL = 9;
/** How many ended containers are remembered after their removal. */
const REMEMBERED_ENDS = 1_000;

/** Containers of containerd, by its Tasks and Containers services and runc's shim. */
export class ContainerdContainerizer implements Containerizer {
  readonly #options: ContainerdContainerizerOptions;
  readonly #connection: Connection;
  readonly #cgroups: CgroupFiles;
  readonly #oomEvents: OomEvents;
  readonly #launching = new Set<string>();
  readonly #oomKilled = new Map<string, boolean>();

  constructor(options: ContainerdContainerizerOptions) {
    this.#options = options;
    this.#connection = options.connection;
    this.#cgroups = new CgroupFiles(options.cgroupRoot, options.facts.cgroupVersion);
    this.#oomEvents = new OomEvents(options.connection);
    this.#oomEvents.start();
  }

  close(): void {
    this.#oomEvents.stop();
  }

  async launch(spec: ContainerSpec, image: ImageConfig, signal?: AbortSignal): Promise<RunningContainer> {
    const { id } = spec;
    if (!ID.test(id)) throw new InvalidSpecError(`container id "${id}" is not valid`);
    if (this.#launching.has(id)) throw new ContainerExistsError(`container ${id} is being launched`);
    this.#launching.add(id);
    const undo: (() => Promise<unknown>)[] = [];
    try {
      if ((await this.#find(id)) !== undefined) throw new ContainerExistsError(`container ${id} exists`);
      const swapAccounting = await this.#cgroups.hasSwapAccounting(spec.cgroup?.path ?? "/");
      const { connection, networks, facts, init, now } = this.#options;
      const node = await this.#options.node();
      return await withLease(connection, "launch", (lease) =>
        launchContainer(
          {
            connection,
            networks,
            node,
            facts: { ...facts, swapAccounting },
            init,
            folder: this.#folder(id),
            lease,
            now,
            signal,
            undo: (step) => undo.push(step),
          },
          spec,
          image,
        ),
      );
    } catch (error) {
      for (const step of undo.reverse()) {
        await step()
          .catch(ignoreNotFound)
          .catch((cause) => this.#options.warn(`a step of the failed launch of ${id} was not undone`, cause));
      }
      throw signal?.aborted ? signal.reason : translateLaunch(error, id);
    } finally {
      this.#launching.delete(id);
    }
  }

  async resolveUser(image: ImageConfig, user: string | undefined): Promise<{ uid: number; gid: number }> {
    const node = await this.#call("", this.#options.node());
    try {
      const { uid, gid } = await userInImage(this.#connection, node, image, user);
      return { uid, gid };
    } catch (error) {
      throw translateLaunch(error, "");
    }
  }

  async recover(): Promise<RecoveredContainer[]> {
    const filters = [`labels."${MANAGED_LABEL}"==${MANAGED_VALUE}`];
    const { containers } = await this.#call("", this.#connection.unary(Containers.method.list, { filters }));
    await this.#removeOrphans(new Set(containers.map(({ id }) => id)));
    return Promise.all(containers.map((container) => this.#recovered(container)));
  }

  async wait(id: string, signal?: AbortSignal): Promise<ExitStatus> {
    for (;;) {
      try {
        const end = await this.#connection.unary(
          Tasks.method.wait,
          { containerId: id },
          { deadlineMs: WAIT_DEADLINE_MS, signal },
        );
        return exitStatusOf(end, await this.#readOom(id));
      } catch (error) {
        if (signal?.aborted) throw signal.reason;
        if (this.#connection.closed) throw translate(error, id);
        // A shim that is gone makes the call fail in several ways; once containerd has noticed, it is NOT_FOUND.
        if (!isUnavailable(error) && (await this.#isGone(id))) throw translate(gone(error, id), id);
        await delay(RETRY_MS, undefined, { signal });
      }
    }
  }

  async kill(id: string, name: string, { all = false }: { all?: boolean } = {}): Promise<void> {
    const signal = signalNumber(name);
    try {
      // The runtime signals only the first process of a container with its own pid namespace, whatever `all` says.
      if (all && signal !== SIGKILL) {
        if ((await this.#signalAll(id, signal)) > 0) return;
      }
      await this.#connection.unary(Tasks.method.kill, { containerId: id, signal, all });
    } catch (error) {
      const ended = isNotFound(error) || error instanceof ContainerNotFoundError;
      if (!ended) throw translate(error, id);
      if ((await this.#find(id)) === undefined) throw translate(error, id);
    }
  }

  /** All but the init, which would only pass the signal on, so that it would come twice. */
  async #signalAll(id: string, signal: number): Promise<number> {
    const { cgroup, init } = recordOf(await this.#get(id));
    const [pids, first] = await Promise.all([this.pids(id), init ? this.#task(id) : undefined]);
    const targets = pids.filter((pid) => pid !== first?.pid);
    return signalEach(targets, signal, containerCgroup(cgroup, id));
  }

  async remove(id: string): Promise<void> {
    if (this.#launching.has(id)) throw new ContainerExistsError(`container ${id} is being launched`);
    try {
      const container = await this.#find(id);
      if (container !== undefined) await this.#readOom(id, container);
      await endTask(this.#connection, id);
      await releaseShim(this.#connection, id);
      await this.#options.networks?.detach(id, join(this.#folder(id), NETWORK_STATE));
      if (container !== undefined) {
        const { snapshotter, snapshotKey: key } = container;
        await this.#connection.unary(Containers.method.delete, { id }).catch(ignoreNotFound);
        await this.#connection.unary(Snapshots.method.remove, { snapshotter, key }).catch(ignoreNotFound);
      }
      await rm(this.#folder(id), { recursive: true, force: true });
      this.#oomEvents.forget(id);
    } catch (error) {
      throw translate(error, id);
    }
  }

  async usage(id: string): Promise<Usage> {
    const path = containerCgroup(await this.#cgroupOf(id), id);
    try {
      return await this.#cgroups.usage(path);
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== "ENOENT") throw cause;
      throw new ContainerNotFoundError(`container ${id} has no cgroup: it has ended`, { cause });
    }
  }

  async exec(
    id: string,
    argv: readonly string[],
    env: Readonly<Record<string, string>>,
    options: ExecOptions,
  ): Promise<ExecResult> {
    const container = await this.#get(id);
    try {
      return await execIn(this.#connection, container, argv, env, { ...options, folder: this.#folder(id) });
    } catch (error) {
      if (options.signal?.aborted || isUnavailable(error)) throw translate(error, id);
      const task = await this.#call(id, this.#task(id));
      if (task?.status === Status.RUNNING) throw translate(error, id);
      throw new ContainerNotFoundError(`container ${id} is not running`, { cause: error });
    }
  }

  async update(id: string, limits: Limits): Promise<void> {
    const { cgroup, init = false } = recordOf(await this.#get(id));
    const swapAccounting = await this.#cgroups.hasSwapAccounting(cgroup?.path ?? "/");
    const wanted = linuxResources(withInit(limits, init), { swapAccounting }, "update");
    const resources = packOciSpec("LinuxResources", wanted);
    await this.#call(id, this.#connection.unary(Tasks.method.update, { containerId: id, resources }));
  }

  async pids(id: string): Promise<number[]> {
    const reply = this.#connection.unary(Tasks.method.listPids, { containerId: id });
    return (await this.#call(id, reply)).processes.map(({ pid }) => pid);
  }

  async oomKilled(id: string): Promise<boolean> {
    return (await this.#readOom(id)) || this.#oomKilled.get(id) === true;
  }

  #folder(id: string): string {
    return join(this.#options.stateDir, id);
  }

  async #call<T>(id: string, reply: Promise<T>): Promise<T> {
    try {
      return await reply;
    } catch (error) {
      throw translate(error, id);
    }
  }

  async #find(id: string): Promise<Container | undefined> {
    return (await this.#connection.unary(Containers.method.get, { id }).catch(ignoreNotFound))?.container;
  }

  async #get(id: string): Promise<Container> {
    const container = await this.#call(id, this.#find(id));
    if (container === undefined) throw new ContainerNotFoundError(`container ${id} is not there`);
    return container;
  }

  async #cgroupOf(id: string): Promise<PodCgroup | undefined> {
    return recordOf(await this.#get(id)).cgroup;
  }

  async #task(id: string): Promise<Process | undefined> {
    return (await this.#connection.unary(Tasks.method.get, { containerId: id }).catch(ignoreNotFound))
      ?.process;
  }

  /** False as long as containerd cannot tell. */
  async #isGone(id: string): Promise<boolean> {
    try {
      return (await this.#task(id)) === undefined;
    } catch {
      return false;
    }
  }

  async #recovered(container: Container): Promise<RecoveredContainer> {
    const { id, createdAt } = container;
    const task = await this.#call(id, this.#task(id));
    const base = {
      id,
      labels: callersLabels(container),
      createdAt: createdAt === undefined ? new Date(0) : timestampDate(createdAt),
      addresses: recordOf(container).addresses,
    };
    const started = container.labels[STARTED_LABEL] !== undefined;
    if (task === undefined) return { ...base, state: started ? "gone" : "created" };
    if (task.status === Status.CREATED) return { ...base, state: "created" };
    if (task.status !== Status.STOPPED) return { ...base, state: "running", pid: task.pid };
    return { ...base, state: "exited", exit: exitStatusOf(task, await this.#readOom(id, container)) };
  }

  /** Reads the counter while there is one, and remembers it for when there is none. */
  async #readOom(id: string, known?: Container): Promise<boolean> {
    const container = known ?? (await this.#find(id).catch(() => undefined));
    const kills =
      container === undefined
        ? undefined
        : await this.#cgroups.oomKills(containerCgroup(recordOf(container).cgroup, id));
    const killed = (kills ?? 0) > 0 || this.#oomEvents.has(id) || this.#oomKilled.get(id) === true;
    if (killed) {
      this.#oomKilled.set(id, true);
      const [oldest] = this.#oomKilled.keys();
      if (this.#oomKilled.size > REMEMBERED_ENDS && oldest !== undefined) this.#oomKilled.delete(oldest);
    }
    return killed;
  }

  /** A launch that died before it made its container may have left a network and files. */
  async #removeOrphans(known: ReadonlySet<string>): Promise<void> {
    const folders = await readdir(this.#options.stateDir).catch(() => []);
    for (const id of folders.filter(
      (each) => ID.test(each) && !known.has(each) && !this.#launching.has(each),
    )) {
      await this.remove(id).catch((error) =>
        this.#options.warn(`what is left of ${id} could not be removed`, error),
      );
    }
  }
}

function gone(error: unknown, id: string): unknown {
  return isNotFound(error)
    ? error
    : new ContainerNotFoundError(`container ${id} has lost its shim; how it ended is not known`, {
        cause: error,
      });
}

function ignoreNotFound(error: unknown): undefined {
  if (isNotFound(error)) return undefined;
  throw error;
}
