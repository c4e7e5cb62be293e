import { Agent, request } from "node:http";
import { BenchError } from "../failure.ts";

/** An object and the key under which the API server keeps it. */
export interface Stored {
  readonly key: string;
  readonly object: object;
}

/** etcd takes no more operations in one transaction (--max-txn-ops). */
const MOST = 128;
const WIDTH = 8;

/**
 * Puts objects into etcd itself, as JSON, which the API server reads as well as its own protobuf: a hundred times as fast as by the API
 * server, whose rules and admission see nothing of it.
 */
export class EtcdWriter {
  readonly #url: URL;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: WIDTH });

  /** @param url where etcd serves clients */
  constructor(url: string) {
    this.#url = new URL("/v3/kv/txn", url);
  }

  /** As many at once as can be, of one version: an API server whose watch begins amid them misses some. For what comes again. */
  put(objects: Iterable<Stored>): Promise<void> {
    return this.#write(objects, MOST);
  }

  /** No two of a folder have one version, as it is with what API servers write. */
  putApart(objects: Iterable<Stored>): Promise<void> {
    return this.#write(objects, 1);
  }

  /** `most`: of a folder in one transaction. */
  async #write(objects: Iterable<Stored>, most: number): Promise<void> {
    const source = transactions(objects, most);
    const workers = Array.from({ length: WIDTH }, async () => {
      for (const batch of source) await this.#transact(batch);
    });
    await Promise.all(workers);
  }

  close(): void {
    this.#agent.destroy();
  }

  #transact(batch: readonly Stored[]): Promise<void> {
    const success = batch.map(({ key, object }) => ({
      requestPut: { key: base64(key), value: base64(JSON.stringify(object)) },
    }));
    const body = JSON.stringify({ success });
    return new Promise((resolve, reject) => {
      const headers = { "Content-Type": "application/json", "Content-Length": Buffer.byteLength(body) };
      const sent = request(this.#url, { method: "POST", headers, agent: this.#agent }, (response) => {
        response.resume();
        response.once("error", reject);
        const { statusCode = 0 } = response;
        response.once("end", () =>
          statusCode === 200 ? resolve() : reject(new BenchError(`etcd answers ${statusCode} to a write`)),
        );
      });
      sent.once("error", reject);
      sent.end(body);
    });
  }
}

const base64 = (text: string): string => Buffer.from(text).toString("base64");

/** One for all namespaces of a kind. */
const folderOf = ({ key }: Stored): string => key.split("/").slice(0, -2).join("/");

/** `most`: of a folder in each. */
function* transactions(objects: Iterable<Stored>, most: number): Generator<Stored[], void> {
  let batch: Stored[] = [];
  const counts = new Map<string, number>();
  for (const object of objects) {
    const folder = folderOf(object);
    const count = counts.get(folder) ?? 0;
    if (count >= most || batch.length >= MOST) {
      yield batch;
      batch = [];
      counts.clear();
    }
    counts.set(folder, (counts.get(folder) ?? 0) + 1);
    batch.push(object);
  }
  if (batch.length > 0) yield batch;
}
