import type { z } from "zod";
import type { Framework, frameworkSpec } from "../../src/api/framework.ts";
import { API_VERSION } from "../../src/api/group.ts";
import type { Offer, OfferResponse, OperationResult, offerResponse } from "../../src/api/offer.ts";
import type { Live } from "../../src/cluster/object.ts";
import { fromSpec, type Resources } from "../../src/resources/index.ts";
import { until } from "./cluster.ts";
import type { Scene } from "./scene.ts";

type ResponseInput = z.input<typeof offerResponse>;
export type OperationInput = NonNullable<NonNullable<ResponseInput["accept"]>["operations"]>[number];
export type TaskTemplateInput = NonNullable<OperationInput["launch"]>["tasks"][number];

export const isOpen = ({ spec, status }: Offer): boolean =>
  spec.response === undefined && (status?.state ?? "Outstanding") === "Outstanding";

export const offered = ({ spec }: Offer): Resources => fromSpec(spec.resources);

/** cpus of resources, in cores. */
export const cpusOf = (resources: Resources): number => resources.scalarQuantities().get("cpus") / 1000;

/** A Framework of connection type Manual: the test looks at its Offers and answers them, as a person with kubectl would. */
export class ByHand {
  readonly #scene: Scene;
  readonly name: string;

  static async connect(
    scene: Scene,
    name: string,
    roles: readonly string[],
    spec: Partial<z.input<typeof frameworkSpec>> = {},
  ): Promise<ByHand> {
    const framework = {
      apiVersion: API_VERSION,
      kind: "Framework",
      metadata: { name, namespace: scene.namespace },
      spec: {
        roles: [...roles],
        capabilities: ["PARTITION_AWARE", "TASK_KILLING_STATE"],
        connection: { type: "Manual" },
        refuse: "0s",
        ...spec,
      },
    };
    await scene.cluster.kinds.frameworks.create(framework as unknown as Framework);
    return new ByHand(scene, name);
  }

  private constructor(scene: Scene, name: string) {
    this.#scene = scene;
    this.name = name;
  }

  get ref(): { readonly name: string; readonly namespace: string } {
    return { name: this.name, namespace: this.#scene.namespace };
  }

  get(): Promise<Live<Framework>> {
    return this.#scene.cluster.kinds.frameworks.get(this.ref);
  }

  async patch(spec: object): Promise<void> {
    await this.#scene.cluster.kinds.frameworks.mergePatch(this.ref, { spec });
  }

  /** All its Offers, the closed ones too, oldest first. */
  async offers(): Promise<Live<Offer>[]> {
    const { namespace } = this.#scene;
    const fieldSelector = `spec.framework=${this.name}`;
    const { items } = await this.#scene.cluster.kinds.offers.list({ namespace, fieldSelector });
    return items.sort((a, b) => (a.metadata.creationTimestamp < b.metadata.creationTimestamp ? -1 : 1));
  }

  async open(): Promise<Live<Offer>[]> {
    return (await this.offers()).filter(isOpen);
  }

  /** The first open Offer that fits. */
  offer(
    what = "an offer",
    fits: (offer: Live<Offer>) => boolean = () => true,
    timeout?: number,
  ): Promise<Live<Offer>> {
    const look = async () => (await this.open()).find(fits);
    return until(`${this.name} has ${what}`, look, timeout === undefined ? {} : { timeout });
  }

  of(agent: string, timeout?: number): Promise<Live<Offer>> {
    return this.offer(`an offer of ${agent}`, ({ spec }) => spec.agent === agent, timeout);
  }

  /**
   * One offer of all that is free of an agent that is all but empty. An offer stands as it was made: what came free later is another, so
   * both are declined, and all is offered together.
   */
  whole(agent: string): Promise<Live<Offer>> {
    return until(`all of ${agent} is in one offer to ${this.name}`, async () => {
      const open = (await this.open()).filter(({ spec }) => spec.agent === agent);
      const [only, second] = open;
      if (only && !second && cpusOf(offered(only)) >= 1.4) return only;
      await Promise.all(open.map((offer) => this.decline(offer, "0s")));
      return undefined;
    });
  }

  /** The Offer as it is, once it is closed. */
  closed(offer: Live<Offer>, timeout?: number): Promise<Live<Offer>> {
    const look = async () => {
      const now = await this.#scene.cluster.kinds.offers.get(offer.metadata);
      return (now.status?.state ?? "Outstanding") === "Outstanding" ? undefined : now;
    };
    return until(`${offer.metadata.name} is closed`, look, timeout === undefined ? {} : { timeout });
  }

  async respond(offer: Live<Offer>, response: ResponseInput): Promise<Live<Offer>> {
    const { offers } = this.#scene.cluster.kinds;
    await offers.mergePatch(offer.metadata, { spec: { response: response as OfferResponse } });
    return this.closed(offer);
  }

  decline(offer: Live<Offer>, refuse?: string): Promise<Live<Offer>> {
    return this.respond(offer, { decline: refuse === undefined ? {} : { filters: { refuse } } });
  }

  /** Declines what is open, and what comes, until nothing is: for so long as `refuse` says. */
  async declineAll(refuse: string): Promise<void> {
    await until(`${this.name} has nothing more to decline`, async () => {
      const open = await this.open();
      await Promise.all(open.map((offer) => this.decline(offer, refuse)));
      return open.length === 0;
    });
  }

  /** Wants no more offers and gives back what it has: others may wait for it. */
  async rest(): Promise<void> {
    const { spec } = await this.get();
    await this.patch({ suppressedRoles: spec.roles });
    await this.declineAll("1s");
  }

  /** Accepts, and gives the result of each operation. */
  async accept(
    offer: Live<Offer>,
    operations: readonly OperationInput[],
    { refuse = "0s", otherOffers }: { refuse?: string; otherOffers?: readonly string[] } = {},
  ): Promise<readonly OperationResult[]> {
    const accept = { operations: [...operations], filters: { refuse } };
    const others = otherOffers === undefined ? {} : { otherOffers: [...otherOffers] };
    const closed = await this.respond(offer, { accept: { ...accept, ...others } });
    if (closed.status?.state !== "Accepted")
      throw new Error(`not accepted: ${JSON.stringify(closed.status)}`);
    return closed.status.operations ?? [];
  }

  async remove(): Promise<void> {
    await this.#scene.cluster.kinds.frameworks.delete(this.ref);
  }
}

/** LAUNCH of these tasks. */
export const launch = (...tasks: TaskTemplateInput[]): OperationInput => ({
  type: "LAUNCH",
  launch: { tasks },
});

/** What a task asks that only has to be there. */
export const SMALL = [
  { name: "cpus", scalar: 0.02 },
  { name: "mem", scalar: 32 },
];

/** A template of a small task that runs a shell line. */
export const shell = (
  name: string,
  value: string,
  rest: Partial<TaskTemplateInput> = {},
): TaskTemplateInput => ({
  name,
  resources: SMALL,
  command: { value },
  ...rest,
});
