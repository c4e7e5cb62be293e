import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Logger } from "pino";
import { type Answer, write } from "../../http/answer.ts";
import { BodyTimeoutError, BodyTooLargeError, readBodyWithin } from "../../http/body.ts";
import { type Route, RouteTable } from "./routes.ts";

export interface AgentServerOptions {
  /** 0 takes a free port. */
  readonly port: number;
  readonly host?: string;
  readonly routes: readonly Route[];
  readonly maxBodyBytes: number;
  readonly log: Logger;
}

/** Milliseconds for the head of a request, and for its body where that is no stream. */
const HEADERS_TIMEOUT = 10_000;
const BODY_TIMEOUT = 60_000;
const MOST_HEADER_BYTES = 16 * 1024;
const MOST_CONNECTIONS = 1_000;

/** The HTTP face of Mesos's agent, on each node. */
export class AgentServer {
  readonly #options: AgentServerOptions;
  readonly #routes: RouteTable;
  readonly #server: Server;

  constructor(options: AgentServerOptions) {
    this.#options = options;
    this.#routes = new RouteTable(options.routes);
    this.#server = createServer({ maxHeaderSize: MOST_HEADER_BYTES }, (request, response) => {
      void this.#serve(request, response);
    });
    this.#server.headersTimeout = HEADERS_TIMEOUT;
    // Some bodies are streams that last for hours; the others are timed as they are read.
    this.#server.requestTimeout = 0;
    this.#server.keepAliveTimeout = 75_000;
    this.#server.maxConnections = MOST_CONNECTIONS;
  }

  /** Resolves with the port once it listens. */
  start(): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen(this.#options.port, this.#options.host, () => {
        this.#server.off("error", reject);
        resolve((this.#server.address() as AddressInfo).port);
      });
    });
  }

  stop(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
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
    const body = () => readBodyWithin(request, this.#options.maxBodyBytes, BODY_TIMEOUT);
    return found.handle({ request, response, url, body });
  }
}
