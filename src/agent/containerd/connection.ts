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
/** A List answers with every container's whole spec. */
const MAX_MESSAGE_BYTES = 64 << 20;

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

  close(): void {
    this.#client.close();
  }

  unary<I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    request: MessageInitShape<I>,
    options: CallOptions = {},
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
      callOptions(options, DEFAULT_DEADLINE_MS),
      (error, reply) => {
        options.signal?.removeEventListener("abort", abort);
        if (error) reject(RpcError.from(path, error));
        else if (reply) resolve(reply);
        else reject(new RpcError(path, status.INTERNAL, "no reply"));
      },
    );
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
    const abort = () => call.cancel();
    options.signal?.addEventListener("abort", abort, { once: true });
    if (options.signal?.aborted) abort();
    try {
      for await (const message of call) yield message as MessageShape<O>;
    } catch (error) {
      throw RpcError.from(path, error);
    } finally {
      options.signal?.removeEventListener("abort", abort);
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
