import { readFile } from "node:fs/promises";
import { hostname } from "node:os";
import type { Agent as AgentObject } from "../api/agent.ts";
import { durationMs } from "../api/duration.ts";
import type { Executor } from "../api/executor.ts";
import type { Task } from "../api/task.ts";
import { TokenAuthenticator } from "../auth/bearer.ts";
import { agents, executors, frameworks, reservations, tasks } from "../client/handles.ts";
import { events as eventsOf, namespaces, pods, secrets } from "../cluster/core.ts";
import { EventWriter } from "../cluster/events.ts";
import { keyOf } from "../cluster/object.ts";
import { Reflector } from "../cluster/reflector.ts";
import { PATIENCE } from "../http/connections.ts";
import { Throttle } from "../http/throttle.ts";
import { AGENT_AUDIENCE } from "../wire/executormessage.ts";
import type { AgentOptions } from "./agentOptions.ts";
import type { TaskRecord } from "./checkpoint/record.ts";
import type { RecordStore } from "./checkpoint/recordStore.ts";
import type { ContainerRuntime } from "./containerizer/open.ts";
import { DefaultExecutors } from "./defaultexecutor/defaultExecutors.ts";
import { ExecutorHub } from "./executors/hub.ts";
import { messageRoutes } from "./executors/messageRoutes.ts";
import { executorObstacle } from "./executors/obstacle.ts";
import { executorRoute } from "./executors/route.ts";
import { hasLiveTask, superviseExecutors } from "./executors/supervision.ts";
import { Fetcher } from "./fetcher/fetcher.ts";
import { UriCache } from "./fetcher/uriCache.ts";
import { AgentServer } from "./http/server.ts";
import { parseResolvConf } from "./launch/dns.ts";
import { Launcher } from "./launch/launcher.ts";
import { retry } from "./launch/retry.ts";
import { isRunByExecutor } from "./lifecycle/executorTask.ts";
import { AgentMetrics } from "./metrics.ts";
import { operatorRoutes } from "./operators/routes.ts";
import { KeyedLock } from "./provisioner/keyedLock.ts";
import { Effects } from "./run/effects.ts";
import { endNote } from "./run/endNote.ts";
import { Monitors } from "./run/monitors.ts";
import { TaskStatusWriter } from "./run/statusWriter.ts";
import { Supervisor } from "./run/supervisor.ts";
import { LateVolumes } from "./sandbox/lateVolumes.ts";
import type { Layout } from "./sandbox/layout.ts";
import { removeSecretFiles } from "./sandbox/secretFiles.ts";
import { addAmounts } from "./slot/grant.ts";
import { SlotWatch } from "./slot/slotWatch.ts";
import { bytesOf } from "./upkeep/bytes.ts";
import { memTotal } from "./upkeep/memoryPressure.ts";
import { Upkeep } from "./upkeep/upkeep.ts";

/** What the agent has of the node when it puts its parts together. */
export interface NodeParts {
  readonly runtime: ContainerRuntime;
  readonly layout: Layout;
  readonly records: RecordStore;
  readonly executorRecords: RecordStore;
  readonly bootId: string;
}

/** The agent's parts, tied to each other; none runs yet. */
export interface AgentParts {
  readonly supervisor: Supervisor;
  readonly monitors: Monitors;
  readonly upkeep: Upkeep;
  readonly events: EventWriter;
  /** Tasks of this agent. */
  readonly tasks: Reflector<Task>;
  /** The agent's own object. */
  readonly agent: Reflector<AgentObject>;
  readonly slots: SlotWatch;
  readonly server: AgentServer;
  readonly executors: {
    readonly supervisor: Supervisor;
    readonly objects: Reflector<Executor>;
    readonly hub: ExecutorHub;
  };
  /** From now on executors are answered. */
  readonly recovered: () => void;
}

