import { create } from "@bufbuild/protobuf";
import { type Answer, badRequest } from "../../http/answer.ts";
import { ContainerStatusSchema, ResourceStatisticsSchema } from "../../wire/gen/mesos/v1/mesos_pb.ts";
import { toJsonValue } from "../../wire/tojson.ts";
import type { Exchange, Route } from "../http/routes.ts";
import type { Access, Visitor } from "./access.ts";
import { type AgentView, containerStatus, type RunningContainer } from "./agentView.ts";
import { account, type FileCalls } from "./fileCalls.ts";
import { fileMode } from "./fileMode.ts";
import type { SlaveMetrics } from "./metrics.ts";
import { permissions } from "./permissions.ts";
import { buildInfo, type V0StateOptions, v0State } from "./v0state.ts";

export interface V0Options {
  readonly access: Access;
  readonly node: string;
  readonly view: AgentView;
  readonly files: FileCalls;
  readonly metrics: Pick<SlaveMetrics, "snapshot">;
  readonly state: V0StateOptions;
}

type Tell = (query: URLSearchParams, visitor: Visitor) => Promise<object | Answer>;

/** The paths of Mesos's older API that dashboards and exporters read. */
export function v0Routes({ access, node, view, files, metrics, state }: V0Options): Route[] {
  const serve = (path: string, tell: Tell): Route => ({
    methods: ["GET"],
    // Once they ended so, and clients of that age still ask so.
    paths: [path, `${path}.json`],
    handle: ({ request, url }) =>
      access.serve(request, async (visitor) => json(url, await tell(url.searchParams, visitor))),
  });
  const ofAgent =
    (tell: Tell): Tell =>
    async (query, visitor) => {
      await visitor.must(permissions.getAgent(node));
      return tell(query, visitor);
    };
  const download = ({ request, response, url }: Exchange) =>
    access.serve(request, async (visitor) => {
      const path = url.searchParams.get("path") ?? "";
      return path === "" ? NO_PATH : files.download(path, visitor, response);
    });
  return [
    { methods: ["GET"], paths: ["/version"], plain: true, handle: async ({ url }) => json(url, buildInfo) },
    serve(
      "/flags",
      ofAgent(async () => ({ flags: state.flags })),
    ),
    serve(
      "/state",
      ofAgent(async (_query, visitor) => v0State(state, await view.executorsHere(visitor))),
    ),
    serve(
      "/metrics/snapshot",
      ofAgent(() => metrics.snapshot()),
    ),
    serve("/monitor/statistics", async (_query, visitor) =>
      (await view.running(visitor)).filter(({ statistics }) => statistics).map(v0Statistics),
    ),
    serve("/containers", (query, visitor) => v0Containers(view, query, visitor)),
    serve("/files/browse", (query, visitor) => v0Browse(files, query, visitor)),
    serve("/files/read", (query, visitor) => v0Read(files, query, visitor)),
    { methods: ["GET"], paths: ["/files/download", "/files/download.json"], handle: download },
  ];
}

const NO_PATH = badRequest("Expecting 'path=value' in query.\n");

function json(url: URL, value: object | Answer): Answer {
  if ("status" in value && typeof value.status === "number") return value as Answer;
  const text = JSON.stringify(value);
  const jsonp = url.searchParams.get("jsonp");
  if (jsonp === null) return { status: 200, body: text, headers: { "Content-Type": "application/json" } };
  if (!/^[\w$.]{1,128}$/.test(jsonp)) return badRequest("'jsonp' must name a function");
  return { status: 200, body: `${jsonp}(${text});`, headers: { "Content-Type": "text/javascript" } };
}

/** Mesos: src/slave/http.cpp, _statistics. */
const v0Statistics = ({ executor, statistics = { timestamp: 0 } }: RunningContainer) => ({
  framework_id: executor.owner.id,
  executor_id: executor.id,
  executor_name: executor.name,
  source: executor.id,
  statistics: toJsonValue(ResourceStatisticsSchema, create(ResourceStatisticsSchema, statistics)),
});

async function v0Containers(
  view: AgentView,
  query: URLSearchParams,
  visitor: Visitor,
): Promise<object | Answer> {
  const [container, framework, executor] = ["container_id", "framework_id", "executor_id"].map((name) =>
    query.get(name),
  );
  if ((container && (executor || framework)) || (!container && executor && !framework)) {
    return badRequest(
      "Supported query parameters are container_id only, framework_id only, or executor_id and framework_id only",
    );
  }
  const isWanted = ({ executor: one, record }: RunningContainer) =>
    (!container || record.uid === container) &&
    (!framework || one.owner.id === framework) &&
    (!executor || one.id === executor);
  return (await view.running(visitor)).filter(isWanted).map((one) => {
    const { statistics, ...rest } = v0Statistics(one);
    const status = create(ContainerStatusSchema, containerStatus(one.record));
    return {
      ...rest,
      container_id: one.record.uid,
      status: toJsonValue(ContainerStatusSchema, status),
      ...(one.statistics && { statistics }),
    };
  });
}

async function v0Browse(
  files: FileCalls,
  query: URLSearchParams,
  visitor: Visitor,
): Promise<object | Answer> {
  const path = query.get("path") ?? "";
  if (path === "") return NO_PATH;
  const found = await files.browse(path, visitor);
  if ("status" in found) return found;
  return found.map(({ name, stats }) => ({
    path: name,
    nlink: stats.nlink,
    size: stats.size,
    mtime: Math.trunc(stats.mtimeMs / 1000),
    mode: fileMode(stats.mode),
    uid: account(stats.uid),
    gid: account(stats.gid),
  }));
}

/** An offset of -1 asks for the size alone (Mesos: src/files/files.cpp, __read). */
async function v0Read(files: FileCalls, query: URLSearchParams, visitor: Visitor): Promise<object | Answer> {
  const path = query.get("path") ?? "";
  if (path === "") return NO_PATH;
  const numbers = { offset: -1n, length: -1n };
  for (const name of ["offset", "length"] as const) {
    const text = query.get(name);
    if (text === null) continue;
    if (!/^-?\d{1,18}$/.test(text))
      return badRequest(`Failed to parse ${name}: Failed to convert '${text}' to number.\n`);
    numbers[name] = BigInt(text);
    if (numbers[name] < -1n) return badRequest(`Negative ${name} provided: ${text}.\n`);
  }
  const { offset, length } = numbers;
  const asksSize = offset === -1n;
  const wanted = asksSize ? 0n : length === -1n ? undefined : length;
  const found = await files.read(path, asksSize ? 0n : offset, wanted, visitor);
  if ("status" in found) return found;
  return {
    offset: Number(asksSize ? found.size : offset),
    data: Buffer.from(found.data ?? new Uint8Array()).toString("utf8"),
  };
}
