import {
  createServer as createPlainServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from "node:http";
import { createServer as createTlsServer, Server as TlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { type Authenticator, authenticate, type Principal } from "../../auth/authenticator.ts";
import type { Logger } from "../../cluster/logger.ts";
import type { Clock, Timer } from "../../cluster/time.ts";
import { type Answer, write } from "../../http/answer.ts";
import { BodyTooLargeError } from "../../http/body.ts";
import { readKeyPair, watchKeyPair } from "../../http/certificate.ts";
import type { Throttle } from "../../http/throttle.ts";
import type { GatewayMetrics } from "../metrics.ts";
import { handleScheduler, type Limits } from "../scheduler/handler.ts";
import type { SchedulerService } from "../scheduler/service.ts";
import { passOn } from "./proxy.ts";

export interface GatewayOptions {
  /** 0 takes a free port. */
  readonly port: number;
  readonly host?: string;
  /** Files of a certificate and its key, read again when they change; absent: a plain listener. */
  readonly tls?: { readonly cert: string; readonly key: string };
  readonly authenticators: readonly Authenticator[];
  /** Whether requests without credentials are let in. */
  readonly anonymous: boolean;
  readonly limits: Limits;
  readonly throttle: Throttle;
  /** What a follower does with a request: point at the leader, or pass it on. */
  readonly followers: "Redirect" | "Proxy";
  readonly metrics: GatewayMetrics;
  readonly logger: Logger;
  readonly clock: Clock;
}

/** Who leads, as far as this replica knows. */
type Leadership =
  | { readonly kind: "leading"; readonly service: SchedulerService }
  /** It does itself, and is not ready yet. */
  | { readonly kind: "recovering" }
  /** host:port, where the leader says so. */
  | { readonly kind: "following"; readonly address: string | undefined };

const SCHEDULER = new Set(["/api/v1/scheduler", "/master/api/v1/scheduler"]);
/** Milliseconds for a request to arrive as a whole. */
const REQUEST_TIMEOUT = 60_000;

/** The HTTP face of Mesos's master. Every replica listens; the leader answers, the others point at it. */
export class Gateway {
  readonly #options: GatewayOptions;
  readonly #server: Server;
  #certificate: Timer | undefined;
  #leadership: Leadership = { kind: "following", address: undefined };

  constructor(options: GatewayOptions) {
    this.#options = options;
    const serve = (request: IncomingMessage, response: ServerResponse) => {
      response.once("close", () => options.metrics.requests.inc({ code: response.statusCode }));
      void this.#serve(request, response);
    };
    const { tls } = options;
    this.#server = tls === undefined ? createPlainServer(serve) : createTlsServer(readKeyPair(tls), serve);
    this.#server.requestTimeout = REQUEST_TIMEOUT;
    // Calls come on a connection that is kept between them.
    this.#server.keepAliveTimeout = 75_000;
  }

  /** Resolves with the port once it listens. */
  start(): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen(this.#options.port, this.#options.host, () => {
        this.#server.off("error", reject);
        this.#watchCertificate();
        resolve((this.#server.address() as AddressInfo).port);
      });
    });
  }

  stop(): Promise<void> {
    this.#certificate?.cancel();
    return new Promise((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
  }

  leads(service: SchedulerService): void {
    this.#leadership = { kind: "leading", service };
  }

  /** Somebody else was elected, or this replica: then it is recovering until `leads`. */
  follows(leader: { readonly self: boolean; readonly address: string | undefined }): void {
    if (leader.self && this.#leadership.kind === "leading") return;
    this.#leadership = leader.self ? { kind: "recovering" } : { kind: "following", address: leader.address };
  }

  /** Connections that are open keep the one they began with. */
  #watchCertificate(): void {
    const { tls, clock, logger } = this.#options;
    const server = this.#server;
    if (tls === undefined || !(server instanceof TlsServer)) return;
    this.#certificate = watchKeyPair(tls, { clock, logger }, (pair) => server.setSecureContext(pair));
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const answer = await this.#answer(request, response);
      if (answer !== undefined) write(response, answer);
    } catch (error) {
      if (error instanceof BodyTooLargeError) {
        // What is still to come is not read.
        write(response, { status: 413, body: error.message, headers: { Connection: "close" } });
        return;
      }
      // The client left: there is nobody to answer.
      if (request.destroyed && !request.complete) return;
      this.#options.logger.error({ err: error, path: request.url }, "a request failed");
      write(response, { status: 500, body: "an error of the gateway's: see its log" });
    }
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<Answer | undefined> {
    const [path = ""] = (request.url ?? "").split("?");
    if (!SCHEDULER.has(path)) return { status: 404 };
    let principal: Principal | undefined;
    const { authenticators, anonymous, logger } = this.#options;
    try {
      const who = await authenticate(authenticators, anonymous, request.headers.authorization);
      if (who.kind === "unauthenticated") return unauthorized(authenticators);
      if (who.kind === "principal") principal = who.principal;
    } catch (error) {
      logger.warn({ err: error }, "nobody can be authenticated now");
      return { status: 503, body: "the credentials cannot be checked now" };
    }
    if (!(await this.#options.throttle.admit(principal?.name))) {
      return { status: 429, body: "too many requests of this principal are waiting" };
    }
    const leadership = this.#leadership;
    if (leadership.kind === "recovering") return { status: 503, body: "Master has not finished recovery" };
    if (leadership.kind === "following") {
      const { address } = leadership;
      if (address === undefined) return { status: 503, body: "No leader elected" };
      if (this.#options.followers === "Redirect") return redirect(address, request.url ?? "/");
      passOn(request, response, address, this.#options.tls);
      return undefined;
    }
    return handleScheduler(leadership.service, request, response, principal, this.#options.limits);
  }
}

const unauthorized = (authenticators: readonly Authenticator[]): Answer => ({
  status: 401,
  headers: {
    "WWW-Authenticate": authenticators
      .map(({ scheme }) =>
        scheme === "basic" ? 'Basic realm="mesos-master-scheduler"' : 'Bearer realm="mesos-master-scheduler"',
      )
      .join(", "),
  },
});

/** Relative to the scheme, as Mesos's own (src/master/http.cpp, Http::redirect). */
const redirect = (address: string, url: string): Answer => ({
  status: 307,
  headers: { Location: `//${address}${url.startsWith("/") ? url : "/"}` },
});
