import { setTimeout as delay } from "node:timers/promises";
import {
  create,
  type DescMessage,
  type DescMethodBiDiStreaming,
  type DescMethodServerStreaming,
  type DescMethodUnary,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from "@bufbuild/protobuf";
import {
  Client,
  type ClientDuplexStream,
  credentials,
  type CallOptions as GrpcCallOptions,
  Metadata,
  status,
} from "@grpc/grpc-js";
import { RpcError } from "./rpcError.ts";

export interface CallOptions {
  /** Milliseconds until the call fails with DEADLINE_EXCEEDED; also bounds the wait for containerd to come back. */
  readonly deadlineMs?: number;
  /** Another containerd namespace than the connection's. */
  readonly namespace?: string;
  /** What the call creates is held by this lease against containerd's garbage collection. */
  readonly lease?: string;
  readonly signal?: AbortSignal | undefined;
}

/** Sends and receives on one stream; `end` closes our side. */
export interface Duplex<I extends DescMessage, O extends DescMessage> extends AsyncIterable<MessageShape<O>> {
  send(message: MessageInitShape<I>): void;
  end(): void;
  cancel(): void;
}

const DEFAULT_DEADLINE_MS = 15_000;
const RETRY_MS = 50;
/** Names of methods that change nothing. */
const READING = new Set(["Get", "Info", "List", "ListPids", "Mounts", "Server", "Stat", "Version", "Wait"]);
/** A List answers with every container's whole spec. */
const MAX_MESSAGE_BYTES = 64 << 20;

interface Cancellable {
  cancel(): void;
}

interface Methodlike {
  readonly name: string;
  readonly parent: { readonly typeName: string };
}

function pathOf(method: Methodlike): string {
  return `/${method.parent.typeName}/${method.name}`;
}

/**
 * containerd's gRPC API on its unix socket. Lost connections are made again by grpc-js; a call in flight then fails with UNAVAILABLE, and a
 * new one waits, up to its deadline, until containerd answers again. Every call has a deadline.
 */
export class Connection {
  readonly namespace: string;
  readonly #client: Client;
  readonly #calls = new Set<Cancellable>();
  #closed = false;

  constructor(socket: string, namespace: string) {
    this.namespace = namespace;
    this.#client = new Client(`unix://${socket}`, credentials.createInsecure(), {
      "grpc.initial_reconnect_backoff_ms": 50,
      "grpc.max_reconnect_backoff_ms": 500,
      "grpc.max_receive_message_length": MAX_MESSAGE_BYTES,
      // Two connections in one process must not share the state of a subchannel that one of them closes.
      "grpc.use_local_subchannel_pool": 1,
    });
  }

  /** Calls under way fail, and nothing waits for containerd any more. */
  close(): void {
    this.#closed = true;
    // grpc-js would let them go on.
    for (const call of this.#calls) call.cancel();
    this.#client.close();
  }

  get closed(): boolean {
    return this.#closed;
  }

  /**
   * One call, one reply. A call that only reads is made again when containerd goes away under it, within the deadline; whether another one
   * was carried out is then not known, and it fails with UNAVAILABLE.
   */
  async unary<I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    request: MessageInitShape<I>,
    options: CallOptions = {},
  ): Promise<MessageShape<O>> {
    const deadline = Date.now() + (options.deadlineMs ?? DEFAULT_DEADLINE_MS);
    for (;;) {
      try {
        return await this.#unaryOnce(method, request, { ...options, deadline });
      } catch (error) {
        const again =
          READING.has(method.name) && error instanceof RpcError && error.code === status.UNAVAILABLE;
        if (!again || this.#closed || Date.now() > deadline) throw error;
        await delay(RETRY_MS, undefined, { signal: options.signal });
      }
    }
  }

  #unaryOnce<I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    request: MessageInitShape<I>,
    options: CallOptions & { readonly deadline: number },
  ): Promise<MessageShape<O>> {
    const path = pathOf(method);
    const { promise, resolve, reject } = Promise.withResolvers<MessageShape<O>>();
    if (options.signal?.aborted) return Promise.reject(new RpcError(path, status.CANCELLED, "cancelled"));
    const call = this.#client.makeUnaryRequest(
      path,
      (message: MessageShape<I>) => Buffer.from(toBinary(method.input, message)),
      (bytes: Buffer) => fromBinary(method.output, bytes),
      create(method.input, request),
      this.#metadata(options),
      { deadline: options.deadline },
      (error, reply) => {
        options.signal?.removeEventListener("abort", abort);
        this.#calls.delete(call);
        if (error) reject(RpcError.from(path, error));
        else if (reply) resolve(reply);
        else reject(new RpcError(path, status.INTERNAL, "no reply"));
      },
    );
    this.#calls.add(call);
    const abort = () => call.cancel();
    options.signal?.addEventListener("abort", abort, { once: true });
    return promise;
  }

  async *serverStream<I extends DescMessage, O extends DescMessage>(
    method: DescMethodServerStreaming<I, O>,
    request: MessageInitShape<I>,
    options: CallOptions = {},
  ): AsyncGenerator<MessageShape<O>> {
    const path = pathOf(method);
    const call = this.#client.makeServerStreamRequest(
      path,
      (message: MessageShape<I>) => Buffer.from(toBinary(method.input, message)),
      (bytes: Buffer) => fromBinary(method.output, bytes),
      create(method.input, request),
      this.#metadata(options),
      callOptions(options, DEFAULT_DEADLINE_MS),
    );
    this.#calls.add(call);
    const abort = () => call.cancel();
    options.signal?.addEventListener("abort", abort, { once: true });
    if (options.signal?.aborted) abort();
    try {
      for await (const message of call) yield message as MessageShape<O>;
    } catch (error) {
      throw RpcError.from(path, error);
    } finally {
      options.signal?.removeEventListener("abort", abort);
      this.#calls.delete(call);
      // Harmless once it has ended; a consumer that broke off would leave the stream open.
      call.cancel();
    }
  }

  duplex<I extends DescMessage, O extends DescMessage>(
    method: DescMethodBiDiStreaming<I, O>,
    options: CallOptions = {},
  ): Duplex<I, O> {
    const path = pathOf(method);
    const call: ClientDuplexStream<MessageShape<I>, MessageShape<O>> = this.#client.makeBidiStreamRequest(
      path,
      (message: MessageShape<I>) => Buffer.from(toBinary(method.input, message)),
      (bytes: Buffer) => fromBinary(method.output, bytes),
      this.#metadata(options),
      callOptions(options, DEFAULT_DEADLINE_MS),
    );
    // An error surfaces in the iteration; without a listener one that comes before or after it would end the process.
    call.on("error", () => {});
    this.#calls.add(call);
    call.on("close", () => this.#calls.delete(call));
    return {
      send: (message) => void call.write(create(method.input, message)),
      end: () => void call.end(),
      cancel: () => call.cancel(),
      async *[Symbol.asyncIterator]() {
        try {
          for await (const message of call) yield message as MessageShape<O>;
        } catch (error) {
          throw RpcError.from(path, error);
        }
      },
    };
  }

  #metadata(options: CallOptions): Metadata {
    const metadata = new Metadata({ waitForReady: true });
    metadata.set("containerd-namespace", options.namespace ?? this.namespace);
    if (options.lease !== undefined) metadata.set("containerd-lease", options.lease);
    return metadata;
  }
}

function callOptions(options: CallOptions, fallbackMs: number): GrpcCallOptions {
  return { deadline: Date.now() + (options.deadlineMs ?? fallbackMs) };
}
