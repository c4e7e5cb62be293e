import { hostname } from "node:os";
import { durationMs } from "../api/duration.ts";
import { agentLeaseName } from "../api/group.ts";
import { agents } from "../client/handles.ts";
import { aborted } from "../cluster/aborted.ts";
import { leases, nodes } from "../cluster/core.ts";
import { Heartbeat } from "../cluster/heartbeat.ts";
import { sleep, timestamp } from "../cluster/time.ts";
import { AgentLock } from "./agentLock.ts";
import type { AgentOptions } from "./agentOptions.ts";
import { readBootId } from "./checkpoint/bootId.ts";
import { RecordStore } from "./checkpoint/recordStore.ts";
import { type AgentParts, compose } from "./compose.ts";
import type { RecoveredContainer } from "./containerizer/containerizer.ts";
import { type ContainerRuntime, openContainerRuntime } from "./containerizer/open.ts";
import { LABEL_EXECUTOR } from "./launch/containerSpec.ts";
import { retry } from "./launch/retry.ts";
import { type AgentFacts, nodeOwner, register } from "./registration/registration.ts";
import { Layout } from "./sandbox/layout.ts";
import { mountSecretFolder } from "./sandbox/secretFiles.ts";
import { every } from "./upkeep/every.ts";
import { AGENT_VERSION } from "./version.ts";

/** A watch that the API server has said nothing to for so long is not to be relied on: bookmarks come each minute. */
const SILENCE = 5 * 60_000;
/** Milliseconds that launches under way are given when the agent stops: less than its Pod's grace period. */
const FINISH_LIMIT = 6_000;
const FINISH_STEP = 50;
/** How often the agent looks whether its object is still there, in ms. */
const REGISTRATION_INTERVAL = 30_000;

/** The program of one node: keeps its Lease, recovers and runs its tasks until told to stop. The tasks go on. */
export class Agent {
  readonly #options: AgentOptions;
  #parts: AgentParts | undefined;
  #heartbeat: Heartbeat | undefined;
  #recovered = false;

  constructor(options: AgentOptions) {
    this.#options = options;
  }

  /** Why it cannot be relied on now; undefined: it can. */
  unready(): string | undefined {
    const watch = this.#parts?.tasks;
    if (!this.#recovered || !watch) return "the tasks of before are not recovered yet";
    if (!watch.hasSynced) return "the tasks are not read yet";
    if (watch.lastWatchAge() > SILENCE) return "the API server has been silent for minutes";
    const age = this.#heartbeat?.age() ?? Number.POSITIVE_INFINITY;
    return age > durationMs(this.#options.config.leaseDuration) ? "the Lease is not renewed" : undefined;
  }

  /** Resolves some seconds after the signal has aborted. Rejects only if the node's disk cannot be used. */
  async run(signal: AbortSignal): Promise<void> {
    const stop = new AbortController();
    const finish = () => void this.#finish().finally(() => stop.abort(signal.reason));
    if (signal.aborted) finish();
    else signal.addEventListener("abort", finish, { once: true });
    await Promise.all([this.#beat(stop.signal), this.#work(stop.signal)]);
  }

  /** Tasks that are being launched are launched, for a launch is not taken up again by the next agent. */
  async #finish(): Promise<void> {
    const { clock } = this.#options;
    const parts = this.#parts;
    const supervisors = parts ? [parts.supervisor, parts.executors.supervisor] : [];
    for (const supervisor of supervisors) supervisor.close();
    const end = clock.monotonic() + FINISH_LIMIT;
    while (supervisors.some(({ starting }) => starting) && clock.monotonic() < end)
      await sleep(clock, FINISH_STEP);
  }

  async #work(signal: AbortSignal): Promise<void> {
    const { config, log } = this.#options;
    const layout = new Layout(config.workDirectory);
    using _lock = await this.#untilItWorks(signal, () => AgentLock.take(layout.root));
    const records = new RecordStore(layout.records);
    await records.open();
    const executorRecords = new RecordStore(layout.executorRecords);
    await executorRecords.open();
    await mountSecretFolder(layout.secrets).catch((err: unknown) => {
      log.error(
        { err },
        "there is no file system in memory for secrets: tasks with secret volumes will fail",
      );
    });
    const runtime = await this.#untilItWorks(signal, () => this.#openRuntime(layout));
    try {
      const bootId = await readBootId();
      const parts = await compose(
        this.#options,
        { runtime, layout, records, executorRecords, bootId },
        signal,
      );
      this.#parts = parts;
      await this.#recover(parts, records, executorRecords, runtime, signal);
      const port = await this.#untilItWorks(signal, () => parts.server.start());
      this.#options.log.info({ port }, "serves Mesos's agent API");
      await this.#follow(parts, await this.#facts(runtime, bootId, signal), signal);
    } finally {
      this.#parts?.monitors.stopAll();
      this.#parts?.executors.hub.close();
      await this.#parts?.server.stop();
      runtime.close();
    }
  }

  /** Needs no API server: tasks that run are watched over again although it may be away. */
  async #recover(
    { supervisor, executors, recovered }: AgentParts,
    records: RecordStore,
    executorRecords: RecordStore,
    { containerizer, nested }: ContainerRuntime,
    signal: AbortSignal,
  ): Promise<void> {
    const { log } = this.#options;
    const loaded = await records.load();
    const loadedExecutors = await executorRecords.load();
    for (const { uid, movedTo, error } of [...loaded.quarantined, ...loadedExecutors.quarantined]) {
      log.error({ task: uid, movedTo, err: error }, "the record of a task is damaged and was put aside");
    }
    const containers = await this.#untilItWorks(signal, () => containerizer.recover());
    for (const { id, state } of containers) {
      if (state !== "running") continue;
      await nested.endOldSessions(id).catch((err: unknown) => {
        log.warn({ err, container: id }, "sessions of the agent before could not be ended");
      });
    }
    const isExecutor = ({ labels }: RecoveredContainer) => labels[LABEL_EXECUTOR] !== undefined;
    supervisor.recover(
      loaded.records,
      containers.filter((one) => !isExecutor(one)),
    );
    executors.supervisor.recover(loadedExecutors.records, containers.filter(isExecutor));
    recovered();
    log.info({ records: loaded.records.length, containers: containers.length }, "recovered");
    this.#recovered = true;
  }

  async #follow(parts: AgentParts, facts: AgentFacts, signal: AbortSignal): Promise<void> {
    await Promise.all([
      this.#register(parts, facts, signal),
      parts.tasks.run(signal),
      parts.executors.objects.run(signal),
      parts.agent.run(signal),
      parts.slots.reflector.run(signal),
      parts.upkeep.run(signal),
      parts.events.run(signal),
      // Never resolves if the signal aborts before the stores are filled; the others do.
      Promise.race([parts.supervisor.follow(), aborted(signal)]),
      Promise.race([parts.executors.supervisor.follow(), aborted(signal)]),
    ]);
  }

