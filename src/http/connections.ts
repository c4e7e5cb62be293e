import type { Server } from "node:http";
import type { Duplex } from "node:stream";
import { Server as TlsServer } from "node:tls";

/** What one server takes of connections and of requests that do not come. */
export interface ConnectionLimits {
  /** Open at a time; more are closed at once. */
  readonly most: number;
  /** Milliseconds for a TLS handshake and for the head of a request. */
  readonly head: number;
  /** Milliseconds for a request as a whole, where its body is no stream. */
  readonly whole: number;
}

export const PATIENCE: Pick<ConnectionLimits, "head" | "whole"> = { head: 10_000, whole: 60_000 };

const MOST_HEADER_BYTES = 16 * 1024;
const REFUSALS: ReadonlyMap<string, string> = new Map([
  ["HPE_HEADER_OVERFLOW", "431 Request Header Fields Too Large"],
  ["ERR_HTTP_REQUEST_TIMEOUT", "408 Request Timeout"],
]);

/** Of Node's servers, as they are made; the TLS handshake's, where there is one, too. */
export const serverOptions = ({ head }: ConnectionLimits) => ({
  maxHeaderSize: MOST_HEADER_BYTES,
  // Node looks so often for what is late.
  connectionsCheckingInterval: Math.min(5_000, Math.ceil(head / 2)),
  handshakeTimeout: head,
});

/** @param body whether the server's own clock is on bodies too; else who reads them has one */
export function limitConnections(server: Server, limits: ConnectionLimits, body: boolean): void {
  server.headersTimeout = limits.head;
  server.requestTimeout = body ? limits.whole : 0;
  // Calls come on a connection that is kept between them.
  server.keepAliveTimeout = 75_000;
  server.maxConnections = limits.most;
  server.on("clientError", refuse);
  if (server instanceof TlsServer) endFailedHandshakes(server);
}

/** A handshake that fails or is late is told to the server alone: Node leaves the connection open. */
export function endFailedHandshakes(server: TlsServer): void {
  server.on("tlsClientError", (_error, socket) => socket.destroy());
}

/** What is no request; Node's own answer does not come through TLS before the connection ends. */
function refuse(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (!socket.writable || error.code === "ECONNRESET") return void socket.destroy();
  const status = REFUSALS.get(error.code ?? "") ?? "400 Bad Request";
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\n\r\n`, () => socket.destroy());
}
