import type { Logger } from "pino";
import type { TaskSpec } from "../../api/task.ts";
import type { Secret } from "../../cluster/core.ts";
import { isForbidden } from "../../cluster/errors.ts";
import type { Resource } from "../../cluster/resource.ts";
import type { Clock } from "../../cluster/time.ts";
import type { AgentConfig } from "../../config/agent.ts";
import type { TaskRecord } from "../checkpoint/record.ts";
import type { Containerizer, RunningContainer } from "../containerizer/containerizer.ts";
import type { ContainerSpec, Dns } from "../containerizer/spec.ts";
import type { Fetcher } from "../fetcher/fetcher.ts";
import type { PodCgroup } from "../isolation/podCgroup.ts";
import type { Level } from "../podsecurity/level.ts";
import { userOf } from "../podsecurity/profile.ts";
import type { ImageConfig, Provisioner } from "../provisioner/provisioner.ts";
import { nameSandbox } from "../sandbox/executorSandbox.ts";
import type { LateVolumes } from "../sandbox/lateVolumes.ts";
import type { Layout } from "../sandbox/layout.ts";
import { createSandbox, giveTree, type Owner } from "../sandbox/sandbox.ts";
import { writeSecretFiles } from "../sandbox/secretFiles.ts";
import { persistentVolumes, prepareVolumes, sandboxLimit } from "../sandbox/volumes.ts";
import { containerSpec, type NodeFacts } from "./containerSpec.ts";
import { dnsFor } from "./dns.ts";
import { ForbiddenTaskError } from "./failure.ts";
import { launchOnce } from "./once.ts";
import type { ExecutorPlace } from "./place.ts";
import { isApiAway, retry } from "./retry.ts";
import { readSecrets, type TaskSecrets } from "./secrets.ts";
import { Semaphore } from "./semaphore.ts";
import { launchStep, type StepOptions } from "./step.ts";

export interface LauncherOptions {
  readonly containerizer: Containerizer;
  readonly provisioner: Provisioner;
  readonly fetcher: Fetcher;
  readonly secrets: Pick<Resource<Secret>, "get">;
  readonly layout: Layout;
  readonly lateVolumes: Pick<LateVolumes, "open">;
  readonly node: NodeFacts;
  /** The agent's own resolv.conf. */
  readonly dns: Dns;
  readonly config: AgentConfig;
  /** What the container of a record may use. */
  readonly resourcesOf: (record: TaskRecord) => TaskSpec["resources"];
  readonly clock: Clock;
  readonly log: Logger;
}

/** A task that only needs its cgroup to be launched. */
export interface PreparedTask {
  readonly image: ImageConfig;
  readonly specIn: (cgroup: PodCgroup) => ContainerSpec;
}

/** Tries of reading a Secret that is forbidden: RBAC may be about to be installed. */
const TRIES = 4;
/** Tasks prepared, and launched, at the same time: a node has only so much disk and patience. */
const AT_ONCE = 16;
/** Bytes that URIs may bring when the task holds no disk. */
const FETCH_LIMIT = 16 * 1024 ** 3;

/** Turns a task that may start into a running container. Errors: see failureOutcome, and the signal's reason. */
export class Launcher {
  readonly #options: LauncherOptions;
  readonly #preparing = new Semaphore(AT_ONCE);
  readonly #launching = new Semaphore(AT_ONCE);

  constructor(options: LauncherOptions) {
    this.#options = options;
  }

  /** Secrets, image, sandbox, URIs and volumes; nothing runs yet. `place`: of a task that a DEFAULT executor runs. */
  prepare(
    record: TaskRecord,
    level: Level,
    signal: AbortSignal,
    place?: ExecutorPlace,
  ): Promise<PreparedTask> {
    return this.#preparing.run(() => this.#prepare(record, level, signal, place));
  }

  /** Starts the container, at most once: a try that containerd did not answer is looked into before another. */
  launch(spec: ContainerSpec, image: ImageConfig, signal: AbortSignal): Promise<RunningContainer> {
    const { containerizer } = this.#options;
    return this.#launching.run(() => launchOnce(containerizer, spec, image, this.#step(signal)));
  }

  async #prepare(
    record: TaskRecord,
    level: Level,
    signal: AbortSignal,
    place: ExecutorPlace | undefined,
  ): Promise<PreparedTask> {
    const { layout, config, node, dns } = this.#options;
    const { spec, sandbox = layout.sandbox(named(record)) } = record;
    const step = this.#step(signal);
    const secrets = await this.#secrets(record, signal);
    await createSandbox(sandbox);
    if (place) await nameSandbox(place.sandbox.path, spec.taskId ?? record.name, sandbox);
    await launchStep(
      () =>
        this.#options.fetcher.fetch({
          uris: spec.uris ?? [],
          sandbox,
          maxBytes: sandboxLimit(spec) ?? FETCH_LIMIT,
          nodeLocal: level === "privileged",
          signal,
        }),
      step,
    );
    const image = await launchStep(
      () =>
        this.#options.provisioner.pull(spec.container?.image ?? config.defaultImage, {
          policy: spec.container?.imagePullPolicy ?? "IfNotPresent",
          credentials: secrets.pull,
          signal,
        }),
      step,
    );
    const user = userOf(level, spec, record.framework.user, image.user);
    const owner = await launchStep(() => this.#options.containerizer.resolveUser(image, user), step);
    if (level === "restricted" && owner.uid === 0) {
      throw new ForbiddenTaskError(`the user must not be root (${user})`);
    }
    const volumeMounts = await prepareVolumes({
      volumes: spec.volumes ?? [],
      persistent: persistentVolumes(spec),
      sandbox,
      executor: place?.sandbox,
      owner,
      layout,
      secrets: await this.#secretFiles(record.uid, secrets, owner),
    });
    const late = record.executor ? [await this.#options.lateVolumes.open(record.uid)] : [];
    const mounts = [...volumeMounts, ...late];
    await giveTree(sandbox, owner);
    signal.throwIfAborted();
    const specIn = (cgroup: PodCgroup) =>
      containerSpec({
        record,
        resources: this.#options.resourcesOf(record),
        sandbox,
        level,
        user,
        mounts,
        secrets: secrets.env,
        cgroup,
        place,
        dns: dnsFor(dns, config.namespace, record.namespace),
        node,
        config,
      });
    return { image, specIn };
  }

  #secrets(record: TaskRecord, signal: AbortSignal): Promise<TaskSecrets> {
    const read = () => readSecrets(this.#options.secrets, record.namespace, record.spec, signal);
    const when = (error: unknown, tries: number) =>
      isApiAway(error) && !(isForbidden(error) && tries >= TRIES);
    return retry(read, { clock: this.#options.clock, signal, when });
  }

  async #secretFiles(uid: string, secrets: TaskSecrets, owner: Owner): Promise<ReadonlyMap<string, string>> {
    const folders = new Map<string, string>();
    for (const [name, data] of secrets.volumes) {
      folders.set(name, await writeSecretFiles(this.#options.layout.secretsOf(uid), name, data, owner));
    }
    return folders;
  }

  #step(signal: AbortSignal): StepOptions {
    const { clock, log } = this.#options;
    return { clock, log, signal };
  }
}

const named = ({ namespace, name, uid, spec }: TaskRecord) => ({
  namespace,
  name,
  uid,
  framework: spec.framework,
});
