import { join, relative } from "node:path";
import { taskIdOf } from "../../convert/status.ts";
import type { TaskRecord } from "../checkpoint/record.ts";
import { type Layout, uidOfSandbox } from "../sandbox/layout.ts";
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
  if (framework === undefined) return undefined;
  const found = [...records].filter(
    ({ uid, framework: { id }, spec, name }) =>
      id === framework &&
      (run === "latest" || run === uid) &&
      taskIdOf({ spec, metadata: { name } }) === executor,
  );
  const record = found.at(-1);
  if (record?.sandbox === undefined) return undefined;
  const { uid, sandbox, namespace, name } = record;
  return { task: { namespace, name }, uid, sandbox, inside };
}

function realPlace(path: string, layout: Layout): Place | undefined {
  if (!path.startsWith("/") || path.split("/").includes("..")) return undefined;
  const [namespace, framework, folder, ...rest] = relative(layout.sandboxes, path).split("/");
  if (namespace === undefined || namespace === "" || namespace === ".." || framework === undefined)
    return undefined;
  const uid = uidOfSandbox(folder ?? "");
  if (uid === undefined || folder === undefined) return undefined;
  const name = folder.slice(0, -(uid.length + 1));
  const sandbox = join(layout.sandboxes, namespace, framework, folder);
  return { task: { namespace, name }, uid, sandbox, inside: rest.join("/") };
}
