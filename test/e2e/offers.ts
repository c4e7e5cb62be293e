import type { Framework } from "../../src/api/framework.ts";
import { API_VERSION } from "../../src/api/group.ts";
import type { Offer, OfferResponse, Operation } from "../../src/api/offer.ts";
import type { Live } from "../../src/cluster/object.ts";
import { type Cluster, until } from "./cluster.ts";
import type { Scene } from "./scene.ts";

/** A Framework that is always connected: the test answers its offers. Gives its name. */
export async function manualFramework(
  { cluster, namespace }: Scene,
  name: string,
  role: string,
  capabilities: readonly string[] = ["PARTITION_AWARE", "TASK_KILLING_STATE"],
): Promise<string> {
  const framework = {
    apiVersion: API_VERSION,
    kind: "Framework",
    metadata: { name, namespace },
    spec: {
      roles: [role],
      capabilities,
      connection: { type: "Manual" },
      refuse: "0s",
    },
  };
  await cluster.kinds.frameworks.create(framework as unknown as Framework);
  return name;
}

/** Wants offers, or none: one that does not answer holds what others wait for until its offers expire. */
export async function suppress(
  { cluster, namespace }: Scene,
  framework: string,
  suppressed: boolean,
): Promise<void> {
  const { frameworks, offers } = cluster.kinds;
  const { metadata, spec } = await frameworks.get({ name: framework, namespace });
  await frameworks.mergePatch(metadata, { spec: { suppressedRoles: suppressed ? spec.roles : [] } });
  if (!suppressed) return;
  const { items } = await offers.list({ namespace, fieldSelector: `spec.framework=${framework}` });
  await decline(cluster, items.filter(isOpen));
}

const isOpen = ({ spec, status }: Offer): boolean =>
  (status?.state ?? "Outstanding") === "Outstanding" && spec.response === undefined;

/** One that was rescinded meanwhile needs no answer. */
async function decline({ kinds }: Cluster, offers: readonly Live<Offer>[]): Promise<void> {
  const response: OfferResponse = { decline: { filters: { refuse: "1s" } } };
  for (const { metadata } of offers) {
    await kinds.offers.mergePatch(metadata, { spec: { response } }).catch(() => {});
  }
}

/** Waits for an outstanding offer of the framework that fits; the others are declined. */
export async function offerOf(
  scene: Scene,
  framework: string,
  fits: (offer: Live<Offer>) => boolean,
): Promise<Live<Offer>> {
  const { cluster, namespace } = scene;
  await suppress(scene, framework, false);
  return until(`an offer for ${framework} that fits`, async () => {
    const selection = { namespace, fieldSelector: `spec.framework=${framework}` };
    const { items } = await cluster.kinds.offers.list(selection);
    const open = items.filter(isOpen);
    await decline(
      cluster,
      open.filter((each) => !fits(each)),
    );
    return open.find(fits);
  });
}

/** Accepts an offer with these operations and waits until it is closed; the framework wants no more then. */
export async function answer(
  scene: Scene,
  offer: Live<Offer>,
  operations: Operation[],
): Promise<Live<Offer>> {
  const { offers } = scene.cluster.kinds;
  const response: OfferResponse = { accept: { operations, filters: { refuse: "0s" } } };
  await offers.mergePatch(offer.metadata, { spec: { response } });
  await suppress(scene, offer.spec.framework, true);
  return until(`${offer.metadata.name} is closed`, async () => {
    const now = await offers.get(offer.metadata);
    return now.status?.state === "Accepted" ? now : undefined;
  });
}
