import { join, relative } from "node:path";
import { taskIdOf } from "../../convert/status.ts";
import type { TaskRecord } from "../checkpoint/record.ts";
import { CONTAINERS, TASKS } from "../sandbox/executorSandbox.ts";
import { EXECUTORS, type Layout, uidOfSandbox } from "../sandbox/layout.ts";
import type { TaskRef } from "./permissions.ts";

/** Where a path of the files API leads. */
export interface Place {
  readonly task: TaskRef;
  /** The uid of the task: its container's id. */
  readonly uid: string;
  readonly sandbox: string;
  /** Below the sandbox; empty: the sandbox itself. */
  readonly inside: string;
}

/** /frameworks/F/executors/E/runs/C, which is what Mesos calls a sandbox beside its path on the node. */
const VIRTUAL = /^\/frameworks\/([^/]+)\/executors\/([^/]+)\/runs\/([^/]+)(?:\/(.*))?$/;

/** Sandboxes of tasks that are gone are found too, as long as they are kept; `records` are those of tasks that are not. */
export function placeOf(path: string, layout: Layout, records: Iterable<TaskRecord>): Place | undefined {
  return virtualPlace(path, records) ?? realPlace(path, layout);
}

function virtualPlace(path: string, records: Iterable<TaskRecord>): Place | undefined {
  const [, framework, executor, run, inside = ""] = VIRTUAL.exec(path) ?? [];
  if (framework === undefined || executor === undefined || run === undefined) return undefined;
  const mine = [...records].filter(({ framework: { id } }) => id === framework);
  const isRun = (uid: string) => run === "latest" || run === uid;
  const alone = mine.filter((record) => isRun(record.uid) && idOf(record) === executor);
  const found = alone.at(-1);
  if (found) return placeIn(found, inside);
  // Below an executor that the agent itself is, a task's sandbox is the folder of its id.
  const [folder, taskId, ...rest] = inside.split("/");
  const below = mine.filter(
    (record) => record.parent?.executorId === executor && isRun(record.parent.uid) && idOf(record) === taskId,
  );
  return folder === TASKS ? placeIn(below.at(-1), rest.join("/")) : undefined;
}

const idOf = ({ spec, name }: TaskRecord): string => taskIdOf({ spec, metadata: { name } });

function placeIn(record: TaskRecord | undefined, inside: string): Place | undefined {
  if (record?.sandbox === undefined) return undefined;
  const { uid, sandbox, namespace, name } = record;
  return { task: { namespace, name }, uid, sandbox, inside };
}

function realPlace(path: string, layout: Layout): Place | undefined {
  if (!path.startsWith("/") || path.split("/").includes("..")) return undefined;
  const [namespace, ...parts] = relative(layout.sandboxes, path).split("/");
  if (namespace === undefined || namespace === "" || namespace === "..") return undefined;
  const at = sandboxDepth(parts);
  const folder = parts[at] ?? "";
  const uid = uidOfSandbox(folder);
  if (uid === undefined) return undefined;
  const name = folder.slice(0, -(uid.length + 1));
  const sandbox = join(layout.sandboxes, namespace, ...parts.slice(0, at + 1));
  return { task: { namespace, name }, uid, sandbox, inside: parts.slice(at + 1).join("/") };
}

/** Which of the folders below a namespace is a task's sandbox: after the framework's, or the executor's own of tasks. */
function sandboxDepth([, executors, executor = "", containers]: readonly string[]): number {
  const nested = executors === EXECUTORS && containers === CONTAINERS && uidOfSandbox(executor) !== undefined;
  return nested ? 4 : 1;
}
