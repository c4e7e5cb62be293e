import type { Logger } from "pino";
import type { Executor, ExecutorStatus } from "../../api/executor.ts";
import type { Live } from "../../cluster/object.ts";
import type { Watched } from "../../cluster/reflector.ts";
import type { Resource } from "../../cluster/resource.ts";
import { type Clock, timestamp } from "../../cluster/time.ts";
import type { AgentConfig } from "../../config/agent.ts";
import type { Containerizer, RecoveredContainer } from "../containerizer/containerizer.ts";
import { ContainerNotFoundError } from "../containerizer/errors.ts";
import type { Dns, Network } from "../containerizer/spec.ts";
import { dnsFor } from "../launch/dns.ts";
import { failureOutcome } from "../launch/failure.ts";
import { launchOnce } from "../launch/once.ts";
import { retry } from "../launch/retry.ts";
import { launchStep } from "../launch/step.ts";
import { REASON } from "../lifecycle/reason.ts";
import type { Provisioner } from "../provisioner/provisioner.ts";
import { createExecutorSandbox } from "../sandbox/executorSandbox.ts";
import { type Layout, sandboxName } from "../sandbox/layout.ts";
import { closeSandbox } from "../sandbox/sandbox.ts";
import type { SlotWatch } from "../slot/slotWatch.ts";
import type { ExecutorLoss, HolderState } from "./decide.ts";
import { writeExecutorStatus } from "./executorStatus.ts";
import { ExecutorGoneError } from "./gone.ts";
import { holderSpec, LABEL_HOLDER } from "./holder.ts";

export interface HoldersOptions {
  /** Executors with spec.agent of this agent. */
  readonly executors: Watched<Executor>;
  readonly client: Pick<Resource<Executor>, "get" | "updateStatus">;
  readonly containerizer: Pick<Containerizer, "launch" | "recover" | "remove" | "wait">;
  readonly provisioner: Pick<Provisioner, "pull">;
  readonly slots: Pick<SlotWatch, "locate" | "endOf">;
  readonly layout: Layout;
  readonly nodeAddress: string | undefined;
  /** The agent's own resolv.conf. */
  readonly dns: Dns;
  readonly config: Pick<AgentConfig, "cfsQuota" | "pidsLimit" | "network" | "defaultImage" | "namespace">;
  readonly clock: Clock;
  readonly log: Logger;
  /** Aborts when the agent stops: containers stay. */
  readonly signal: AbortSignal;
}

export interface Holder {
  readonly state: Exclude<HolderState, "absent">;
  /** Settled once it is no longer starting. */
  readonly ready: Promise<void>;
  readonly loss?: ExecutorLoss;
  /** It goes. */
  readonly ending?: boolean;
}

type End = Pick<ExecutorStatus, "reason" | "message">;

const READY = Promise.resolve();

export const executorSandboxOf = (layout: Layout, executor: Live<Executor>): string =>
  layout.executorSandbox(sandboxName(executor));

/** The containers that hold what the tasks of DEFAULT executors share, by the executors' uids; and what the API is told of them. */
export class Holders {
  readonly #options: HoldersOptions;
  readonly #holders = new Map<string, Holder>();
  readonly #onChange: () => void;

  constructor(options: HoldersOptions, onChange: () => void) {
    this.#options = options;
    this.#onChange = onChange;
  }

  get(uid: string): Holder | undefined {
    return this.#holders.get(uid);
  }

  all(): readonly (readonly [string, Holder])[] {
    return [...this.#holders];
  }

  /** Takes up those that an agent before this one made; gives back the other containers. */
  recover(containers: readonly RecoveredContainer[]): readonly RecoveredContainer[] {
    const isHolder = ({ labels }: RecoveredContainer) => labels[LABEL_HOLDER] !== undefined;
    for (const { id, state } of containers.filter(isHolder)) {
      const running = state === "running";
      this.#holders.set(id, { state: running ? "running" : "lost", ready: READY });
      if (running) this.#watch(id, undefined);
    }
    return containers.filter((container) => !isHolder(container));
  }

  /** Starts it below the slot Pod `slot`, unless it runs. Rejects with ExecutorGoneError, or as a launch does. */
  ready(executor: Live<Executor>, slot: string, network: Network): Promise<void> {
    const { uid } = executor.metadata;
    const known = this.#holders.get(uid);
    if (known?.ending || known?.state === "lost") throw new ExecutorGoneError(known.loss?.message);
    if (known) return known.ready;
    const ready = this.#start(executor, slot, network).then(
      () => this.#change(uid, { state: "running" }),
      (error: unknown) => {
        if (!this.#options.signal.aborted) {
          const { reason = REASON.launchFailed, message } = failureOutcome(error);
          this.#change(uid, { state: "lost", loss: { reason, message } });
        }
        throw error;
      },
    );
    this.#holders.set(uid, { state: "starting", ready });
    return ready;
  }

