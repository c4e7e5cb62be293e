import { setTimeout as delay } from "node:timers/promises";

/** etcd takes no more operations in one transaction (--max-txn-ops). */
const MOST = 128;
const TRIES = 5;

/** Keys of all objects that an API server keeps in its etcd. */
export async function storedKeys(etcd: string): Promise<string[]> {
  const range = { key: base64("/registry/"), range_end: base64("/registry0"), keys_only: true };
  const { kvs = [] } = (await ask(etcd, "range", range)) as { kvs?: { key: string }[] };
  return kvs.map(({ key }) => Buffer.from(key, "base64").toString());
}

/**
 * Takes all objects but these from an API server, by its etcd: no finalizer, no admission and no controller is asked, and the API server's caches
 * follow as they follow any write. A tenth of a second, where a new server with the CRDs takes ten.
 */
export async function removeAllBut(etcd: string, kept: ReadonlySet<string>): Promise<void> {
  // Whatever ended a moment ago may have left a write on its way.
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const rest = (await storedKeys(etcd)).filter((key) => !kept.has(key));
    if (rest.length === 0) return;
    for (let i = 0; i < rest.length; i += MOST) {
      const success = rest.slice(i, i + MOST).map((key) => ({ requestDeleteRange: { key: base64(key) } }));
      await ask(etcd, "txn", { success });
    }
    await delay(100);
  }
}

async function ask(etcd: string, what: string, body: object): Promise<unknown> {
  const response = await fetch(new URL(`/v3/kv/${what}`, etcd), {
    method: "POST",
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`etcd answers ${response.status} to a ${what}: ${await response.text()}`);
  return response.json();
}

const base64 = (text: string): string => Buffer.from(text).toString("base64");