/** @param signal aborts when the agent stops */
export async function compose(
  options: AgentOptions,
  parts: NodeParts,
  signal: AbortSignal,
): Promise<AgentParts> {
  const { config, connection, node, clock, uuid, log } = options;
  const { runtime, layout, records, executorRecords, bootId } = parts;
  const { containerizer, provisioner } = runtime;
  const watch = { logger: log, clock };
  const client = tasks(connection);
  const taskWatch = new Reflector<Task>(client, { ...watch, fieldSelector: `spec.agent=${node}` });
  const agent = new Reflector<AgentObject>(agents(connection), {
    ...watch,
    fieldSelector: `metadata.name=${node}`,
  });
  const slots = new SlotWatch({
    pods: pods(connection),
    namespace: config.namespace,
    node,
    locate: (id) => runtime.slots.locate(id),
    log,
  });
  const cache = new UriCache(layout.uriCache, bytesOf(config.uriCacheSize));
  const fetcher = new Fetcher({
    spool: layout.spool,
    cache,
    timeout: durationMs(config.uriTimeout),
    nodeRoot: () => runtime.nodeRoot(),
  });
  await fetcher.open();
  const dns = parseResolvConf(await readFile("/etc/resolv.conf", "utf8").catch(() => ""));
  const executorWatch = new Reflector<Executor>(executors(connection), {
    ...watch,
    fieldSelector: `spec.agent=${node}`,
  });
  const defaultExecutors = new DefaultExecutors({
    executors: executorWatch,
    client: executors(connection),
    containerizer,
    provisioner,
    slots,
    layout,
    nodeAddress: options.addresses[0],
    dns,
    config,
    clock,
    log,
    signal,
  });
  const lateVolumes = new LateVolumes(layout);
  const hub = new ExecutorHub({
    tasks: () => supervisor.runs(),
    executors: () => executorSupervisor.runs(),
    isAwaited: (executor) => hasLiveTask(taskWatch, executor),
    containerizer,
    lateVolumes,
    limits: { cfsQuota: config.cfsQuota, pids: config.pidsLimit },
    node: { name: node, hostname: hostname() },
    clock,
    log,
    signal,
  });
  const resourcesOf = (record: TaskRecord) =>
    record.executor ? hub.resourcesOf(record) : record.spec.resources;
  const launcher = new Launcher({
    containerizer,
    provisioner,
    fetcher,
    secrets: secrets(connection),
    layout,
    lateVolumes,
    node: {
      name: node,
      address: options.addresses[0] ?? "",
      memoryBytes: memTotal(await readFile("/proc/meminfo", "utf8")),
    },
    dns,
    config,
    resourcesOf,
    clock,
    log,
  });
  const status = new TaskStatusWriter({ objects: client, store: taskWatch.store, clock, log });
  const monitors = new Monitors({ containerizer, clock });
  const acting = {
    launcher,
    containerizer,
    slots,
    monitors,
    hub,
    defaultExecutors,
    layout,
    lateVolumes,
    clock,
    log,
    signal,
  };
  const effects = new Effects({ ...acting, status });
  const metrics = new AgentMetrics(options.registry);
  const held = reservations(connection);
  const events = new EventWriter(eventsOf(connection), {
    controller: "mesos.dev/agent",
    instance: options.identity,
    logger: log,
    clock,
  });
  const supervising = {
    agent,
    slots,
    admission: {
      executors: executors(connection),
      frameworks: frameworks(connection),
      namespaces: namespaces(connection),
      reservations: held,
      node,
      layout,
      volumeLock: new KeyedLock(),
    },
    remove: async (id: string) => {
      await retry(() => containerizer.remove(id), { clock, signal, when: () => true });
      await removeSecretFiles(layout.secretsOf(id));
    },
    bootId,
    nodeAddress: options.addresses[0],
    layout,
    clock,
    uuid,
    log,
    signal,
  };
  const supervisor: Supervisor = new Supervisor({
    ...supervising,
    tasks: taskWatch,
    records,
    defaultExecutors,
    effects,
    heldByOthers: () => addAmounts(executorSupervisor.held(), defaultExecutors.amounts()),
    obstacle: (task) => {
      const key = `${task.metadata.namespace}/${task.spec.executor?.name}`;
      const object = executorWatch.store.get(key);
      const record = object && executorSupervisor.run(object.metadata.uid)?.record;
      return executorObstacle(task, { object, record, now: clock.now() });
    },
    onRecord: (record, recovered) => {
      hub.observeTask(record);
      if (!metrics.observe(record, recovered)) return;
      const task = taskWatch.store.get(keyOf(record));
      const note = endNote(record);
      if (task?.metadata.uid === record.uid && note) events.record(task, note);
    },
    onForget: (uid) => metrics.forget(uid),
  });
  const executorSupervisor: Supervisor = superviseExecutors({
    ...supervising,
    acting,
    objects: executorWatch,
    client: executors(connection),
    tasks: taskWatch,
    hub,
    events,
    records: executorRecords,
    heldByOthers: () => addAmounts(supervisor.held(), defaultExecutors.amounts()),
    onChange: () => supervisor.schedule(),
  });
  function* runs() {
    yield* supervisor.runs();
    yield* executorSupervisor.runs();
  }
  let recovering = true;
  const upkept = { node, resourcesOf, reservations: held, layout, config, clock, log };
  const upkeep = new Upkeep({ ...upkept, runs, runtime, defaultExecutors });
  const executorApi = executorRoute({
    hub,
    frameworks: frameworks(connection),
    authenticate: config.http.authenticateExecutors,
    recovering: () => recovering,
    throttle: new Throttle(config.http.executorRequests, clock),
    clock,
  });
  const messages = messageRoutes({
    hub,
    authenticator: new TokenAuthenticator(connection, clock, [AGENT_AUDIENCE]),
    operator: config.operatorUser,
    sources: new Throttle(config.http.requestsPerAddress, clock),
    plain: config.http.tls === undefined,
  });
  const operators = operatorRoutes({
    config,
    connection,
    node,
    address: options.addresses[0] ?? node,
    records: () => [...runs()].map(({ record }) => record).filter(({ spec }) => !isRunByExecutor(spec)),
    taskRecords: () => [...supervisor.runs()].map(({ record }) => record),
    record: (uid) => (supervisor.run(uid) ?? executorSupervisor.run(uid))?.record,
    tasks: taskWatch.store,
    executors: executorWatch.store,
    agents: agent.store,
    isReady: () => taskWatch.hasSynced && executorWatch.hasSynced && agent.hasSynced,
    runtime,
    layout,
    registry: options.registry,
    clock,
    log,
  });
  const routes = [...operators, executorApi, ...messages];
  const connections = { ...PATIENCE, most: config.http.maxConnections };
  const server = new AgentServer({ ...config.http, connections, routes, clock, log });
  return {
    supervisor,
    monitors,
    upkeep,
    events,
    tasks: taskWatch,
    agent,
    slots,
    server,
    executors: { supervisor: executorSupervisor, objects: executorWatch, hub },
    recovered: () => {
      recovering = false;
    },
  };
}
