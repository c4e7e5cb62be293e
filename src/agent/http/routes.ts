import type { IncomingMessage, ServerResponse } from "node:http";
import { AGENT_PATH } from "../../convert/offer.ts";
import { type Answer, methodNotAllowed } from "../../http/answer.ts";

/** One request, and how to answer it. */
export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly url: URL;
  /** All of the body. Rejects with BodyTooLargeError, and with BodyTimeoutError when it does not come in time. */
  body(): Promise<Buffer>;
}

export interface Route {
  readonly methods: readonly ("GET" | "POST")[];
  /** Beginning with a slash; each is served below `/slave(1)` too, the name of Mesos's agent in libprocess. */
  readonly paths: readonly string[];
  /** Served without TLS too: what comes here carries no credentials of people's. */
  readonly plain?: boolean;
  /** Undefined: the handler answers by itself, as with a stream. What it rejects with becomes a 500. */
  handle(exchange: Exchange): Promise<Answer | undefined>;
}

/** By path, then by method, as Mesos answers: 404 comes before 405. */
export class RouteTable {
  readonly #routes = new Map<string, Route[]>();

  constructor(routes: readonly Route[]) {
    for (const route of routes) {
      for (const path of route.paths) {
        this.#add(path, route);
        this.#add(AGENT_PATH + path, route);
      }
    }
  }

  find(method: string, path: string): Route | Answer {
    const routes = this.#routes.get(decoded(path));
    if (routes === undefined) return { status: 404 };
    const route = routes.find(({ methods }) => methods.some((one) => one === method));
    const allowed = routes.flatMap(({ methods }) => methods);
    return route ?? methodNotAllowed(method, allowed);
  }

  #add(path: string, route: Route): void {
    this.#routes.set(path, [...(this.#routes.get(path) ?? []), route]);
  }
}

/** Clients may write the brackets of `/slave(1)` as %28 and %29. */
function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