  async #register({ agent }: AgentParts, facts: AgentFacts, signal: AbortSignal): Promise<void> {
    const { connection, node, clock, log } = this.#options;
    const options = { agents: agents(connection), nodes: nodes(connection), name: node };
    await this.#untilItWorks(signal, () => register(options, facts, signal)).catch(ignoreAbort(signal));
    const again = async () => {
      if (agent.hasSynced && !agent.store.has(node)) await register(options, facts, signal);
    };
    await every({ name: "registration", interval: REGISTRATION_INTERVAL, clock, log }, again, signal);
  }

  /** From the first moment on: the operator must not take a node for lost whose containerd is slow to answer. */
  async #beat(signal: AbortSignal): Promise<void> {
    const { connection, config, node, identity, clock, log } = this.#options;
    const owner = await this.#untilItWorks(signal, () => nodeOwner(nodes(connection), node, signal)).catch(
      ignoreAbort(signal),
    );
    if (!owner) return;
    this.#heartbeat = new Heartbeat(leases(connection), {
      namespace: config.namespace,
      name: agentLeaseName(node),
      identity,
      interval: durationMs(config.leaseRenewal),
      duration: durationMs(config.leaseDuration),
      ownerReferences: [owner],
      logger: log,
      clock,
    });
    await this.#heartbeat.run(signal);
  }

  async #facts(runtime: ContainerRuntime, bootId: string, signal: AbortSignal): Promise<AgentFacts> {
    return {
      hostname: hostname(),
      addresses: this.#options.addresses,
      version: AGENT_VERSION,
      containerd: await this.#untilItWorks(signal, () => runtime.version()),
      bootId,
      startedAt: timestamp(this.#options.clock.now()),
    };
  }

  #openRuntime(layout: Layout): Promise<ContainerRuntime> {
    const { config, log } = this.#options;
    return openContainerRuntime({
      socket: config.containerd.socket,
      namespace: config.containerd.namespace,
      stateDir: layout.containers,
      ...(config.init !== "" && { init: config.init }),
      snapshotter: config.containerd.snapshotter,
      registryConfigDir: config.containerd.hostsDirectory,
      cni: { confDir: config.network.configDirectory, binDirs: config.network.binaryDirectories },
      log,
    });
  }

  #untilItWorks<T>(signal: AbortSignal, call: () => Promise<T>): Promise<T> {
    const { clock, log } = this.#options;
    const onError = (err: unknown) => log.warn({ err }, "a step of the start is tried again");
    return retry(call, { clock, signal, when: () => true, onError });
  }
}

const ignoreAbort = (signal: AbortSignal) => (error: unknown) => {
  if (!signal.aborted) throw error;
  return undefined;
};
