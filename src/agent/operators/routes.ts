import type { Registry } from "prom-client";
import type { Agent as AgentObject } from "../../api/agent.ts";
import type { Executor } from "../../api/executor.ts";
import type { Task } from "../../api/task.ts";
import { AccessReviews } from "../../auth/authorizer.ts";
import { TokenAuthenticator } from "../../auth/bearer.ts";
import { KeptReviews } from "../../auth/keptreviews.ts";
import type { Connection } from "../../cluster/connection.ts";
import type { Logger } from "../../cluster/logger.ts";
import type { Reader } from "../../cluster/store.ts";
import type { Clock } from "../../cluster/time.ts";
import type { AgentConfig } from "../../config/agent.ts";
import { Throttle } from "../../http/throttle.ts";
import type { TaskRecord } from "../checkpoint/record.ts";
import type { ContainerRuntime } from "../containerizer/open.ts";
import { healthRoute } from "../http/health.ts";
import type { Route } from "../http/routes.ts";
import type { Layout } from "../sandbox/layout.ts";
import { Access } from "./access.ts";
import { AgentView } from "./agentView.ts";
import { Calls } from "./calls.ts";
import { ContainerCalls } from "./containers.ts";
import { FileCalls } from "./fileCalls.ts";
import { flagsOf } from "./flags.ts";
import { apiRoute } from "./handler.ts";
import { LogLevel } from "./logLevel.ts";
import { SlaveMetrics } from "./metrics.ts";
import { v0Routes } from "./v0routes.ts";

export interface OperatorRoutesOptions {
  readonly config: AgentConfig;
  readonly connection: Connection;
  readonly node: string;
  /** The node's own, as clients reach it. */
  readonly address: string;
  /** Of what has a container of its own: most tasks, and executors. */
  readonly records: () => Iterable<TaskRecord>;
  /** Of tasks, whoever runs them. */
  readonly taskRecords: () => Iterable<TaskRecord>;
  readonly record: (uid: string) => TaskRecord | undefined;
  readonly tasks: Reader<Task>;
  readonly executors: Reader<Executor>;
  readonly agents: Reader<AgentObject>;
  /** Whether they are filled. */
  readonly isReady: () => boolean;
  readonly runtime: Pick<ContainerRuntime, "containerizer" | "nested">;
  readonly layout: Layout;
  readonly registry: Registry;
  readonly clock: Clock;
  readonly log: Logger;
}

/** The operator API of Mesos's agent, v1 and v0. */
export function operatorRoutes(options: OperatorRoutesOptions): Route[] {
  const { config, connection, node, address, records, tasks, agents, runtime, layout, registry, clock, log } =
    options;
  const { port } = config.http;
  const startedAt = clock.now();
  const access = new Access({
    authenticators: [new TokenAuthenticator(connection, clock)],
    authorizer: new KeptReviews(new AccessReviews(connection), clock),
    throttle: new Throttle(config.http.requests, clock),
    sources: new Throttle(config.http.requestsPerAddress, clock),
    isReady: options.isReady,
    log,
  });
  const view = new AgentView({
    node,
    port,
    records: options.taskRecords,
    record: options.record,
    executors: () => options.executors.values(),
    task: (key) => tasks.get(key),
    agent: () => agents.get(node),
    ...runtime,
    clock,
  });
  const metrics = new SlaveMetrics({
    registry,
    clock,
    startedAt,
    total: () => view.total(),
    here: () => view.everything(),
  });
  const files = new FileCalls({ layout, records, nested: runtime.nested });
  const containers = new ContainerCalls({ ...runtime, task: options.record, log });
  const flags = flagsOf(config);
  const attributes = () => agents.get(node)?.status?.attributes ?? [];
  const calls = new Calls({
    containers,
    files,
    view,
    logLevel: new LogLevel(log, clock),
    metrics,
    flags,
    node,
  });
  const state = { view, flags, address, port, attributes, startedAt };
  return [healthRoute, apiRoute(access, calls), ...v0Routes({ access, node, view, files, metrics, state })];
}
