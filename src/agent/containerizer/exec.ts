import { randomUUID } from "node:crypto";
import { join } from "node:path";
import * as z from "zod";
import { packOciSpec, unpackJson } from "../containerd/any.ts";
import type { Connection } from "../containerd/connection.ts";
import type { Container } from "../containerd/gen/containerd/containers_pb.ts";
import { Tasks } from "../containerd/gen/containerd/tasks_pb.ts";
import { isCancelled, isNotFound, isUnavailable, RpcError } from "../containerd/rpcError.ts";
import { CapturedOutput } from "./capturedOutput.ts";
import type { ExecOptions, ExecResult } from "./containerizer.ts";
import { descendants } from "./processTree.ts";

const DEFAULT_OUTPUT_BYTES = 64 << 10;
const SIGKILL = 9;
/** For what is left to do once the process is killed. */
const CLEANUP_DEADLINE_MS = 30_000;
const DISCARD_DEADLINE_MS = 2_000;

/** "unsized": with a terminal, of no size yet. */
export type TerminalSize = { readonly rows: number; readonly columns: number } | "unsized";

const specSchema = z.object({ process: z.looseObject({ env: z.array(z.string()) }) });

/** The container's own process with other arguments, and its environment with more in it. */
export function execProcess(
  container: Container,
  argv: readonly string[],
  env: Readonly<Record<string, string>>,
  terminal?: TerminalSize,
) {
  const { process } = specSchema.parse(unpackJson(container.spec));
  const merged = new Map(process.env.map((entry) => [entry.slice(0, entry.indexOf("=")), entry]));
  for (const [name, value] of Object.entries(env)) merged.set(name, `${name}=${value}`);
  return { ...process, args: argv, env: [...merged.values()], ...terminalOf(terminal) };
}

const terminalOf = (size: TerminalSize | undefined) =>
  typeof size === "object"
    ? { terminal: true, consoleSize: { height: size.rows, width: size.columns } }
    : { terminal: size !== undefined };

/** Runs one process in a running container. `folder` takes the output files for the while. */
export async function execIn(
  connection: Connection,
  container: Container,
  argv: readonly string[],
  env: Readonly<Record<string, string>>,
  options: ExecOptions & { readonly folder: string },
): Promise<ExecResult> {
  const ids = { containerId: container.id, execId: `exec-${randomUUID()}` };
  const maxBytes = options.maxOutputBytes ?? DEFAULT_OUTPUT_BYTES;
  const open = (stream: string) =>
    CapturedOutput.open(join(options.folder, `${ids.execId}.${stream}`), maxBytes);
  const [stdout, stderr] = [await open("stdout"), await open("stderr")];
  try {
    const end = await runProcess(
      connection,
      ids,
      { stdout, stderr },
      execProcess(container, argv, env),
      options,
    );
    return { ...end, stdout: await stdout.finish(), stderr: await stderr.finish() };
  } catch (error) {
    await Promise.allSettled([stdout.finish(), stderr.finish()]);
    throw error;
  }
}

async function runProcess(
  connection: Connection,
  ids: { readonly containerId: string; readonly execId: string },
  { stdout, stderr }: { readonly stdout: CapturedOutput; readonly stderr: CapturedOutput },
  process: unknown,
  options: ExecOptions,
): Promise<{ code: number; timedOut: boolean }> {
  const spec = packOciSpec("Process", process);
  await connection.unary(Tasks.method.exec, { ...ids, spec, stdout: stdout.path, stderr: stderr.path });
  let end: { code: number; timedOut: boolean };
  try {
    end = await runToEnd(connection, ids, options);
  } catch (error) {
    await discard(connection, ids);
    throw error;
  }
  // Waits for the last of the output.
  await connection
    .unary(Tasks.method.deleteProcess, ids, { deadlineMs: CLEANUP_DEADLINE_MS })
    .catch(ignoreGone);
  return end;
}

async function runToEnd(
  connection: Connection,
  ids: { readonly containerId: string; readonly execId: string },
  { timeoutMs, signal }: ExecOptions,
): Promise<{ code: number; timedOut: boolean }> {
  const { pid } = await connection.unary(Tasks.method.start, ids, {
    deadlineMs: timeoutMs + CLEANUP_DEADLINE_MS,
  });
  try {
    const { exitStatus } = await connection.unary(Tasks.method.wait, ids, { deadlineMs: timeoutMs, signal });
    return { code: exitStatus, timedOut: false };
  } catch (error) {
    if (!isUnavailable(error) && !isCancelled(error)) throw error;
    await killTree(connection, ids, pid);
    if (signal?.aborted) throw signal.reason;
    const { exitStatus } = await connection.unary(Tasks.method.wait, ids, {
      deadlineMs: CLEANUP_DEADLINE_MS,
    });
    return { code: exitStatus, timedOut: true };
  }
}

/** After a failure, which is the one to tell: whatever goes wrong here follows from it. */
async function discard(
  connection: Connection,
  ids: { readonly containerId: string; readonly execId: string },
): Promise<void> {
  const options = { deadlineMs: CLEANUP_DEADLINE_MS };
  const { kill, wait, deleteProcess } = Tasks.method;
  await connection.unary(kill, { ...ids, signal: SIGKILL }, options).catch(() => {});
  await connection.unary(wait, ids, { deadlineMs: DISCARD_DEADLINE_MS }).catch(() => {});
  await connection.unary(deleteProcess, ids, options).catch(() => {});
}

/** What the process began is listed while it lives; afterwards it would belong to the container's first process. */
export async function killTree(
  connection: Connection,
  ids: { readonly containerId: string; readonly execId: string },
  pid: number,
): Promise<void> {
  const begun = await descendants(pid);
  await connection.unary(Tasks.method.kill, { ...ids, signal: SIGKILL }).catch(ignoreGone);
  for (const each of begun) {
    try {
      process.kill(each, "SIGKILL");
    } catch {
      // It has ended.
    }
  }
}

export function ignoreGone(error: unknown): void {
  if (!isNotFound(error) && !(error instanceof RpcError && /not (running|found)/.test(error.message)))
    throw error;
}
