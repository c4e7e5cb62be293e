import { readFileSync } from "node:fs";
import {
  type IncomingHttpHeaders,
  type IncomingMessage,
  request as plainRequest,
  type ServerResponse,
} from "node:http";
import { request as tlsRequest } from "node:https";
import { write } from "../../http/answer.ts";

/** Belong to one connection (RFC 9110, 7.6.1). */
const HOP_BY_HOP = new Set([
  "connection",
  "keep-alive",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);
/** Marks what another replica has passed on: it is not passed on a second time. */
const PASSED_ON = "mesos-gateway-passed-on";

/**
 * Passes a request on to the leader, for clients that cannot reach the address to which they would be redirected. Both bodies are streams, so a
 * subscription lasts as long as both ends do. With TLS the leader must show this replica's own certificate: all have the same.
 */
export function passOn(
  incoming: IncomingMessage,
  response: ServerResponse,
  leader: string,
  tls: { readonly cert: string } | undefined,
): void {
  if (incoming.headers[PASSED_ON] !== undefined) {
    // Two replicas take each other for the leader, for the moment.
    write(response, { status: 503, body: "No leader elected" });
    return;
  }
  const url = new URL(`${tls === undefined ? "http" : "https"}://${leader}`);
  const options = {
    host: url.hostname.replace(/^\[|\]$/g, ""),
    port: url.port,
    method: incoming.method,
    path: incoming.url,
    headers: { ...passable(incoming.headers), [PASSED_ON]: "1" },
    agent: false as const,
  };
  const outgoing =
    tls === undefined
      ? plainRequest(options)
      : tlsRequest({
          ...options,
          // The one certificate is trusted, whoever has signed it and whatever names it is for.
          ca: readFileSync(tls.cert),
          allowPartialTrustChain: true,
          checkServerIdentity: () => undefined,
        });
  outgoing.on("response", (answer) => {
    response.writeHead(answer.statusCode ?? 502, passable(answer.headers));
    response.flushHeaders();
    // One record a chunk, as they come.
    answer.on("data", (chunk: Buffer) => {
      if (!response.write(chunk)) answer.pause();
    });
    response.on("drain", () => answer.resume());
    answer.on("end", () => response.end());
    answer.on("close", () => {
      if (!answer.complete) response.destroy();
    });
  });
  outgoing.on("error", () => {
    if (response.headersSent) response.destroy();
    else write(response, { status: 503, body: "the leader cannot be reached now" });
  });
  response.on("close", () => outgoing.destroy());
  incoming.pipe(outgoing);
}

const passable = (headers: IncomingHttpHeaders): IncomingHttpHeaders =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => !HOP_BY_HOP.has(name)));
