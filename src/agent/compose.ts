import { readFile } from "node:fs/promises";
import type { Agent as AgentObject } from "../api/agent.ts";
import { durationMs } from "../api/duration.ts";
import type { Task } from "../api/task.ts";
import { agents, frameworks, reservations, tasks } from "../client/handles.ts";
import { events as eventsOf, namespaces, pods, secrets } from "../cluster/core.ts";
import { EventWriter } from "../cluster/events.ts";
import { keyOf } from "../cluster/object.ts";
import { Reflector } from "../cluster/reflector.ts";
import type { AgentOptions } from "./agentOptions.ts";
import type { RecordStore } from "./checkpoint/recordStore.ts";
import type { ContainerRuntime } from "./containerizer/open.ts";
import { Fetcher } from "./fetcher/fetcher.ts";
import { UriCache } from "./fetcher/uriCache.ts";
import { healthRoute } from "./http/health.ts";
import { AgentServer } from "./http/server.ts";
import { parseResolvConf } from "./launch/dns.ts";
import { Launcher } from "./launch/launcher.ts";
import { retry } from "./launch/retry.ts";
import { AgentMetrics } from "./metrics.ts";
import { KeyedLock } from "./provisioner/keyedLock.ts";
import { Effects } from "./run/effects.ts";
import { endNote } from "./run/endNote.ts";
import { Monitors } from "./run/monitors.ts";
import { StatusWriter } from "./run/statusWriter.ts";
import { Supervisor } from "./run/supervisor.ts";
import type { Layout } from "./sandbox/layout.ts";
import { removeSecretFiles } from "./sandbox/secretFiles.ts";
import { SlotWatch } from "./slot/slotWatch.ts";
import { bytesOf } from "./upkeep/bytes.ts";
import { memTotal } from "./upkeep/memoryPressure.ts";
import { Upkeep } from "./upkeep/upkeep.ts";

/** What the agent has of the node when it puts its parts together. */
export interface NodeParts {
  readonly runtime: ContainerRuntime;
  readonly layout: Layout;
  readonly records: RecordStore;
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
}

/** @param signal aborts when the agent stops */
export async function compose(
  options: AgentOptions,
  parts: NodeParts,
  signal: AbortSignal,
): Promise<AgentParts> {
  const { config, connection, node, clock, uuid, log } = options;
  const { runtime, layout, records, bootId } = parts;
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
  const launcher = new Launcher({
    containerizer,
    provisioner,
    fetcher,
    secrets: secrets(connection),
    layout,
    node: {
      name: node,
      address: options.addresses[0] ?? "",
      memoryBytes: memTotal(await readFile("/proc/meminfo", "utf8")),
    },
    dns: parseResolvConf(await readFile("/etc/resolv.conf", "utf8").catch(() => "")),
    config,
    clock,
    log,
  });
  const status = new StatusWriter({ tasks: client, store: taskWatch.store, clock, log });
  const monitors = new Monitors({ containerizer, clock });
  const effects = new Effects({
    status,
    launcher,
    containerizer,
    slots,
    monitors,
    layout,
    clock,
    log,
    signal,
  });
  const metrics = new AgentMetrics(options.registry);
  const held = reservations(connection);
  const events = new EventWriter(eventsOf(connection), {
    controller: "mesos.dev/agent",
    instance: options.identity,
    logger: log,
    clock,
  });
  const supervisor = new Supervisor({
    tasks: taskWatch,
    agent,
    slots,
    records,
    effects,
    admission: {
      frameworks: frameworks(connection),
      namespaces: namespaces(connection),
      reservations: held,
      node,
      layout,
      volumeLock: new KeyedLock(),
    },
    remove: async (id) => {
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
    onRecord: (record, recovered) => {
      if (!metrics.observe(record, recovered)) return;
      const task = taskWatch.store.get(keyOf(record));
      const note = endNote(record);
      if (task?.metadata.uid === record.uid && note) events.record(task, note);
    },
    onForget: (uid) => metrics.forget(uid),
  });
  const runs = () => supervisor.runs();
  const upkeep = new Upkeep({ node, runs, runtime, reservations: held, layout, config, clock, log });
  const server = new AgentServer({ ...config.http, routes: [healthRoute], log });
  return { supervisor, monitors, upkeep, events, tasks: taskWatch, agent, slots, server };
}
