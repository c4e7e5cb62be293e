import { text } from "node:stream/consumers";
import type { Connection } from "../../../src/cluster/connection.ts";
import { samples } from "./prometheus.ts";

/** Requests that changed something, by "VERB resource" or "VERB resource/subresource". */
export type Writes = ReadonlyMap<string, number>;

const VERBS = new Set(["POST", "PUT", "PATCH", "APPLY", "DELETE", "DELETECOLLECTION"]);

/** All that the API server has taken since it started, by its own count; dry runs and refusals are none. */
export async function readWrites(connection: Connection): Promise<Writes> {
  const response = await connection.open({ method: "GET", path: "/metrics" }, 30_000);
  const writes = new Map<string, number>();
  for (const { labels, value } of samples(await text(response), "apiserver_request_total")) {
    const { verb = "", resource = "", subresource = "", code = "", dry_run: dryRun = "" } = labels;
    if (!VERBS.has(verb) || !code.startsWith("2") || dryRun !== "") continue;
    const key = `${verb} ${resource}${subresource === "" ? "" : `/${subresource}`}`;
    writes.set(key, (writes.get(key) ?? 0) + value);
  }
  return writes;
}

/** What came between; heartbeats are no work of anybody's launch. */
export function writesBetween(before: Writes, after: Writes): Map<string, number> {
  const between = new Map<string, number>();
  for (const [key, count] of after) {
    const more = count - (before.get(key) ?? 0);
    if (more > 0 && !/ (leases|subjectaccessreviews|tokenreviews)$/.test(key)) between.set(key, more);
  }
  return between;
}

export const total = (writes: Writes): number => [...writes.values()].reduce((sum, count) => sum + count, 0);
