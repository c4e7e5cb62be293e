import type { IncomingMessage } from "node:http";
import type { Breath } from "./breath.ts";
import { type CredentialOptions, type CredentialSource, findCredentials } from "./credentials.ts";
import { Deadline } from "./deadline.ts";
import { ApiError, ConnectionError, type Status } from "./errors.ts";
import { Limiter } from "./limiter.ts";
import { type Clock, sleep, systemClock } from "./time.ts";
import { type RawRequest, StaleSocketError, Transport } from "./transport.ts";

export interface ConnectionOptions extends CredentialOptions {
  /** Sent as User-Agent; also seen in the audit log and in managedFields. */
  readonly userAgent: string;
  /** Requests a second that this client allows itself (50), and how many at once (100). */
  readonly qps?: number;
  readonly burst?: number;
  /** Deadline of a call in ms, retries included (30 000). */
  readonly timeout?: number;
  readonly clock?: Clock;
  /** Answers go on by its turns: many may come at one time, and each sets somebody to work. */
  readonly breath?: Breath;
  /** Told of each answer: its HTTP status, or 0 when none came. */
  readonly onAnswer?: (method: string, code: number, seconds: number) => void;
}

export interface CallOptions {
  readonly signal?: AbortSignal;
  /** Milliseconds; overrides the connection's. */
  readonly timeout?: number;
}

export interface ApiRequest extends CallOptions {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  readonly body?: unknown;
  readonly contentType?: string;
  /** Whether to wait and try again when the server says "later": 429, or 503 with a time (true). */
  readonly retry?: boolean;
}

/**
 * A client of one API server: authentication, TLS, kept-alive connections, a deadline on each call, a rate limit.
 * It says "try again later" on the caller's behalf for 429 alone: nothing was done then.
 */
export class Connection {
  /** Namespace of the kubeconfig's context or of the Pod. */
  readonly namespace: string;
  readonly #transport: Transport;
  readonly #limiter: Limiter;
  readonly #clock: Clock;
  readonly #timeout: number;
  readonly #userAgent: string;
  readonly #breath: Breath | undefined;
  readonly #onAnswer: NonNullable<ConnectionOptions["onAnswer"]>;

  constructor(source: CredentialSource, options: ConnectionOptions) {
    this.namespace = source.namespace;
    this.#clock = options.clock ?? systemClock;
    this.#transport = new Transport(source, this.#clock);
    this.#limiter = new Limiter({ qps: options.qps ?? 50, burst: options.burst ?? 100, clock: this.#clock });
    this.#timeout = options.timeout ?? 30_000;
    this.#userAgent = options.userAgent;
    this.#breath = options.breath;
    this.#onAnswer = options.onAnswer ?? (() => {});
  }

  /** Rejects with ConfigurationError. Talks to nobody yet. */
  static async load(options: ConnectionOptions): Promise<Connection> {
    return new Connection(await findCredentials(options), options);
  }

  /** Resolves with the parsed answer. Rejects with ApiError, ConnectionError, DeadlineError or the signal's reason. */
  async call(request: ApiRequest): Promise<unknown> {
    return (await this.measured(request)).answer;
  }

  /** As `call`, with the length of the answer. */
  async measured(request: ApiRequest): Promise<{ readonly answer: unknown; readonly length: number }> {
    using deadline = this.#deadline(request);
    const response = await this.#send(request, deadline, false);
    const body = await this.#body(request, response, deadline);
    // In the order in which they came.
    await this.#breath?.take();
    return { answer: parse(describe(request), body), length: body.length };
  }

  /**
   * Resolves with an open response, whose head came within the deadline. It ends with the server, with
   * `request.signal`, or after `lifetime` ms, so that no silent peer holds it for ever. Destroy it when done.
   */
  async open(request: ApiRequest, lifetime: number): Promise<IncomingMessage> {
    const deadline = this.#deadline(request);
    try {
      const response = await this.#send(request, deadline, true);
      deadline.restart(lifetime);
      response.once("close", () => deadline[Symbol.dispose]());
      return response;
    } catch (error) {
      deadline[Symbol.dispose]();
      throw error;
    }
  }

