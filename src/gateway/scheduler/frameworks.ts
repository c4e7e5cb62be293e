import { randomBytes } from "node:crypto";
import { type Framework, Framework as FrameworkKind, mesosFrameworkId } from "../../api/framework.ts";
import { FRAMEWORK_ID_ANNOTATION } from "../../api/group.ts";
import { typeMeta } from "../../api/kind.ts";
import { keyOf, type Live } from "../../cluster/object.ts";
import type { Dependencies } from "../../controllers/dependencies.ts";
import { Assumptions } from "../../controllers/world/assumptions.ts";
import {
  frameworkInfo,
  frameworkSpec,
  INFO_ANNOTATION,
  infoText,
  type Wishes,
} from "../../convert/framework.ts";
import { shortHash, slug } from "../objectname.ts";

const MANAGER = "mesos-gateway";
const MOST_COMPLETED = 1_000;

/** Framework objects by Mesos's ids: those that the cache shows and those just written. */
export class Frameworks {
  readonly #deps: Pick<Dependencies, "caches" | "clients" | "clock">;
  readonly #assumed: Assumptions<Framework>;
  readonly #keys = new Map<string, string>();
  readonly #completed = new Set<string>();
  readonly #stop: () => void;

  constructor(deps: Pick<Dependencies, "caches" | "clients" | "clock">) {
    const { caches, clock } = deps;
    this.#deps = deps;
    this.#assumed = new Assumptions(caches.frameworks, clock, (framework) => this.#seen(framework));
    for (const framework of caches.frameworks.store.values()) this.#seen(framework);
    this.#stop = caches.frameworks.onChange(({ type, object }) => {
      if (type === "deleted") this.complete(object);
      else this.#seen(object);
    });
  }

  close(): void {
    this.#stop();
  }

  /** One that is being deleted is not there any more. */
  find(id: string): Live<Framework> | undefined {
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
    const [oldest] = this.#completed;
    if (oldest !== undefined && this.#completed.size >= MOST_COMPLETED) this.#completed.delete(oldest);
    this.#completed.add(id);
  }

  /** Rejects with Unsupported for what no Framework can be, and with ApiError for what the API server refuses. */
  async create(wishes: Wishes, namespace: string, id: string | undefined): Promise<Live<Framework>> {
    const annotations = {
      [INFO_ANNOTATION]: infoText(wishes.info),
      ...(id !== undefined && { [FRAMEWORK_ID_ANNOTATION]: id }),
    };
    const made = await this.#deps.clients.frameworks.create(
      {
        ...typeMeta(FrameworkKind),
        metadata: { name: objectName(wishes.info.name, id), namespace, annotations },
        spec: frameworkSpec(wishes),
      },
      { fieldManager: MANAGER },
    );
    this.#assumed.assume(made);
    return made;
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
      { fieldManager: MANAGER },
    );
    this.#assumed.assume(changed);
    return changed;
  }

  async remove(framework: Live<Framework>): Promise<void> {
    this.complete(framework);
    const { uid } = framework.metadata;
    await this.#deps.clients.frameworks.delete(framework.metadata, { uid });
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

/** From a name for people. One that brings its id has a name that the id decides: it is made once. */
function objectName(name: string, id: string | undefined): string {
  const suffix = id === undefined ? randomBytes(4).toString("hex") : shortHash(id);
  return `${slug(name) || "framework"}-${suffix}`;
}
