import type { Connection } from "../containerd/connection.ts";
import { Content, type ReadContentResponse, WriteAction } from "../containerd/gen/containerd/content_pb.ts";
import { isAlreadyExists, RpcError } from "../containerd/rpcError.ts";
import type { Descriptor } from "./manifest.ts";

/** Manifests and configurations are small; anything larger is not read into memory. */
const MAX_DOCUMENT_BYTES = 8 << 20;
const COPY_DEADLINE_MS = 10 * 60_000;

/** Blobs by digest, in a namespace of containerd's content store. */
export class ContentStore {
  readonly #connection: Connection;
  readonly #namespace: string;

  constructor(connection: Connection, namespace: string) {
    this.#connection = connection;
    this.#namespace = namespace;
  }

  /** A whole manifest or configuration. */
  async readDocument(digest: string): Promise<Uint8Array> {
    const parts: Uint8Array[] = [];
    let size = 0;
    for await (const { data } of this.#connection.serverStream(
      Content.method.read,
      { digest },
      { namespace: this.#namespace },
    )) {
      size += data.length;
      if (size > MAX_DOCUMENT_BYTES) throw new Error(`blob ${digest} is larger than a manifest may be`);
      parts.push(data);
    }
    return Buffer.concat(parts);
  }

  async setLabels(digest: string, labels: Readonly<Record<string, string>>, lease?: string): Promise<void> {
    await this.#connection.unary(
      Content.method.update,
      { info: { digest, labels }, updateMask: { paths: Object.keys(labels).map((key) => `labels.${key}`) } },
      { namespace: this.#namespace, ...(lease === undefined ? {} : { lease }) },
    );
  }

  /**
   * Makes a blob of another namespace one of this. Under containerd's default sharing policy that copies nothing: a writer that names the
   * digest of a blob already stored finds itself at its end. Under the policy "isolated" the bytes are copied.
   */
  async adopt(
    from: ContentStore,
    blob: Descriptor,
    labels: Readonly<Record<string, string>>,
    lease: string,
  ): Promise<void> {
    const options = { namespace: this.#namespace, lease, deadlineMs: COPY_DEADLINE_MS };
    const stream = this.#connection.duplex(Content.method.write, options);
    const replies = stream[Symbol.asyncIterator]();
    const ref = `mesos-adopt-${blob.digest}`;
    const total = BigInt(blob.size);
    try {
      stream.send({ action: WriteAction.STAT, ref, total, expected: blob.digest });
      let offset = (await nextOf(replies)).offset;
      while (offset < total) {
        for await (const { data } of from.#read(blob.digest, offset)) {
          stream.send({ action: WriteAction.WRITE, offset, data });
          offset = (await nextOf(replies)).offset;
        }
      }
      stream.send({ action: WriteAction.COMMIT, offset: total, total, expected: blob.digest, labels });
      await nextOf(replies);
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
      if (Object.keys(labels).length > 0) await this.setLabels(blob.digest, labels, lease);
    } finally {
      stream.end();
      stream.cancel();
    }
  }

  async *#read(digest: string, offset: bigint): AsyncGenerator<ReadContentResponse> {
    yield* this.#connection.serverStream(
      Content.method.read,
      { digest, offset },
      { namespace: this.#namespace, deadlineMs: COPY_DEADLINE_MS },
    );
  }
}

async function nextOf<T>(replies: AsyncIterator<T>): Promise<T> {
  const { done, value } = await replies.next();
  if (done) throw new RpcError("Content.Write", 13, "the stream ended early");
  return value;
}
