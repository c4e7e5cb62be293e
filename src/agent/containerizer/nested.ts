import { randomUUID } from "node:crypto";
import { mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { packOciSpec, unpackMessage } from "../containerd/any.ts";
import type { Connection } from "../containerd/connection.ts";
import { type Container, Containers } from "../containerd/gen/containerd/containers_pb.ts";
import { ProcessDetailsSchema } from "../containerd/gen/containerd/runcOptions_pb.ts";
import { Status } from "../containerd/gen/containerd/task_pb.ts";
import { Tasks } from "../containerd/gen/containerd/tasks_pb.ts";
import { isNotFound } from "../containerd/rpcError.ts";
import { ContainerExistsError, ContainerNotFoundError, InvalidSpecError } from "./errors.ts";
import { execProcess, ignoreGone, killTree } from "./exec.ts";
import { createLog } from "./logRotation.ts";
import { type ProcessIds, waitForProcess } from "./processWait.ts";
import { translate, translateLaunch } from "./runtimeErrors.ts";
import { type Program, Session } from "./session.ts";

/** Names a nested container: its parent's id in containerd, and its own. */
export interface NestedId {
  readonly parent: string;
  readonly id: string;
}

export interface NestedContainer extends NestedId {
  /** Its first process, as seen from the node. */
  readonly pid: number;
}

/** What containerd takes, with room for the prefix. */
const ID = /^[A-Za-z0-9]+(?:[_-][A-Za-z0-9]+)*$/;
const LONGEST_ID = 64;
const PREFIX = "nested-";
/** Of those that end with their session, so that the next agent knows which to end. */
const SESSION_PREFIX = "session-";
const REMEMBERED_ENDS = 1_000;
const START_DEADLINE_MS = 30_000;
const SIGKILL = 9;

const key = ({ parent, id }: NestedId): string => `${parent}/${id}`;
const idsOf = ({ parent, id }: NestedId, prefix = PREFIX): ProcessIds => ({
  containerId: parent,
  execId: prefix + id,
});

/**
 * Containers within a running container: processes that share its file system, its namespaces and what it may use, as Mesos's debug
 * containers do. containerd knows them, so those without a session outlive this process; what is asked of them is asked of it.
 */
export class NestedContainers {
  readonly #connection: Connection;
  readonly #stateDir: string;
  readonly #sessions = new Map<string, Session>();
  /** Exit codes of sessions: containerd has forgotten those. */
  readonly #ends = new Map<string, number>();

  /** @param stateDir has one folder a container, see ContainerdContainerizerOptions */
  constructor(connection: Connection, stateDir: string) {
    this.#connection = connection;
    this.#stateDir = stateDir;
  }

  /** Where its stdout and stderr lie: out of the reach of its parent. */
  folder({ parent, id }: NestedId): string {
    return join(this.#stateDir, parent, PREFIX + id);
  }

  /** The files of stdout and stderr of all that were launched in this container. */
  async outputs(parent: string): Promise<string[]> {
    const folder = join(this.#stateDir, parent);
    const names = await readdir(folder).catch(() => []);
    return names
      .filter((name) => name.startsWith(PREFIX))
      .flatMap((name) => [join(folder, name, "stdout"), join(folder, name, "stderr")]);
  }

  /** Starts it, its output in the files `stdout` and `stderr` of `folder`. Rejects with the errors of errors.ts. */
  async launch(nested: NestedId, { argv, env }: Program): Promise<void> {
    const container = await this.#prepare(nested);
    const folder = this.folder(nested);
    const ids = idsOf(nested);
    await mkdir(folder, { mode: 0o711 }).catch((error: NodeJS.ErrnoException) => {
      throw error.code === "EEXIST" ? exists(nested) : error;
    });
    try {
      const [stdout, stderr] = [join(folder, "stdout"), join(folder, "stderr")];
      await createLog(stdout);
      await createLog(stderr);
      const spec = packOciSpec("Process", execProcess(container, argv, env));
      await this.#connection.unary(Tasks.method.exec, { ...ids, spec, stdout, stderr });
      await this.#connection.unary(Tasks.method.start, ids, { deadlineMs: START_DEADLINE_MS });
    } catch (error) {
      await this.#connection.unary(Tasks.method.deleteProcess, ids).catch(() => {});
      await rm(folder, { recursive: true, force: true });
      throw translateLaunch(error, nested.parent);
    }
  }

  /** Starts it with its input and output here; it ends with the session. Rejects with the errors of errors.ts. */
  async startSession(nested: NestedId, program: Program): Promise<Session> {
    const container = await this.#prepare(nested);
    const folder = join(this.#stateDir, nested.parent, `${SESSION_PREFIX}${randomUUID()}`);
    let session: Session;
    try {
      const ids = idsOf(nested, SESSION_PREFIX);
      session = await Session.start(this.#connection, container, ids, program, folder);
    } catch (error) {
      throw translateLaunch(error, nested.parent);
    }
    this.#sessions.set(key(nested), session);
    void session.ended.then((code) => this.#forget(nested, code));
    return session;
  }

  session(nested: NestedId): Session | undefined {
    return this.#sessions.get(key(nested));
  }

  /** The exit code, once it has ended. Rejects with ContainerNotFoundError when it is not known. */
  async wait(nested: NestedId, signal?: AbortSignal): Promise<number> {
    const end = this.#ends.get(key(nested)) ?? this.session(nested)?.ended;
    if (end !== undefined) return end;
    return this.#call(nested, waitForProcess(this.#connection, idsOf(nested), signal));
  }

  /** Rejects with ContainerNotFoundError when it does not run. SIGKILL takes what it has begun too. */
  async kill(nested: NestedId, signal: number): Promise<void> {
    const ids = idsOf(nested, this.session(nested) && SESSION_PREFIX);
    const { process } = await this.#call(nested, this.#connection.unary(Tasks.method.get, ids));
    if (process?.status !== Status.RUNNING) throw notFound(nested);
    if (signal === SIGKILL) await this.#call(nested, killTree(this.#connection, ids, process.pid));
    else await this.#call(nested, this.#connection.unary(Tasks.method.kill, { ...ids, signal }));
  }

  /** Forgets one that has ended, with its output. Rejects when it runs; one that is not there is no error. */
  async remove(nested: NestedId): Promise<void> {
    if (this.session(nested) !== undefined) throw runs();
    this.#ends.delete(key(nested));
    const ids = idsOf(nested);
    const { process } = (await this.#connection.unary(Tasks.method.get, ids).catch(undefinedIfGone)) ?? {};
    if (process?.status === Status.RUNNING) throw runs();
    await this.#call(nested, this.#connection.unary(Tasks.method.deleteProcess, ids).catch(ignoreGone));
    await rm(this.folder(nested), { recursive: true, force: true });
  }

  /** Those that run in this container. */
  async list(parent: string): Promise<NestedContainer[]> {
    const reply = this.#connection.unary(Tasks.method.listPids, { containerId: parent });
    const { processes } = await reply.catch((error: unknown) => {
      throw translate(error, parent);
    });
    return processes.flatMap(({ pid, info }) => {
      const { execId = "" } = unpackMessage(ProcessDetailsSchema, info) ?? {};
      const prefix = [PREFIX, SESSION_PREFIX].find((one) => execId.startsWith(one));
      return prefix === undefined ? [] : [{ parent, id: execId.slice(prefix.length), pid }];
    });
  }

  /** Ends the sessions of an agent before this one: nobody reads them any more. */
  async endOldSessions(parent: string): Promise<void> {
    for (const { id, pid } of await this.list(parent)) {
      if (this.session({ parent, id }) !== undefined) continue;
      const ids = idsOf({ parent, id }, SESSION_PREFIX);
      if ((await this.#connection.unary(Tasks.method.get, ids).catch(undefinedIfGone)) === undefined)
        continue;
      await killTree(this.#connection, ids, pid);
      await this.#connection.unary(Tasks.method.deleteProcess, ids).catch(ignoreGone);
    }
  }

  async #prepare(nested: NestedId): Promise<Container> {
    if (!ID.test(nested.id) || nested.id.length > LONGEST_ID) {
      throw new InvalidSpecError(
        `'ContainerID.value' '${nested.id}' is not supported: up to ${LONGEST_ID} letters, digits, and single '-' and '_' between them`,
      );
    }
    const ids = idsOf(nested);
    const known = await this.#connection.unary(Tasks.method.get, ids).catch(undefinedIfGone);
    if (known !== undefined || this.session(nested) !== undefined) throw exists(nested);
    const { container } = await this.#call(
      nested,
      this.#connection.unary(Containers.method.get, { id: nested.parent }),
    );
    if (container === undefined) throw notFound(nested);
    return container;
  }

  #forget(nested: NestedId, code: number): void {
    this.#sessions.delete(key(nested));
    this.#ends.set(key(nested), code);
    const [oldest] = this.#ends.keys();
    if (this.#ends.size > REMEMBERED_ENDS && oldest !== undefined) this.#ends.delete(oldest);
  }

  async #call<T>(nested: NestedId, reply: Promise<T>): Promise<T> {
    try {
      return await reply;
    } catch (error) {
      throw isNotFound(error) ? notFound(nested, error) : translate(error, nested.parent);
    }
  }
}

const runs = () => new InvalidSpecError("Nested container has not terminated yet");
const exists = (nested: NestedId) => new ContainerExistsError(`container ${key(nested)} exists`);
const notFound = (nested: NestedId, cause?: unknown) =>
  new ContainerNotFoundError(`container ${key(nested)} is not there`, { cause });

function undefinedIfGone(error: unknown): undefined {
  if (isNotFound(error)) return undefined;
  throw error;
}
