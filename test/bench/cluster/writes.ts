import { text } from "node:stream/consumers";
import type { Connection } from "../../../src/cluster/connection.ts";
import { samples } from "./prometheus.ts";

/** Requests that changed something, by "VERB resource" or "VERB resource/subresource"; those that were refused, by that and the code. */
export type Writes = ReadonlyMap<string, number>;

const VERBS = new Set(["POST", "PUT", "PATCH", "APPLY", "DELETE", "DELETECOLLECTION"]);

export interface Count {
  readonly taken: Writes;
  readonly refused: Writes;
}

/** All writes since the API server started, by its own count; dry runs are none. */
export async function readWrites(connection: Connection): Promise<Count> {
  const response = await connection.open({ method: "GET", path: "/metrics" }, 30_000);
  const taken = new Map<string, number>();
  const refused = new Map<string, number>();
  for (const { labels, value } of samples(await text(response), "apiserver_request_total")) {
    const { verb = "", resource = "", subresource = "", code = "", dry_run: dryRun = "" } = labels;
    if (!VERBS.has(verb) || dryRun !== "") continue;
    const key = `${verb} ${resource}${subresource === "" ? "" : `/${subresource}`}`;
    if (code.startsWith("2")) taken.set(key, (taken.get(key) ?? 0) + value);
    else refused.set(`${key} ${code}`, (refused.get(`${key} ${code}`) ?? 0) + value);
  }
  return { taken, refused };
}

/** What came between; heartbeats are no work of anybody's launch. */
export function writesBetween(before: Writes, after: Writes): Map<string, number> {
  const between = new Map<string, number>();
  for (const [key, count] of after) {
    const more = count - (before.get(key) ?? 0);
    if (more > 0 && !/ (leases|subjectaccessreviews|tokenreviews)( |$)/.test(key)) between.set(key, more);
  }
  return between;
}

export const total = (writes: Writes): number => [...writes.values()].reduce((sum, count) => sum + count, 0);
