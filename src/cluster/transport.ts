import { createHash } from "node:crypto";
import http, { type IncomingMessage } from "node:http";
import https from "node:https";
import type { CredentialSource, Credentials } from "./credentials.ts";
import { abortable, reasonOf } from "./deadline.ts";
import type { Clock } from "./time.ts";

/** Files and plugins are asked again after this long, as client-go does with token files. */
const CREDENTIALS_FRESH = 60_000;
/** Below the 90 s after which the API server closes an idle connection, so that ours closes it first. */
const IDLE_SOCKET = 60_000;
/** TCP keep-alive finds a peer that went without a word: after this and ten probes, one a second (libuv). */
const KEEP_ALIVE = 20_000;
/** Calls at the same time; more wait. Watches have an agent of their own, without limit. */
const MAX_SOCKETS = 64;

export interface RawRequest {
  readonly method: string;
  /** Below the server's own path, with the query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Keeps the response open beyond the call: takes no place among the calls' sockets. */
  readonly stream: boolean;
}

/** A connection that had been kept alive failed before it answered: most likely the server had closed it. */
export class StaleSocketError extends Error {
  override readonly name = "StaleSocketError";

  constructor(cause: Error) {
    super(cause.message, { cause });
  }
}

interface Agents {
  readonly credentials: Credentials;
  readonly fingerprint: string;
  readonly calls: http.Agent;
  readonly streams: http.Agent;
}

/** HTTP/1.1 to one API server with kept-alive connections, which are replaced when credentials change. */
export class Transport {
  readonly #source: CredentialSource;
  readonly #clock: Clock;
  readonly #prefix: string;
  #credentials: Promise<Credentials> | undefined;
  #readAt = Number.NEGATIVE_INFINITY;
  #agents: Agents | undefined;

  constructor(source: CredentialSource, clock: Clock) {
    this.#source = source;
    this.#clock = clock;
    this.#prefix = source.server.pathname.replace(/\/$/, "");
  }

  /** Resolves with the response's head. Aborting destroys the connection, at any time until the body's end. */
  async send(request: RawRequest, signal: AbortSignal): Promise<IncomingMessage> {
    const credentials = await abortable(this.#current(), signal);
    const agents = this.#agentsFor(credentials);
    const { server } = this.#source;
    const secure = server.protocol === "https:";
    const sent = (secure ? https : http).request({
      method: request.method,
      protocol: server.protocol,
      host: server.hostname.replace(/^\[|\]$/g, ""),
      port: server.port || (secure ? 443 : 80),
      path: this.#prefix + request.path,
      headers: { ...request.headers, ...credentials.headers },
      agent: credentials.agent ?? (request.stream ? agents.streams : agents.calls),
    });
    return exchange(sent, request.body, signal);
  }

  /** The next request reads the credentials anew. */
  refresh(): void {
    this.#credentials = undefined;
  }

  /** Ends every connection, with what runs on it. */
  close(): void {
    this.#agents?.calls.destroy();
    this.#agents?.streams.destroy();
    this.#agents = undefined;
  }

  #current(): Promise<Credentials> {
    const now = this.#clock.monotonic();
    if (!this.#credentials || now - this.#readAt > CREDENTIALS_FRESH) {
      this.#readAt = now;
      const reading = this.#source.read();
      this.#credentials = reading;
      // A failure is not remembered: the caller sees it, and the next one tries again.
      reading.catch(() => {
        if (this.#credentials === reading) this.#credentials = undefined;
      });
    }
    return this.#credentials;
  }

  #agentsFor(credentials: Credentials): Agents {
    if (this.#agents?.credentials === credentials) return this.#agents;
    const fingerprint = fingerprintOf(credentials);
    if (this.#agents?.fingerprint === fingerprint) {
      this.#agents = { ...this.#agents, credentials };
      return this.#agents;
    }
    // What is under way on the old connections ends there; idle ones time out by themselves.
    const secure = this.#source.server.protocol === "https:";
    const make = (maxSockets: number): http.Agent => {
      const options = { keepAlive: true, keepAliveMsecs: KEEP_ALIVE, timeout: IDLE_SOCKET, maxSockets };
      return secure ? new https.Agent({ ...options, ...credentials.tls }) : new http.Agent(options);
    };
    const streams = make(Number.POSITIVE_INFINITY);
    this.#agents = { credentials, fingerprint, calls: make(MAX_SOCKETS), streams };
    return this.#agents;
  }
}

function fingerprintOf({ tls }: Credentials): string {
  const hash = createHash("sha256");
  for (const part of [tls.ca, tls.cert, tls.key, tls.servername, tls.rejectUnauthorized]) {
    hash.update(`${String(part)}\0`);
  }
  return hash.digest("base64");
}

/** Resolves with the head. */
function exchange(
  sent: http.ClientRequest,
  body: string | undefined,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    let response: IncomingMessage | undefined;
    const abort = () => {
      // A request that waits for a socket would tell of its end only once it had one.
      reject(reasonOf(signal));
      (response ?? sent).destroy(reasonOf(signal));
    };
    signal.addEventListener("abort", abort, { once: true });
    sent.once("close", () => signal.removeEventListener("abort", abort));
    sent.once("response", (message) => {
      response = message;
      // Whoever reads the body sees its errors; one after the last read must not be fatal.
      message.on("error", () => {});
      resolve(message);
    });
    sent.on("error", (error) => reject(sent.reusedSocket ? new StaleSocketError(error) : error));
    sent.end(body);
  });
}
