import { Agent, type IncomingMessage, request } from "node:http";
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { decode, encode } from "../../../src/wire/codec.ts";
import { FrameworkInfo_Capability_Type as Capability } from "../../../src/wire/gen/mesos/v1/mesos_pb.ts";
import {
  Call_Type,
  CallSchema,
  type Event,
  EventSchema,
} from "../../../src/wire/gen/mesos/v1/scheduler/scheduler_pb.ts";
import { type Encoding, MEDIA_TYPE } from "../../../src/wire/media.ts";
import { RecordDecoder } from "../../../src/wire/recordio.ts";
import { BenchError } from "../cluster/failure.ts";

export interface SubscriberOptions {
  readonly port: number;
  readonly name: string;
  readonly role: string;
  readonly encoding: Encoding;
  readonly onEvent: (event: Event, subscriber: Subscriber) => void;
  /** The stream ended, or what came on it was no event. */
  readonly onEnd: (error: Error) => void;
}

type CallInit = MessageInitShape<typeof CallSchema>;

/** One scheduler: a stream, and a connection of its own for calls. */
export class Subscriber {
  readonly #options: SubscriberOptions;
  readonly #calls = new Agent({ keepAlive: true, maxSockets: 1 });
  #streamId = "";
  #id = "";

  constructor(options: SubscriberOptions) {
    this.#options = options;
  }

  /** Resolves with SUBSCRIBED; no offers come before REVIVE. */
  async subscribe(): Promise<void> {
    const { name, role, encoding, onEvent, onEnd } = this.#options;
    const frameworkInfo = {
      user: "",
      name,
      roles: [role],
      failoverTimeout: 3600,
      capabilities: [{ type: Capability.MULTI_ROLE }, { type: Capability.PARTITION_AWARE }],
    };
    const call: CallInit = {
      type: Call_Type.SUBSCRIBE,
      subscribe: { frameworkInfo, suppressedRoles: [role] },
    };
    const response = await this.#post(call, { Accept: MEDIA_TYPE[encoding] }, new Agent());
    if (response.statusCode !== 200) throw new BenchError(`${name}: SUBSCRIBE got ${response.statusCode}`);
    this.#streamId = String(response.headers["mesos-stream-id"]);
    const { promise, resolve } = Promise.withResolvers<void>();
    const decoder = new RecordDecoder();
    response.on("data", (chunk: Buffer) => {
      for (const record of decoder.decode(chunk)) {
        const event = decode(encoding, EventSchema, record, "Event");
        if (event.error !== undefined) onEnd(new BenchError(`${name}: ${event.error.message}`));
        if (event.subscribed !== undefined) {
          this.#id = event.subscribed.frameworkId?.value ?? "";
          resolve();
        } else onEvent(event, this);
      }
    });
    response.once("close", () => onEnd(new BenchError(`the stream of ${name} ended`)));
    await promise;
  }

  /** Rejects when it is answered with anything but 202. */
  async call(call: CallInit): Promise<void> {
    const own = { ...call, frameworkId: { value: this.#id } } as CallInit;
    const response = await this.#post(own, { "Mesos-Stream-Id": this.#streamId }, this.#calls);
    response.resume();
    if (response.statusCode !== 202) {
      throw new BenchError(`${this.#options.name}: a call got ${response.statusCode}`);
    }
  }

  #post(call: CallInit, headers: Readonly<Record<string, string>>, agent: Agent): Promise<IncomingMessage> {
    const { port, encoding } = this.#options;
    const body = encode(encoding, CallSchema, create(CallSchema, call));
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    const target = { host: "127.0.0.1", port, method: "POST", path: "/api/v1/scheduler", agent };
    const type = { "Content-Type": MEDIA_TYPE[encoding], "Content-Length": String(body.byteLength) };
    request({ ...target, headers: { ...type, ...headers } }, resolve)
      .once("error", reject)
      .end(body);
    return promise;
  }
}
