import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { createServer as createTlsServer, TLSSocket, type Server as TlsServer } from "node:tls";
import type { Logger } from "pino";
import { listen } from "../../cluster/listen.ts";
import type { Clock, Timer } from "../../cluster/time.ts";
import { type Answer, forbidden, write } from "../../http/answer.ts";
import { BodyTimeoutError, BodyTooLargeError, readBodyWithin } from "../../http/body.ts";
import { type KeyPair, readKeyPair, watchKeyPair } from "../../http/certificate.ts";
import {
  type ConnectionLimits,
  endFailedHandshakes,
  limitConnections,
  serverOptions,
} from "../../http/connections.ts";
import { type Route, RouteTable } from "./routes.ts";

export interface AgentServerOptions {
  /** 0 takes a free port. */
  readonly port: number;
  readonly routes: readonly Route[];
  /** Files of a certificate and its key, read again when they change; absent: no TLS. */
  readonly tls?: KeyPair | undefined;
  /** Whether every route is served without TLS too. */
  readonly plain: boolean;
  readonly maxBodyBytes: number;
  readonly connections: ConnectionLimits;
  readonly clock: Clock;
  readonly log: Logger;
}

/** What every TLS connection begins with, and no HTTP method does (RFC 8446, 5.1: a handshake record). */
const TLS_HANDSHAKE = 0x16;

/**
 * The HTTP face of Mesos's agent, on each node. One port for both, as Mesos with its SSL downgrade: executors speak plain HTTP, and
 * what carries people's credentials is served over TLS.
 */
export class AgentServer {
  readonly #options: AgentServerOptions;
  readonly #routes: RouteTable;
  readonly #server: Server;
  readonly #tls: TlsServer | undefined;
  /** All that are open, those too whose first byte has not come. */
  readonly #sockets = new Set<Socket>();
  #certificate: Timer | undefined;

  constructor(options: AgentServerOptions) {
    this.#options = options;
    this.#routes = new RouteTable(options.routes);
    this.#server = createServer(serverOptions(options.connections), (request, response) => {
      void this.#serve(request, response);
    });
    // Some bodies are streams that last for hours; the others are timed as they are read.
    limitConnections(this.#server, options.connections, false);
    this.#tls = this.#sortConnections();
    this.#server.prependListener("connection", (socket: Socket) => {
      this.#sockets.add(socket);
      socket.once("close", () => this.#sockets.delete(socket));
    });
  }

  /** Resolves with the port once it listens. */
  async start(): Promise<number> {
    const port = await listen(this.#server, this.#options.port);
    this.#watchCertificate();
    return port;
  }

  stop(): Promise<void> {
    this.#certificate?.cancel();
    return new Promise((resolve) => {
      this.#server.close(() => resolve());
      for (const socket of this.#sockets) socket.destroy();
    });
  }

  /** Has the HTTP server take TLS connections once they are decrypted, and the others as they are. */
  #sortConnections(): TlsServer | undefined {
    const { tls, connections } = this.#options;
    if (tls === undefined) return undefined;
    const server = this.#server;
    const [accept] = server.listeners("connection");
    const take = (socket: Socket) => accept?.call(server, socket);
    const secure = createTlsServer({ ...readKeyPair(tls), handshakeTimeout: connections.head }, take);
    endFailedHandshakes(secure);
    server.removeAllListeners("connection");
    server.on("connection", (socket: Socket) => {
      const end = () => socket.destroy();
      socket.setTimeout(connections.head, end);
      socket.on("error", end);
      socket.once("readable", () => {
        const first: Buffer | null = socket.read(1);
        if (first === null) return void socket.destroy();
        socket.unshift(first);
        socket.setTimeout(0).off("timeout", end);
        if (first[0] === TLS_HANDSHAKE) secure.emit("connection", socket);
        else take(socket);
      });
    });
    return secure;
  }

  /** Connections that are open keep the one they began with. */
  #watchCertificate(): void {
    const { tls, clock, log } = this.#options;
    if (tls === undefined) return;
    const changed = (pair: KeyPair) => this.#tls?.setSecureContext(pair);
    this.#certificate = watchKeyPair(tls, { clock, logger: log }, changed);
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const answer = await this.#answer(request, response);
      if (answer !== undefined) write(response, answer);
    } catch (error) {
      // What is still to come is not read.
      const headers = { Connection: "close" };
      if (error instanceof BodyTooLargeError) {
        write(response, { status: 413, body: error.message, headers });
      } else if (error instanceof BodyTimeoutError) {
        write(response, { status: 408, body: error.message, headers });
      } else if (!request.destroyed || request.complete) {
        this.#options.log.error({ err: error, path: request.url }, "a request failed");
        if (response.headersSent) response.destroy();
        else write(response, { status: 500, body: "an error of the agent's: see its log" });
      }
    }
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<Answer | undefined> {
    const url = URL.parse(request.url ?? "", "http://agent");
    if (url === null) return { status: 400 };
    const found = this.#routes.find(request.method ?? "", url.pathname);
    if ("status" in found) return found;
    const isReadable = !(request.socket instanceof TLSSocket);
    if (isReadable && found.plain !== true && !this.#options.plain) {
      return forbidden("This is served over TLS alone: whatever is sent here is readable on its way");
    }
    const { maxBodyBytes, connections } = this.#options;
    const body = () => readBodyWithin(request, maxBodyBytes, connections.whole);
    return found.handle({ request, response, url, body });
  }
}
