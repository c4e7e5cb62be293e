import { request as httpRequest, type IncomingMessage, type RequestOptions } from "node:http";
import { request as httpsRequest } from "node:https";
import { connect } from "node:net";
import { type Probe, ProbeError } from "./probe.ts";

const MAX_REDIRECTS = 5;

export interface HttpTarget {
  readonly host: string;
  readonly port: number;
  readonly path: string;
  readonly scheme: "http" | "https";
}

/**
 * GET, following redirects within the same host as Mesos's curl does; a redirect elsewhere is itself the result, for the agent
 * stands in the node's network and goes nowhere on a task's word. Certificates are not verified, as in Mesos.
 */
export function httpProbe(target: HttpTarget): Probe {
  return async (signal) => {
    const host = target.host.includes(":") ? `[${target.host}]` : target.host;
    // Set part by part: a path such as //elsewhere must not become a host.
    let url = new URL(`${target.scheme}://${host}:${target.port}`);
    const query = target.path.indexOf("?");
    url.pathname = query < 0 ? target.path : target.path.slice(0, query);
    url.search = query < 0 ? "" : target.path.slice(query);
    for (let redirects = 0; ; redirects += 1) {
      const response = await get(url, signal);
      const statusCode = response.statusCode ?? 0;
      const location = statusCode >= 300 && statusCode < 400 ? response.headers.location : undefined;
      response.destroy();
      const next = location === undefined ? undefined : URL.parse(location, url.href);
      if (!next || next.host !== url.host || redirects >= MAX_REDIRECTS) return { statusCode };
      url = next;
    }
  };
}

function get(url: URL, signal: AbortSignal): Promise<IncomingMessage> {
  const options: RequestOptions & { rejectUnauthorized: boolean } = {
    signal,
    agent: false,
    rejectUnauthorized: false,
    headers: { "User-Agent": "mesos-agent" },
  };
  return new Promise((resolve, reject) => {
    const made = url.protocol === "https:" ? httpsRequest(url.href, options) : httpRequest(url.href, options);
    made.once("response", resolve);
    made.on("error", (cause) => reject(new ProbeError(`the request failed: ${cause.message}`, { cause })));
    made.end();
  });
}

/** Connects and hangs up. A refused connection is a result, not an error. */
export function tcpProbe(host: string, port: number): Probe {
  return (signal) =>
    new Promise((resolve, reject) => {
      const socket = connect({ host, port });
      const done = (succeeded: boolean) => {
        signal.removeEventListener("abort", abort);
        socket.destroy();
        resolve({ succeeded });
      };
      const abort = () => {
        socket.destroy();
        reject(signal.reason);
      };
      signal.addEventListener("abort", abort, { once: true });
      socket.once("connect", () => done(true));
      socket.once("error", () => done(false));
      if (signal.aborted) abort();
    });
}
