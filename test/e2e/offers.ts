import type { Framework } from "../../src/api/framework.ts";
import { API_VERSION } from "../../src/api/group.ts";
import type { Offer, OfferResponse, Operation } from "../../src/api/offer.ts";
import type { Live } from "../../src/cluster/object.ts";
import { until } from "./cluster.ts";
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

/** Waits for an outstanding offer of the framework that fits; the others are declined. */
export async function offerOf(
  { cluster, namespace }: Scene,
  framework: string,
  fits: (offer: Live<Offer>) => boolean,
): Promise<Live<Offer>> {
  const { offers } = cluster.kinds;
  return until(`an offer for ${framework} that fits`, async () => {
    const { items } = await offers.list({ namespace, fieldSelector: `spec.framework=${framework}` });
    const open = items.filter(
      ({ spec, status }) => (status?.state ?? "Outstanding") === "Outstanding" && !spec.response,
    );
    const found = open.find(fits);
    const others = open.filter((each) => each !== found && !fits(each));
    const response: OfferResponse = { decline: { filters: { refuse: "1s" } } };
    // One that was rescinded meanwhile needs no answer.
    for (const { metadata } of others) {
      await offers.mergePatch(metadata, { spec: { response } }).catch(() => {});
    }
    return found;
  });
}

/** Accepts an offer with these operations and waits until it is closed. */
export async function answer(
  { cluster }: Scene,
  offer: Live<Offer>,
  operations: Operation[],
): Promise<Live<Offer>> {
  const { offers } = cluster.kinds;
  const response: OfferResponse = { accept: { operations, filters: { refuse: "0s" } } };
  await offers.mergePatch(offer.metadata, { spec: { response } });
  return until(`${offer.metadata.name} is closed`, async () => {
    const now = await offers.get(offer.metadata);
    return now.status?.state === "Accepted" ? now : undefined;
  });
}
