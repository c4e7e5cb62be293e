import type { Logger } from "pino";
import { slotPodName } from "../../api/group.ts";
import type { Pod } from "../../cluster/core.ts";
import { isNotFound } from "../../cluster/errors.ts";
import type { Live } from "../../cluster/object.ts";
import { Reflector } from "../../cluster/reflector.ts";
import type { Resource } from "../../cluster/resource.ts";
import type { SlotLocation } from "../isolation/slots.ts";
import type { SlotEnd } from "../lifecycle/outcome.ts";
import { slotEndOf } from "./slotEnd.ts";
import { type SlotState, slotState } from "./slotState.ts";

export interface SlotWatchOptions {
  readonly pods: Resource<Pod>;
  /** Namespace of the operator. */
  readonly namespace: string;
  /** The agent's name. */
  readonly node: string;
  readonly locate: (containerId: string) => Promise<SlotLocation | undefined>;
  readonly log: Logger;
}

/** Milliseconds that the API server is given to say what became of the slot. */
const ASK_TIMEOUT = 5_000;

/** The slot Pod of this node, as the API server and the node itself know it. */
export class SlotWatch {
  readonly #options: SlotWatchOptions;
  readonly #reflector: Reflector<Pod>;
  /** The last container known to run for each slot Pod that tasks were started under. */
  readonly #containers = new Map<string, string>();

  constructor(options: SlotWatchOptions) {
    this.#options = options;
    this.#reflector = new Reflector(options.pods, {
      namespace: options.namespace,
      fieldSelector: `metadata.name=${slotPodName(options.node)}`,
      logger: options.log,
    });
    this.#reflector.onChange((change) => {
      if (change.type === "deleted") return;
      const { podUid, containerId } = slotState(change.object);
      if (containerId !== undefined) this.#containers.set(podUid, containerId);
    });
  }

  get reflector(): Reflector<Pod> {
    return this.#reflector;
  }

  /** Undefined: there is no slot Pod. */
  get state(): SlotState | undefined {
    const pod = this.#pod;
    return pod && slotState(pod);
  }

  /** Where the slot lies on the node; undefined: it is not the Pod with this uid any more, or does not run. */
  async locate(podUid: string): Promise<SlotLocation | undefined> {
    const { state } = this;
    if (state?.podUid !== podUid || state.containerId === undefined || state.ending) return undefined;
    return this.#options.locate(state.containerId);
  }

  /**
   * Why a process below the slot Pod `podUid` may have been killed: the API is asked afresh, for a watch may lag; and as the kubelet ends
   * the slot's own container before it kills what else is in the Pod's cgroup, that one is looked for on the node.
   */
  async endOf(podUid: string): Promise<SlotEnd | undefined> {
    const { pods, namespace, node } = this.#options;
    const ref = { namespace, name: slotPodName(node) };
    const pod = await pods.get(ref, { timeout: ASK_TIMEOUT }).then(
      (found) => ({ found: found as Live<Pod> | undefined }),
      (error) => (isNotFound(error) ? { found: undefined } : undefined),
    );
    const known = pod && slotEndOf(podUid, pod.found);
    if (known) return known;
    const container = this.#containers.get(podUid);
    if (container === undefined) return undefined;
    const place = await this.#options.locate(container).catch(() => "unknown" as const);
    if (place !== undefined) return undefined;
    return {
      preempted: false,
      message: "The slot Pod's own process has ended, and all that ran below its cgroup with it",
    };
  }

  get #pod(): Live<Pod> | undefined {
    const { namespace, node } = this.#options;
    return this.#reflector.store.get(`${namespace}/${slotPodName(node)}`);
  }
}
