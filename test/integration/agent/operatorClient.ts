import { once } from "node:events";
import { type ClientRequest, type IncomingMessage, request as plainRequest } from "node:http";
import { request as tlsRequest } from "node:https";
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { decode, encode } from "../../../src/wire/codec.ts";
import {
  CallSchema,
  type ProcessIO,
  ProcessIO_Control_Type,
  ProcessIO_Data_Type,
  ProcessIO_Type,
  ProcessIOSchema,
  type Response,
  ResponseSchema,
} from "../../../src/wire/gen/mesos/v1/agent/agent_pb.ts";
import { type Encoding, MEDIA_TYPE } from "../../../src/wire/media.ts";
import { encodeRecord, RecordDecoder } from "../../../src/wire/recordio.ts";

export type CallInit = MessageInitShape<typeof CallSchema>;
type ProcessIOInit = MessageInitShape<typeof ProcessIOSchema>;

export interface Answered {
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
  readonly body: Buffer;
}

export interface Target {
  readonly host: string;
  readonly port: number;
  readonly token?: string;
  /** The authority to trust, and the name it vouches for; absent: without TLS. */
  readonly tls?: { readonly ca: string; readonly servername: string };
}

const RECORDIO = "application/recordio";

/** An operator of an agent. */
export class OperatorClient {
  readonly #target: Target;
  readonly #encoding: Encoding;

  constructor(target: Target, encoding: Encoding = "json") {
    this.#target = target;
    this.#encoding = encoding;
  }

  async get(path: string, query: Record<string, string> = {}): Promise<Answered> {
    const search = new URLSearchParams(query).toString();
    const sent = this.#open("GET", search === "" ? path : `${path}?${search}`, {});
    sent.end();
    return collected(await answered(sent));
  }

  async json(path: string, query: Record<string, string> = {}) {
    const { status, body } = await this.get(path, query);
    if (status !== 200) throw new Error(`${path}: ${status} ${body}`);
    return JSON.parse(body.toString());
  }

  /** The answer to a call, whatever it is. */
  async post(call: CallInit, headers: Record<string, string> = {}): Promise<Answered> {
    return collected(await this.#post(call, headers));
  }

  /** The answer to any body at all. */
  async send(body: string | Uint8Array, headers: Record<string, string>): Promise<Answered> {
    const sent = this.#open("POST", "/api/v1", headers);
    sent.end(body);
    return collected(await answered(sent));
  }

  /** The message that answers a call. */
  async call(call: CallInit): Promise<Response> {
    const { status, body } = await this.post(call);
    if (status !== 200) throw new Error(`${status} ${body}`);
    return decode(this.#encoding, ResponseSchema, body, "Response");
  }

  /** A call that is answered with a process's output. */
  async output(call: CallInit): Promise<Output> {
    const headers = { Accept: RECORDIO, "Message-Accept": MEDIA_TYPE[this.#encoding] };
    const response = await this.#post(call, headers);
    if (response.statusCode === 200) return new Output(response, this.#encoding);
    const { status, body } = await collected(response);
    throw new Error(`${status} ${body}`);
  }

  /** A stream of input; it goes on until `end`. */
  input(containerId: ContainerIdInit): Input {
    const headers = { "Content-Type": RECORDIO, "Message-Content-Type": MEDIA_TYPE[this.#encoding] };
    const input = new Input(this.#open("POST", "/api/v1", headers), this.#encoding);
    input.call({ type: INPUT, attachContainerInput: { type: 1, containerId } });
    return input;
  }

  #post(call: CallInit, headers: Record<string, string>): Promise<IncomingMessage> {
    const type = MEDIA_TYPE[this.#encoding];
    const sent = this.#open("POST", "/api/v1", { "Content-Type": type, Accept: type, ...headers });
    sent.end(encode(this.#encoding, CallSchema, create(CallSchema, call)));
    return answered(sent);
  }

  #open(method: string, path: string, headers: Record<string, string>): ClientRequest {
    const { host, port, token, tls } = this.#target;
    const authorization = token === undefined ? {} : { Authorization: `Bearer ${token}` };
    const options = { host, port, method, path, headers: { ...authorization, ...headers }, agent: false };
    return tls === undefined ? plainRequest(options) : tlsRequest({ ...options, ...tls });
  }
}

export interface ContainerIdInit {
  readonly value: string;
  readonly parent?: ContainerIdInit;
}

/** ATTACH_CONTAINER_INPUT. */
const INPUT = 18;

async function answered(sent: ClientRequest): Promise<IncomingMessage> {
  const [response] = (await once(sent, "response")) as [IncomingMessage];
  return response;
}

async function collected(response: IncomingMessage): Promise<Answered> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk);
  return { status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) };
}

/** What a process writes, as it comes. */
export class Output {
  readonly headers: IncomingMessage["headers"];
  readonly #response: IncomingMessage;
  /** Resolves when the stream has ended, as it should or not. */
  readonly ended: Promise<void>;
  stdout = "";
  stderr = "";

  constructor(response: IncomingMessage, encoding: Encoding) {
    this.#response = response;
    this.headers = response.headers;
    const decoder = new RecordDecoder();
    response.on("data", (chunk: Buffer) => {
      for (const record of decoder.decode(chunk))
        this.#take(decode(encoding, ProcessIOSchema, record, "ProcessIO"));
    });
    // Cut off is an end too.
    response.on("error", () => {});
    this.ended = new Promise((resolve) => response.once("close", () => resolve()));
  }

  leave(): void {
    this.#response.destroy();
  }

  #take({ data }: ProcessIO): void {
    const text = Buffer.from(data?.data ?? []).toString();
    if (data?.type === ProcessIO_Data_Type.STDOUT) this.stdout += text;
    if (data?.type === ProcessIO_Data_Type.STDERR) this.stderr += text;
  }
}

/** What a process is given to read. */
export class Input {
  readonly #request: ClientRequest;
  readonly #encoding: Encoding;
  readonly answer: Promise<Answered>;

  constructor(request: ClientRequest, encoding: Encoding) {
    this.#request = request;
    this.#encoding = encoding;
    this.answer = answered(request).then(collected);
  }

  call(call: CallInit): void {
    this.#request.write(encodeRecord(encode(this.#encoding, CallSchema, create(CallSchema, call))));
  }

  /** Nothing: the end of the input. */
  write(text: string): void {
    const data = { type: ProcessIO_Data_Type.STDIN, data: new TextEncoder().encode(text) };
    this.#send({ type: ProcessIO_Type.DATA, data });
  }

  resize(rows: number, columns: number): void {
    const control = { type: ProcessIO_Control_Type.TTY_INFO, ttyInfo: { windowSize: { rows, columns } } };
    this.#send({ type: ProcessIO_Type.CONTROL, control });
  }

  end(): Promise<Answered> {
    this.#request.end();
    return this.answer;
  }

  #send(processIo: ProcessIOInit): void {
    this.call({ type: INPUT, attachContainerInput: { type: 2, processIo } });
  }
}
