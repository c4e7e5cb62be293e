import {
  createServer as createPlainServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from "node:http";
import { createServer as createTlsServer, Server as TlsServer } from "node:https";
import { type Authenticator, authenticate, type Principal } from "../../auth/authenticator.ts";
import { close, listen } from "../../cluster/listen.ts";
import type { Logger } from "../../cluster/logger.ts";
import type { Clock, Timer } from "../../cluster/time.ts";
import { type Answer, write } from "../../http/answer.ts";
import { BodyTooLargeError } from "../../http/body.ts";
import { readKeyPair, watchKeyPair } from "../../http/certificate.ts";
import { type ConnectionLimits, limitConnections, serverOptions } from "../../http/connections.ts";
import type { Throttle } from "../../http/throttle.ts";
import type { GatewayMetrics } from "../metrics.ts";
import { handleOperator } from "../operator/handler.ts";
import type { OperatorService } from "../operator/service.ts";
import { handleScheduler, type Limits } from "../scheduler/handler.ts";
import type { SchedulerService } from "../scheduler/service.ts";
import { BusyError } from "../state/renderings.ts";
import { handleV0 } from "../v0/handler.ts";
import { followerMetrics, openAnswer } from "../v0/open.ts";
import { kindOf } from "../v0/paths.ts";
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
  /** By principal. */
  readonly throttle: Throttle;
  /** By address, before it is known who it is: credentials are not tried without end. */
  readonly sources: Throttle;
  readonly connections: ConnectionLimits;
  /** What a follower does with a request: point at the leader, or pass it on. */
  readonly followers: "Redirect" | "Proxy";
  readonly metrics: GatewayMetrics;
  readonly logger: Logger;
  readonly clock: Clock;
}

/** What a leader serves. */
export interface Services {
  readonly scheduler: SchedulerService;
  readonly operator: OperatorService;
}

/** Who leads, as far as this replica knows. */
type Leadership =
  | { readonly kind: "leading"; readonly services: Services }
  /** It does itself, and is not ready yet. */
  | { readonly kind: "recovering" }
  /** host:port, where the leader says so. */
  | { readonly kind: "following"; readonly address: string | undefined };

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
    const { tls, connections } = options;
    const own = serverOptions(connections);
    this.#server =
      tls === undefined
        ? createPlainServer(own, serve)
        : createTlsServer({ ...own, ...readKeyPair(tls) }, serve);
    limitConnections(this.#server, connections, true);
  }

  /** Resolves with the port once it listens. */
  async start(): Promise<number> {
    const port = await listen(this.#server, this.#options.port, this.#options.host);
    this.#watchCertificate();
    return port;
  }

  stop(): Promise<void> {
    this.#certificate?.cancel();
    return close(this.#server);
  }

  leads(services: Services): void {
    this.#leadership = { kind: "leading", services };
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
      if (error instanceof BusyError) {
        write(response, { status: 503, body: error.message });
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
    const wanted = kindOf(path);
    if (wanted === undefined) return { status: 404 };
    if (wanted.kind === "open") return openAnswer(wanted.path, this.#leader);
    let principal: Principal | undefined;
    const { authenticators, anonymous, throttle, sources, logger } = this.#options;
    if (!(await sources.admit(request.socket.remoteAddress))) {
      return sources.refusal("too many requests of this address are waiting");
    }
    try {
      const who = await authenticate(authenticators, anonymous, request.headers.authorization);
      if (who.kind === "unauthenticated") return unauthorized(authenticators, REALMS[wanted.kind]);
      if (who.kind === "principal") principal = who.principal;
    } catch (error) {
      logger.warn({ err: error }, "nobody can be authenticated now");
      return { status: 503, body: "the credentials cannot be checked now" };
    }
    if (!(await throttle.admit(principal?.name))) {
      return throttle.refusal("too many requests of this principal are waiting");
    }
    const leadership = this.#leadership;
    if (wanted.kind === "v0" && wanted.path === "/metrics/snapshot" && leadership.kind !== "leading") {
      return followerMetrics();
    }
    if (leadership.kind === "recovering") return { status: 503, body: "Master has not finished recovery" };
    if (leadership.kind === "following") {
      const { address } = leadership;
      if (address === undefined) return { status: 503, body: "No leader elected" };
      if (this.#options.followers === "Redirect") return redirect(address, request.url ?? "/");
      passOn(request, response, address, this.#options.tls);
      return undefined;
    }
    const { scheduler, operator } = leadership.services;
    const { limits } = this.#options;
    switch (wanted.kind) {
      case "scheduler":
        return handleScheduler(scheduler, request, response, principal, limits);
      case "operator":
        return handleOperator(operator, request, response, principal, limits);
      default:
        return handleV0(operator, wanted, request, response, principal, limits);
    }
  }

  /** host:port, as far as it is known. */
  get #leader(): string | undefined {
    const leadership = this.#leadership;
    if (leadership.kind === "following") return leadership.address;
    if (leadership.kind === "recovering") return undefined;
    const { hostname, port } = leadership.services.operator.master.info;
    return `${hostname}:${port}`;
  }
}

/** As Mesos has them (src/master/constants.hpp). */
const REALMS = {
  scheduler: "mesos-master-scheduler",
  operator: "mesos-master-readwrite",
  v0: "mesos-master-readonly",
} as const;

const unauthorized = (authenticators: readonly Authenticator[], realm: string): Answer => ({
  status: 401,
  headers: {
    "WWW-Authenticate": authenticators
      .map(({ scheme }) => `${scheme === "basic" ? "Basic" : "Bearer"} realm="${realm}"`)
      .join(", "),
  },
});

/** Relative to the scheme, as Mesos's own (src/master/http.cpp, Http::redirect). */
const redirect = (address: string, url: string): Answer => ({
  status: 307,
  headers: { Location: `//${address}${url.startsWith("/") ? url : "/"}` },
});
