import { MESOS_VERSION } from "../../convert/master.ts";
import type { Answer } from "../../http/answer.ts";
import { ownMetrics } from "../operator/metrics.ts";

const JSON_TYPE = { "Content-Type": "application/json" };

/** What every replica answers by itself, without asking who wants to know. `leader` is host:port. */
export function openAnswer(path: "/health" | "/version" | "/redirect", leader: string | undefined): Answer {
  if (path === "/health") return { status: 200 };
  if (path === "/version") {
    const body = JSON.stringify({ build_date: "", build_time: 0, build_user: "", version: MESOS_VERSION });
    return { status: 200, body, headers: JSON_TYPE };
  }
  if (leader === undefined) return { status: 503, body: "No leader elected" };
  return { status: 307, headers: { Location: `//${leader}` } };
}

/** What a replica that does not lead measures. */
export const followerMetrics = (): Answer => ({
  status: 200,
  body: JSON.stringify(Object.fromEntries(ownMetrics(false))),
  headers: JSON_TYPE,
});
