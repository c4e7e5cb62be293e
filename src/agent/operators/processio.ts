import type { ServerResponse } from "node:http";
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { encode } from "../../wire/codec.ts";
import {
  type ProcessIO,
  ProcessIO_Control_Type,
  ProcessIO_Data_Type,
  ProcessIO_Type,
  ProcessIOSchema,
} from "../../wire/gen/mesos/v1/agent/agent_pb.ts";
import { MEDIA_TYPE } from "../../wire/media.ts";
import { encodeRecord } from "../../wire/recordio.ts";
import { type Media, RECORDIO } from "./media.ts";

export type OutputStream = "STDOUT" | "STDERR";

/** Milliseconds; as Mesos's (src/slave/constants.hpp), so that what lies in between keeps the connection. */
const HEARTBEAT = 30_000;
/** Bytes. */
const MOST_WAITING = 4 << 20;
const NANOS_PER_MS = 1_000_000n;

/** The answer that carries a process's output: one ProcessIO a record. */
export class OutputResponse {
  readonly #response: ServerResponse;
  readonly #media: Media;
  readonly #heartbeat: NodeJS.Timeout;
  /** Aborts when the client is gone, or the answer has ended. */
  readonly closed: AbortSignal;

  /** Writes the head at once. */
  constructor(response: ServerResponse, media: Media) {
    this.#response = response;
    this.#media = media;
    const stop = new AbortController();
    this.closed = stop.signal;
    const type = MEDIA_TYPE[media.accept];
    response.writeHead(
      200,
      media.streamsOut
        ? { "Content-Type": RECORDIO, "Message-Content-Type": type }
        : { "Content-Type": type },
    );
    response.flushHeaders();
    response.on("error", () => {});
    this.#heartbeat = setInterval(() => this.#send(heartbeat), HEARTBEAT);
    const close = () => {
      clearInterval(this.#heartbeat);
      stop.abort();
    };
    response.once("close", close);
    // It left while what it asked for was made.
    if (response.destroyed) close();
  }

  /** Resolves once there is room for more, or nobody left to take it. */
  async write(stream: OutputStream, data: Uint8Array): Promise<void> {
    if (this.#send({ type: ProcessIO_Type.DATA, data: { type: ProcessIO_Data_Type[stream], data } })) return;
    await new Promise<void>((resolve) => {
      const done = () => {
        this.#response.off("drain", done);
        this.#response.off("close", done);
        resolve();
      };
      this.#response.once("drain", done);
      this.#response.once("close", done);
    });
  }

  /** For who must not be waited for: cut off when too much waits. */
  offer(stream: OutputStream, data: Uint8Array): void {
    this.#send({ type: ProcessIO_Type.DATA, data: { type: ProcessIO_Data_Type[stream], data } });
    if (this.#response.writableLength > MOST_WAITING) this.#response.destroy();
  }

  end(): void {
    clearInterval(this.#heartbeat);
    this.#response.end();
  }

  /** False: it is to be waited. */
  #send(message: MessageInitShape<typeof ProcessIOSchema>): boolean {
    if (this.closed.aborted || this.#response.writableEnded) return true;
    const record = encode(this.#media.accept, ProcessIOSchema, create(ProcessIOSchema, message));
    return this.#response.write(encodeRecord(record)) || this.#response.destroyed;
  }
}

const heartbeat: MessageInitShape<typeof ProcessIOSchema> = {
  type: ProcessIO_Type.CONTROL,
  control: {
    type: ProcessIO_Control_Type.HEARTBEAT,
    heartbeat: { interval: { nanoseconds: BigInt(HEARTBEAT) * NANOS_PER_MS } },
  },
};

/** What a message of ATTACH_CONTAINER_INPUT asks for. */
export type Input =
  | { readonly type: "data"; readonly data: Uint8Array }
  | { readonly type: "resize"; readonly rows: number; readonly columns: number }
  | { readonly type: "heartbeat" };

/** In the words of Mesos's IOSwitchboard (src/slave/containerizer/mesos/io/switchboard.cpp, validate). */
export function readInput(message: ProcessIO | undefined): Input | { readonly problem: string } {
  if (message === undefined) {
    return { problem: "Expecting 'attach_container_input.process_io' to be present" };
  }
  const { type, data, control } = message;
  if (type === ProcessIO_Type.DATA) {
    if (data === undefined) return { problem: "Expecting 'process_io.data' to be present" };
    if (data.type !== ProcessIO_Data_Type.STDIN) {
      return { problem: "Expecting 'process_io.data.type' to be 'STDIN'" };
    }
    return { type: "data", data: data.data };
  }
  if (type !== ProcessIO_Type.CONTROL) return { problem: "'process_io.type' is unknown" };
  if (control === undefined) return { problem: "Expecting 'process_io.control' to be present" };
  if (control.type === ProcessIO_Control_Type.HEARTBEAT) return { type: "heartbeat" };
  if (control.type !== ProcessIO_Control_Type.TTY_INFO) {
    return { problem: "'process_io.control.type' is unknown" };
  }
  const size = control.ttyInfo?.windowSize;
  if (size === undefined) return { problem: "Expecting 'tty_info.window_size' to be present" };
  return { type: "resize", rows: size.rows, columns: size.columns };
}