  /** Closes all connections; calls and watches that are under way fail. */
  close(): void {
    this.#transport.close();
  }

  #deadline(request: ApiRequest): Deadline {
    return new Deadline(this.#clock, describe(request), request.timeout ?? this.#timeout, request.signal);
  }

  async #send(request: ApiRequest, deadline: Deadline, stream: boolean): Promise<IncomingMessage> {
    const raw = this.#raw(request, stream);
    let unauthorized = false;
    for (;;) {
      await this.#limiter.take(deadline.signal);
      const response = await this.#try(request, raw, deadline);
      const code = response.statusCode ?? 0;
      if (code < 400) return response;
      const error = refusal(describe(request), response, await this.#body(request, response, deadline));
      if (code === 401 && !unauthorized) {
        // The token may have been rotated since it was read.
        unauthorized = true;
        this.#transport.refresh();
        continue;
      }
      // 503 comes so from a server that has just started and does not know all its paths yet.
      const later = (code === 429 || code === 503) && request.retry !== false;
      const wait = later ? error.retryAfter : undefined;
      if (wait === undefined || wait >= deadline.remaining) throw error;
      await sleep(this.#clock, wait, deadline.signal);
    }
  }

  /** One exchange up to the head; at once again when a kept connection was dead and nothing can be done twice. */
  async #try(request: ApiRequest, raw: RawRequest, deadline: Deadline): Promise<IncomingMessage> {
    const started = this.#clock.monotonic();
    const seconds = () => (this.#clock.monotonic() - started) / 1000;
    for (;;) {
      try {
        const response = await this.#transport.send(raw, deadline.signal);
        this.#onAnswer(request.method, response.statusCode ?? 0, seconds());
        return response;
      } catch (error) {
        deadline.signal.throwIfAborted();
        // Ends: each round uses up one of the connections that were kept.
        if (request.method === "GET" && error instanceof StaleSocketError) continue;
        this.#onAnswer(request.method, 0, seconds());
        throw new ConnectionError(describe(request), error);
      }
    }
  }

  async #body(request: ApiRequest, response: IncomingMessage, deadline: Deadline): Promise<string> {
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of response) chunks.push(chunk);
    } catch (error) {
      deadline.signal.throwIfAborted();
      throw new ConnectionError(describe(request), error);
    }
    return Buffer.concat(chunks).toString("utf8");
  }

  #raw(request: ApiRequest, stream: boolean): RawRequest {
    const headers: Record<string, string> = { "User-Agent": this.#userAgent, Accept: "application/json" };
    const body = request.body === undefined ? undefined : JSON.stringify(request.body);
    if (body !== undefined) {
      headers["Content-Type"] = request.contentType ?? "application/json";
      headers["Content-Length"] = String(Buffer.byteLength(body));
    }
    const path = request.path + queryOf(request);
    return { method: request.method, path, headers, stream, ...(body !== undefined ? { body } : {}) };
  }
}

const describe = (request: ApiRequest): string => `${request.method} ${request.path}`;

function queryOf(request: ApiRequest): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(request.query ?? {})) {
    if (value !== undefined) query.set(name, String(value));
  }
  return query.size > 0 ? `?${query}` : "";
}

function parse(request: string, text: string): unknown {
  try {
    return text === "" ? undefined : JSON.parse(text);
  } catch (error) {
    throw new ConnectionError(request, error);
  }
}

/** Proxies and the API server's own filters answer in plain text at times. */
function refusal(request: string, response: IncomingMessage, text: string): ApiError {
  const code = response.statusCode ?? 0;
  const header = Number(response.headers["retry-after"]);
  let status: Status;
  try {
    status = JSON.parse(text) ?? {};
  } catch {
    status = { message: text.slice(0, 256).trim() || (response.statusMessage ?? "") };
  }
  const seconds = header > 0 ? header : status.details?.retryAfterSeconds;
  return new ApiError(request, code, status, seconds === undefined ? undefined : seconds * 1000);
}
