import { setTimeout as delay } from "node:timers/promises";
import { frameworkSpec } from "../../../src/api/framework.ts";
import { API_VERSION } from "../../../src/api/group.ts";
import { frameworks, offers } from "../../../src/client/handles.ts";
import type { Connection } from "../../../src/cluster/connection.ts";
import { leases } from "../../../src/cluster/core.ts";
import { createLogger } from "../../../src/cluster/logger.ts";
import { Reflector } from "../../../src/cluster/reflector.ts";
import { WORK } from "./controlplane.ts";
import { BenchError } from "./failure.ts";
import type { Operator } from "./operator.ts";
import { SYSTEM } from "./simulator/protocol.ts";
import { round } from "./statistics.ts";

const LEASE = "mesos-operator";
const PATIENCE = 300_000;

export interface Takeover {
  /** Milliseconds from the Lease's new holder to the first Offer to a framework that had none. */
  readonly firstOfferMs: number;
  /** To the last of as many Offers as it may have. */
  readonly lastOfferMs: number;
}

/**
 * Ends the leader and measures the next one's first new Offer. `next` is a standby that mirrors the cluster already, or starts one. The framework
 * that waits comes while nobody leads, so that no Offer can be the old leader's.
 */
export async function takeOver(
  connection: Connection,
  leader: Operator,
  next: () => Operator,
  name: string,
  most: number,
): Promise<{ operator: Operator; takeover: Takeover }> {
  const stop = new AbortController();
  const logger = createLogger({ name: "failover", level: "warn" });
  const lease = new Reflector(leases(connection), {
    namespace: SYSTEM,
    fieldSelector: `metadata.name=${LEASE}`,
    logger,
  });
  const selection = { namespace: WORK, fieldSelector: `spec.framework=${name}` };
  const cache = new Reflector(offers(connection), { ...selection, logger });
  const running = [lease.run(stop.signal), cache.run(stop.signal)];
  try {
    await Promise.all([lease.synced, cache.synced]);
    const holder = () => lease.store.get(`${SYSTEM}/${LEASE}`)?.spec?.holderIdentity ?? "";
    const before = holder();
    const acquired = first(lease, () => holder() !== "" && holder() !== before);
    const firstOffer = first(cache, () => cache.store.size > 0);
    const lastOffer = first(cache, () => cache.store.size >= most);
    await leader.stop();
    const spec = frameworkSpec.parse({ roles: ["*"], connection: { type: "Manual" }, maxOffers: most });
    const metadata = { name, namespace: WORK };
    await frameworks(connection).create({ apiVersion: API_VERSION, kind: "Framework", metadata, spec });
    const operator = next();
    const at = await within(Promise.all([acquired, firstOffer, lastOffer]));
    const since = (time: number) => round(time - at[0]);
    return { operator, takeover: { firstOfferMs: since(at[1]), lastOfferMs: since(at[2]) } };
  } finally {
    stop.abort();
    await Promise.all(running);
  }
}

/** When something was first so, by the changes of a reflector. */
function first(
  reflector: { onChange(handler: () => void): () => void },
  isSo: () => boolean,
): Promise<number> {
  return new Promise((resolve) => {
    const stop = reflector.onChange(() => {
      if (!isSo()) return;
      resolve(performance.now());
      queueMicrotask(() => stop());
    });
  });
}

async function within<T>(work: Promise<T>): Promise<T> {
  const late = new AbortController();
  const timeout = delay(PATIENCE, undefined, { signal: late.signal }).then(() => {
    throw new BenchError(`no new leader made its offers within ${PATIENCE / 1000} s: try fewer --agents`);
  });
  timeout.catch(() => {});
  try {
    return await Promise.race([work, timeout]);
  } finally {
    late.abort();
  }
}
