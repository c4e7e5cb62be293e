import { randomBytes } from "node:crypto";
import { type Framework, Framework as FrameworkKind, mesosFrameworkId } from "../../api/framework.ts";
import { FRAMEWORK_ID_ANNOTATION, INFO_ANNOTATION } from "../../api/group.ts";
import { typeMeta } from "../../api/kind.ts";
import { isAlreadyExists, isTransient } from "../../cluster/errors.ts";
import { keyOf, type Live } from "../../cluster/object.ts";
import type { Dependencies } from "../../controllers/dependencies.ts";
import { Assumptions } from "../../controllers/world/assumptions.ts";
import { frameworkInfo, frameworkSpec, infoText, type Wishes } from "../../convert/framework.ts";
import { shortHash, slug } from "../objectname.ts";
import { persist } from "./persist.ts";

const MANAGER = "mesos-gateway";
const MOST_REMEMBERED = 1_000;
/** Milliseconds for one write, after which it is tried again. */
const WRITE_TIMEOUT = 5_000;
/** Milliseconds for which the removal of one of which nobody was told is tried. */
const ABANDON_PATIENCE = 120_000;

/** A SUBSCRIBE as it is tried, once or more often. */
export interface Attempt {
  /** That the framework brings. */
  readonly id: string | undefined;
  /** Of its object, if one is made: chosen once, so that the next try makes no second one. */
  readonly name: string;
  /** The namespace where one was made, or may have been. */
  mayBeIn?: string;
}

/** Framework objects by Mesos's ids: those that the cache shows and those just written. */
export class Frameworks {
  readonly #deps: Pick<Dependencies, "caches" | "clients" | "clock" | "logger">;
  readonly #assumed: Assumptions<Framework>;
  readonly #keys = new Map<string, string>();
  readonly #completed = new Set<string>();
  /** Keys of those that may have been made, and of which nobody was told. */
  readonly #abandoned = new Set<string>();
  readonly #stop: () => void;