  /** It counts as lost from now on. */
  lose(uid: string, loss: ExecutorLoss): void {
    if (this.#holders.get(uid)?.state === "running") this.#change(uid, { state: "lost", loss });
  }

  /** Removes what is left of it, then tells of the executor's end, if there is one to tell. */
  end(uid: string, told?: { readonly executor: Live<Executor>; readonly end: End }): void {
    const holder = this.#holders.get(uid) ?? { state: "lost", ready: READY };
    if (holder.ending) return;
    this.#holders.set(uid, { ...holder, ending: true });
    this.#end(uid, told).catch((err: unknown) => {
      const { signal, log } = this.#options;
      if (signal.aborted) return;
      log.error({ err, executor: uid }, "an executor could not be ended");
      this.#change(uid, { ending: false });
    });
  }

  async #start(executor: Live<Executor>, slot: string, network: Network): Promise<void> {
    const { provisioner, containerizer, slots, layout, dns, config, clock, log, signal } = this.#options;
    const { uid, namespace = "" } = executor.metadata;
    const step = { clock, log, signal };
    const sandbox = executorSandboxOf(layout, executor);
    const begun = await this.#write(executor, { state: "Starting", container: { id: uid, sandbox } });
    if (!begun) throw new ExecutorGoneError();
    await createExecutorSandbox(sandbox);
    const pull = () => provisioner.pull(config.defaultImage, { policy: "IfNotPresent", signal });
    const image = await launchStep(pull, step);
    const place = await launchStep(() => slots.locate(slot), step);
    if (place === undefined) throw new ExecutorGoneError("The slot Pod of the node has ended");
    const { cgroup } = place;
    const servers = dnsFor(dns, config.namespace, namespace);
    const spec = holderSpec({ executor, sandbox, network, cgroup, dns: servers, config });
    const { pid, startedAt, addresses } = await launchOnce(containerizer, spec, image, step);
    this.#watch(uid, slot);
    const { nodeAddress } = this.#options;
    const own = addresses.length > 0 || nodeAddress === undefined ? addresses : [nodeAddress];
    await this.#write(executor, {
      state: "Running",
      container: { id: uid, pid, image: image.name, sandbox, startedAt: startedAt.toISOString() },
      addresses: [...own],
    });
  }

  #watch(uid: string, slot: string | undefined): void {
    this.#wait(uid, slot).catch((err: unknown) => {
      const { signal, log } = this.#options;
      if (!signal.aborted) log.error({ err, executor: uid }, "an executor's container cannot be waited for");
    });
  }

  async #wait(uid: string, slot: string | undefined): Promise<void> {
    const { containerizer, slots, clock, log, signal } = this.#options;
    const isGone = (error: unknown) => error instanceof ContainerNotFoundError;
    await retry(() => containerizer.wait(uid, signal), {
      clock,
      signal,
      when: (error) => !isGone(error),
    }).catch((error) => {
      if (!isGone(error)) throw error;
    });
    if (this.#holders.get(uid)?.ending) return;
    const end = slot === undefined ? undefined : await slots.endOf(slot);
    const message = end?.message ?? "The executor's container has ended";
    log.warn({ executor: uid }, message);
    const reason = end?.preempted ? REASON.preempted : REASON.executorTerminated;
    this.lose(uid, { reason, message });
  }

  async #end(uid: string, told: Parameters<Holders["end"]>[1]): Promise<void> {
    const { containerizer, layout, clock, log, signal } = this.#options;
    const onError = (err: unknown) => log.warn({ err, executor: uid }, "an executor is not removed yet");
    await retry(() => containerizer.remove(uid), { clock, signal, when: () => true, onError });
    if (told) {
      const { executor, end } = told;
      const sandbox = executorSandboxOf(layout, executor);
      await closeSandbox(sandbox).catch((err: unknown) => log.error({ err }, "a sandbox is not closed"));
      await this.#write(executor, { state: "Ended", ...end, endedAt: timestamp(clock.now()) });
    }
    this.#holders.delete(uid);
    this.#onChange();
  }

  #write(executor: Live<Executor>, status: ExecutorStatus): Promise<boolean> {
    const { client: objects, executors, clock, log, signal } = this.#options;
    return writeExecutorStatus({ objects, store: executors.store, clock, log }, executor, status, signal);
  }

  #change(uid: string, fields: Partial<Holder>): void {
    const holder = this.#holders.get(uid);
    if (holder) this.#holders.set(uid, { ...holder, ...fields });
    this.#onChange();
  }
}
