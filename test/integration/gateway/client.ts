import { type IncomingMessage, request } from "node:http";
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { vi } from "vitest";
import { decode, encode } from "../../../src/wire/codec.ts";
import {
  Call_Type,
  CallSchema,
  type Event,
  Event_Type,
  EventSchema,
} from "../../../src/wire/gen/mesos/v1/scheduler/scheduler_pb.ts";
import { type Encoding, MEDIA_TYPE } from "../../../src/wire/media.ts";
import { RecordDecoder } from "../../../src/wire/recordio.ts";

export interface Answered {
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

export interface Asked {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Record<string, string>;
  readonly body?: Uint8Array | string;
}

const PATH = "/api/v1/scheduler";

/** The response's head; its body is still to come. */
export function open(port: number, { method = "POST", path = PATH, headers = {}, body = "" }: Asked) {
  return new Promise<IncomingMessage>((resolve, reject) => {
    const length = { "Content-Length": String(Buffer.byteLength(body)) };
    const sent = request(
      { host: "127.0.0.1", port, method, path, headers: { ...length, ...headers }, agent: false },
      resolve,
    );
    sent.on("error", reject);
    sent.end(body);
  });
}

export async function ask(port: number, asked: Asked): Promise<Answered> {
  const { bytes, ...rest } = await askBytes(port, asked);
  return { ...rest, body: bytes.toString() };
}

export async function askBytes(port: number, asked: Asked) {
  const response = await open(port, asked);
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  const { statusCode = 0, headers } = response;
  return { status: statusCode, headers, bytes: Buffer.concat(chunks) };
}

type CallInit = MessageInitShape<typeof CallSchema>;
type Subscribe = NonNullable<CallInit["subscribe"]>;

export interface SubscribeOptions {
  readonly encoding?: Encoding;
  readonly headers?: Record<string, string>;
}

/** A scheduler as any HTTP client can be one. */
export class MesosClient {
  readonly events: Event[] = [];
  readonly port: number;
  readonly encoding: Encoding;
  streamId = "";
  id = "";
  /** Resolves when the stream has ended. */
  ended: Promise<void> = Promise.resolve();
  readonly #headers: Record<string, string>;
  readonly #open = new Map<string, OfferMessage>();
  #response: IncomingMessage | undefined;

  constructor(port: number, { encoding = "json", headers = {} }: SubscribeOptions = {}) {
    this.port = port;
    this.encoding = encoding;
    this.#headers = headers;
  }

  /** Subscribes and waits for SUBSCRIBED. Rejects with the message of an ERROR that came instead. */
  async subscribe(subscribe: Subscribe): Promise<Event> {
    const first = await this.attempt(subscribe);
    if (first.type !== Event_Type.ERROR) return first;
    // Another attempt shall not find it.
    this.events.length = 0;
    throw new Error(`SUBSCRIBE was refused: ${first.error?.message}`);
  }

  /** Subscribes and waits for SUBSCRIBED or ERROR. */
  async attempt(subscribe: Subscribe): Promise<Event> {
    const id = subscribe.frameworkInfo?.id;
    const call = create(CallSchema, { type: Call_Type.SUBSCRIBE, subscribe, ...(id && { frameworkId: id }) });
    return this.subscribeWith(encode(this.encoding, CallSchema, call));
  }

  /** The same with a body that somebody else has written. */
  async subscribeWith(body: Uint8Array | string): Promise<Event> {
    const response = await open(this.port, this.#asked(body, { Accept: MEDIA_TYPE[this.encoding] }));
    if (response.statusCode !== 200) throw new Error(`SUBSCRIBE was answered with ${response.statusCode}`);
    this.#response = response;
    this.streamId = String(response.headers["mesos-stream-id"]);
    const decoder = new RecordDecoder();
    response.on("data", (chunk: Buffer) => {
      for (const record of decoder.decode(chunk)) {
        this.#take(decode(this.encoding, EventSchema, record, "Event"));
      }
    });
    this.ended = new Promise((resolve) => response.once("close", () => resolve()));
    const [first] = await vi.waitFor(() => {
      if (this.events.length === 0) throw new Error("no event came");
      return this.events;
    }, WAIT);
    if (first === undefined) throw new Error("no event came");
    this.id = first.subscribed?.frameworkId?.value ?? "";
    return first;
  }

  #take(event: Event): void {
    this.events.push(event);
    for (const offer of event.offers?.offers ?? []) this.#open.set(offer.id?.value ?? "", offer);
    this.#open.delete(event.rescind?.offerId?.value ?? "");
  }

  async call(call: CallInit): Promise<Answered> {
    for (const { value = "" } of call.accept?.offerIds ?? call.decline?.offerIds ?? [])
      this.#open.delete(value);
    const made = create(CallSchema, { ...call, frameworkId: { value: this.id } } as CallInit);
    const body = encode(this.encoding, CallSchema, made);
    return ask(this.port, this.#asked(body, { "Mesos-Stream-Id": this.streamId }));
  }

  /** The first event of a type that fits, from the beginning, once it is there. */
  event(type: Event_Type, fits: (event: Event) => boolean = () => true): Promise<Event> {
    return vi.waitFor(() => {
      const found = this.events.find((event) => event.type === type && fits(event));
      if (found === undefined) {
        throw new Error(`no such event among ${this.events.map((event) => event.type).join(", ")}`);
      }
      return found;
    }, WAIT);
  }

  /** Offers that were neither answered nor taken back, oldest first. */
  open(): OfferMessage[] {
    return [...this.#open.values()];
  }

  /** An open offer of so many cpus or more, once there is one. */
  offer(cpus = 0): Promise<OfferMessage> {
    return vi.waitFor(() => {
      const found = this.open().find((one) => cpusOf(one) >= cpus);
      if (found === undefined) throw new Error("no offer");
      return found;
    }, WAIT);
  }

  updates(taskId: string) {
    return this.events.flatMap(({ update }) =>
      update?.status?.taskId?.value === taskId ? [update.status] : [],
    );
  }

  close(): void {
    this.#response?.destroy();
  }

  #asked(body: Uint8Array | string, headers: Record<string, string>): Asked {
    return { headers: { "Content-Type": MEDIA_TYPE[this.encoding], ...headers, ...this.#headers }, body };
  }
}

const WAIT = { timeout: 20_000, interval: 20 };

type OfferMessage = NonNullable<Event["offers"]>["offers"][number];
export const cpusOf = ({ resources }: OfferMessage): number =>
  resources.filter(({ name }) => name === "cpus").reduce((sum, { scalar }) => sum + (scalar?.value ?? 0), 0);
