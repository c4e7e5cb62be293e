import { randomUUID } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { vi } from "vitest";
import { uuidBytes } from "../../../src/convert/status.ts";
import { decode, encode } from "../../../src/wire/codec.ts";
import {
  Call_Type,
  CallSchema,
  type Event,
  Event_Type,
  EventSchema,
} from "../../../src/wire/gen/mesos/v1/executor/executor_pb.ts";
import {
  type TaskState,
  TaskStatus_Source,
  type TaskStatusSchema,
} from "../../../src/wire/gen/mesos/v1/mesos_pb.ts";
import { type Encoding, MEDIA_TYPE } from "../../../src/wire/media.ts";
import { RecordDecoder } from "../../../src/wire/recordio.ts";
import { type Answered, type Asked, ask, open } from "../gateway/client.ts";

const PATH = "/api/v1/executor";
const WAIT = { timeout: 20_000, interval: 20 };

type CallInit = MessageInitShape<typeof CallSchema>;
export type StatusInit = MessageInitShape<typeof TaskStatusSchema>;

export interface ExecutorIdentity {
  readonly frameworkId: string;
  readonly executorId: string;
  readonly token?: string;
}

/** An executor as any HTTP client can be one. */
export class ExecutorClient {
  readonly events: Event[] = [];
  readonly #port: number;
  readonly #identity: ExecutorIdentity;
  readonly #encoding: Encoding;
  #stream: IncomingMessage | undefined;

  constructor(port: number, identity: ExecutorIdentity, encoding: Encoding = "json") {
    this.#port = port;
    this.#identity = identity;
    this.#encoding = encoding;
  }

  /** The status that it was answered with. */
  async subscribe(subscribe: NonNullable<CallInit["subscribe"]> = {}): Promise<number> {
    return this.#open(this.#asked({ type: Call_Type.SUBSCRIBE, subscribe }));
  }

  /** The same with a body that somebody else has written. */
  subscribeWith(body: Uint8Array): Promise<number> {
    return this.#open({ ...this.#asked({}), body });
  }

  async #open(asked: Asked): Promise<number> {
    const response = await open(this.#port, asked);
    this.#stream = response;
    const decoder = new RecordDecoder();
    if (response.statusCode === 200) {
      response.on("data", (chunk: Buffer) => {
        for (const record of decoder.decode(chunk)) {
          this.events.push(decode(this.#encoding, EventSchema, record, "Event"));
        }
      });
      response.on("error", () => {});
    }
    return response.statusCode ?? 0;
  }

  call(call: CallInit, headers: Record<string, string> = {}): Promise<Answered> {
    return ask(this.#port, this.#asked(call, headers));
  }

  /** A call that somebody else has written. */
  send(body: Uint8Array): Promise<Answered> {
    return ask(this.#port, { ...this.#asked({}), body });
  }

  /** Tells of a task; gives the update's uuid. */
  async update(taskId: string, state: TaskState, more: StatusInit = {}): Promise<Uint8Array> {
    const status = this.status(taskId, state, more);
    const { status: code, body } = await this.call({ type: Call_Type.UPDATE, update: { status } });
    if (code !== 202) throw new Error(`UPDATE was answered with ${code} ${body}`);
    return status.uuid ?? new Uint8Array();
  }

  status(taskId: string, state: TaskState, more: StatusInit = {}) {
    return {
      taskId: { value: taskId },
      state,
      source: TaskStatus_Source.EXECUTOR,
      uuid: uuidBytes(randomUUID()),
      ...more,
    } as StatusInit & { uuid: Uint8Array };
  }

  /** The first event of a type that fits, once it is there. */
  event(type: Event_Type, fits: (event: Event) => boolean = () => true): Promise<Event> {
    return vi.waitFor(() => {
      const found = this.events.find((event) => event.type === type && fits(event));
      if (found === undefined) throw new Error(`no such event among ${this.events.map((one) => one.type)}`);
      return found;
    }, WAIT);
  }

  launched(taskId: string): Promise<Event> {
    return this.event(Event_Type.LAUNCH, ({ launch }) => launch?.task?.taskId?.value === taskId);
  }

  acknowledged(uuid: Uint8Array): Promise<Event> {
    const same = (bytes: Uint8Array | undefined) => Buffer.from(bytes ?? []).equals(Buffer.from(uuid));
    return this.event(Event_Type.ACKNOWLEDGED, ({ acknowledged }) => same(acknowledged?.uuid));
  }

  close(): void {
    this.#stream?.destroy();
  }

  #asked(call: CallInit, headers: Record<string, string> = {}) {
    const { frameworkId, executorId, token } = this.#identity;
    const ids = { frameworkId: { value: frameworkId }, executorId: { value: executorId } };
    return {
      path: PATH,
      headers: {
        "Content-Type": MEDIA_TYPE[this.#encoding],
        Accept: MEDIA_TYPE[this.#encoding],
        ...(token !== undefined && { Authorization: `Bearer ${token}` }),
        ...headers,
      },
      body: encode(this.#encoding, CallSchema, create(CallSchema, { ...ids, ...call } as CallInit)),
    };
  }
}