  constructor(deps: Pick<Dependencies, "caches" | "clients" | "clock" | "logger">) {
    const { caches, clock } = deps;
    this.#deps = deps;
    this.#assumed = new Assumptions(caches.frameworks, clock, (framework) => this.#seen(framework));
    for (const framework of caches.frameworks.store.values()) this.#seen(framework);
    this.#stop = caches.frameworks.onChange(({ type, object }) => {
      if (type === "deleted") this.complete(object);
      else if (this.#abandoned.delete(keyOf(object.metadata))) this.#removeAbandoned(object);
      else this.#seen(object);
    });
  }

  close(): void {
    this.#stop();
  }

  /** One that is being deleted is not there any more; nor is one that was removed, whatever of it was still on its way. */
  find(id: string): Live<Framework> | undefined {
    if (this.#completed.has(id)) return undefined;
    const framework = this.#assumed.get(this.#keys.get(id) ?? "");
    return framework?.metadata.deletionTimestamp === undefined ? framework : undefined;
  }

  /** Whether a framework had this id, and was removed. As in Mesos's master that is forgotten in time. */
  isCompleted(id: string): boolean {
    return this.#completed.has(id) || this.#assumed.get(this.#keys.get(id) ?? "") !== undefined;
  }

  complete(framework: Live<Framework>): void {
    const id = mesosFrameworkId(framework);
    this.#assumed.forget(keyOf(framework.metadata));
    if (this.#keys.get(id) === keyOf(framework.metadata)) this.#keys.delete(id);
    remember(this.#completed, id);
  }

  /**
   * Made under the name of the attempt, or found there when an earlier try made it without an answer. Rejects with Unsupported for what no
   * Framework can be, and with what the API server refuses.
   */
  async create(wishes: Wishes, namespace: string, attempt: Attempt): Promise<Live<Framework>> {
    const { id, name } = attempt;
    const annotations: Readonly<Record<string, string>> = {
      [INFO_ANNOTATION]: infoText(wishes.info),
      ...(id !== undefined && { [FRAMEWORK_ID_ANNOTATION]: id }),
    };
    const { frameworks } = this.#deps.clients;
    const object = {
      ...typeMeta(FrameworkKind),
      metadata: { name, namespace, annotations },
      spec: frameworkSpec(wishes),
    };
    const options = { fieldManager: MANAGER, timeout: WRITE_TIMEOUT };
    const made = await frameworks.create(object, options).catch(async (error: unknown) => {
      if (isTransient(error)) attempt.mayBeIn = namespace;
      if (attempt.mayBeIn === undefined || !isAlreadyExists(error)) throw error;
      const there = await frameworks.get({ name, namespace }, { timeout: WRITE_TIMEOUT });
      const given = there.metadata.annotations ?? {};
      const same = [INFO_ANNOTATION, FRAMEWORK_ID_ANNOTATION].every((key) => given[key] === annotations[key]);
      if (!same) throw error;
      return there;
    });
    attempt.mayBeIn = namespace;
    this.#assumed.assume(made);
    return made;
  }

  /** Has what an attempt may have made removed once it is seen: nobody has heard of it. One with an id of its own is its framework's. */
  abandon({ id, name, mayBeIn }: Attempt): void {
    if (mayBeIn === undefined || id !== undefined) return;
    const key = `${mayBeIn}/${name}`;
    const there = this.#assumed.get(key);
    if (there !== undefined) this.#removeAbandoned(there);
    else remember(this.#abandoned, key);
  }

  /** What may change of a framework that is known; rejects as create does. */
  async update(framework: Live<Framework>, wishes: Wishes): Promise<Live<Framework>> {
    const { principal: _principal, user: _user, connection: _connection, ...spec } = frameworkSpec(wishes);
    const { capabilities = null, ...rest } = spec;
    const known = frameworkInfo(framework, mesosFrameworkId(framework));
    // What was given first stays (Mesos: preserveImmutableFields).
    const info = { ...wishes.info, user: known.user, checkpoint: known.checkpoint };
    return this.patch(framework, { ...rest, capabilities }, { [INFO_ANNOTATION]: infoText(info) });
  }

  async patch(
    { metadata }: Live<Framework>,
    spec: object,
    annotations?: Readonly<Record<string, string>>,
  ): Promise<Live<Framework>> {
    const { uid } = metadata;
    const changed = await this.#deps.clients.frameworks.mergePatch(
      metadata,
      { metadata: { uid, ...(annotations && { annotations }) }, spec },
      { fieldManager: MANAGER, timeout: WRITE_TIMEOUT },
    );
    this.#assumed.assume(changed);
    return changed;
  }

  async remove(framework: Live<Framework>): Promise<void> {
    this.complete(framework);
    const { uid } = framework.metadata;
    await this.#deps.clients.frameworks.delete(framework.metadata, { uid });
  }

  #removeAbandoned(framework: Live<Framework>): void {
    // By its uid, so it does no harm when another replica leads by then.
    const signal = AbortSignal.timeout(ABANDON_PATIENCE);
    void persist(this.#deps, "the end of a framework of which nobody was told", signal, () =>
      this.remove(framework),
    );
  }

  /** The oldest has an id that two claim: a uid is nobody else's to take. */
  #seen(framework: Live<Framework>): void {
    const id = mesosFrameworkId(framework);
    const other = this.#assumed?.get(this.#keys.get(id) ?? "");
    const taken =
      other !== undefined &&
      keyOf(other.metadata) !== keyOf(framework.metadata) &&
      (other.metadata.uid === id || other.metadata.creationTimestamp <= framework.metadata.creationTimestamp);
    if (!taken) this.#keys.set(id, keyOf(framework.metadata));
  }
}

/** Named from a name for people. One that brings its id has a name that the id decides: it is made once. */
export function firstAttempt({ info }: Wishes): Attempt {
  const id = info.id?.value || undefined;
  const suffix = id === undefined ? randomBytes(4).toString("hex") : shortHash(id);
  return { id, name: `${slug(info.name) || "framework"}-${suffix}` };
}

/** The oldest is forgotten when they are too many. */
function remember(all: Set<string>, one: string): void {
  const [oldest] = all;
  if (oldest !== undefined && all.size >= MOST_REMEMBERED) all.delete(oldest);
  all.add(one);
}
