import type { Readable, Writable } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import { packOciSpec } from "../containerd/any.ts";
import type { Connection } from "../containerd/connection.ts";
import type { Container } from "../containerd/gen/containerd/containers_pb.ts";
import { Tasks } from "../containerd/gen/containerd/tasks_pb.ts";
import { isUnavailable } from "../containerd/rpcError.ts";
import { execProcess, ignoreGone, killTree, type TerminalSize } from "./exec.ts";
import { Fifos } from "./fifo.ts";
import { type ProcessIds, waitForProcess } from "./processWait.ts";

export interface Program {
  readonly argv: readonly string[];
  /** Beside the container's own. */
  readonly env: Readonly<Record<string, string>>;
  /** Absent: no terminal. */
  readonly terminal?: TerminalSize;
}

const CLEANUP_DEADLINE_MS = 30_000;
const RETRY_MS = 200;

/** A process in a running container whose input and output are streams of this process. Ends with it. */
export class Session {
  readonly #connection: Connection;
  readonly #ids: ProcessIds;
  readonly #fifos: Fifos;
  readonly #pid: number;
  readonly hasTerminal: boolean;
  readonly stdin: Writable;
  readonly stdout: Readable;
  /** A terminal has none of its own. */
  readonly stderr: Readable | undefined;
  /** The exit code; -1: it is not known. */
  readonly exited: Promise<number>;
  /** The same, once nobody writes to its output any more. */
  readonly ended: Promise<number>;
  #hasExited = false;

  static async start(
    connection: Connection,
    container: Container,
    ids: ProcessIds,
    program: Program,
    folder: string,
  ): Promise<Session> {
    const { argv, env, terminal } = program;
    const names = terminal === undefined ? ["stdin", "stdout", "stderr"] : ["stdin", "stdout"];
    const fifos = await Fifos.make(folder, names);
    const streams = {
      stdin: fifos.writer("stdin"),
      stdout: fifos.reader("stdout"),
      stderr: terminal === undefined ? fifos.reader("stderr") : undefined,
    };
    try {
      const process = execProcess(container, argv, terminal ? { TERM: "xterm", ...env } : env, terminal);
      await connection.unary(Tasks.method.exec, {
        ...ids,
        spec: packOciSpec("Process", process),
        terminal: terminal !== undefined,
        stdin: fifos.path("stdin"),
        stdout: fifos.path("stdout"),
        stderr: streams.stderr === undefined ? "" : fifos.path("stderr"),
      });
      const { pid } = await connection
        .unary(Tasks.method.start, ids, { deadlineMs: CLEANUP_DEADLINE_MS })
        .catch(async (error: unknown) => {
          await connection.unary(Tasks.method.deleteProcess, ids).catch(() => {});
          throw error;
        });
      const session = new Session(connection, ids, fifos, pid, streams);
      if (typeof terminal === "object") await session.resize(terminal).catch(ignoreGone);
      return session;
    } catch (error) {
      for (const stream of Object.values(streams)) stream?.destroy();
      await fifos.release();
      throw error;
    }
  }

  private constructor(
    connection: Connection,
    ids: ProcessIds,
    fifos: Fifos,
    pid: number,
    streams: Pick<Session, "stdin" | "stdout" | "stderr">,
  ) {
    this.#connection = connection;
    this.#ids = ids;
    this.#fifos = fifos;
    this.#pid = pid;
    this.stdin = streams.stdin;
    this.stdout = streams.stdout;
    this.stderr = streams.stderr;
    this.hasTerminal = streams.stderr === undefined;
    // A process that has ended reads no more.
    this.stdin.on("error", () => {});
    this.exited = waitForProcess(connection, ids)
      .catch(() => -1)
      .finally(() => {
        this.#hasExited = true;
      });
    this.ended = this.#end();
  }

  async resize({ rows, columns }: Exclude<TerminalSize, "unsized">): Promise<void> {
    await this.#connection.unary(Tasks.method.resizePty, { ...this.#ids, height: rows, width: columns });
  }

  /** The process reads to the end of what was written, and then an end of file. */
  async closeInput(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.stdin.end(resolve);
    await promise;
    // The shim holds the pipe open too.
    await this.#connection.unary(Tasks.method.closeIO, { ...this.#ids, stdin: true }).catch(ignoreGone);
  }

  /** With all that it has begun. */
  async kill(): Promise<void> {
    // Its pid may be another's by now.
    if (!this.#hasExited) await killTree(this.#connection, this.#ids, this.#pid);
    // Nobody reads it any more, and the shim does not let go before it has written all.
    this.stdout.resume();
    this.stderr?.resume();
  }

  async #end(): Promise<number> {
    const code = await this.exited;
    // Waits for the last of the output: as long as somebody in the container holds it, and as the reader takes.
    const options = { deadlineMs: CLEANUP_DEADLINE_MS };
    while (
      !(await this.#connection.unary(Tasks.method.deleteProcess, this.#ids, options).then(
        () => true,
        (error: unknown) => this.#connection.closed || !isUnavailable(error),
      ))
    ) {
      await delay(RETRY_MS);
    }
    this.stdin.destroy();
    await this.#fifos.release();
    return code;
  }
}
