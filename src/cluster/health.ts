import { createServer, type Server, type ServerResponse } from "node:http";
import { type ELDHistogram, monitorEventLoopDelay } from "node:perf_hooks";
import { Gauge, type Registry } from "prom-client";
import { close, listen } from "./listen.ts";

/** undefined: well; else why not. */
export type Check = () => string | undefined;

export interface HealthOptions {
  /** 0 takes a free port. */
  readonly port: number;
  /** All addresses by default, as the kubelet's probes come from the node. */
  readonly host?: string;
  /** Is the process able to go on? A failure has it restarted. That it answers shows that the event loop turns. */
  readonly livez: Readonly<Record<string, Check>>;
  /** May it be relied on now? (caches synced) */
  readonly readyz: Readonly<Record<string, Check>>;
  readonly registry: Registry;
}

/** Milliseconds between two looks at the event loop. */
const RESOLUTION = 20;

/** Serves /livez, /readyz and /metrics; `?verbose` lists each check, as the API server does. */
export class HealthServer {
  readonly #options: HealthOptions;
  readonly #server: Server;
  readonly #lag: ELDHistogram;

  constructor(options: HealthOptions) {
    this.#options = options;
    this.#lag = monitorEventLoopDelay({ resolution: RESOLUTION });
    observeLag(this.#lag, options.registry);
    this.#server = createServer((request, response) => {
      this.#answer(new URL(request.url ?? "/", "http://localhost"), response).catch((error: unknown) =>
        send(response, 500, `${error}\n`),
      );
    });
    this.#server.requestTimeout = 10_000;
  }

  /** Resolves with the port once it listens. */
  start(): Promise<number> {
    this.#lag.enable();
    return listen(this.#server, this.#options.port, this.#options.host);
  }

  stop(): Promise<void> {
    this.#lag.disable();
    return close(this.#server);
  }

  async #answer(url: URL, response: ServerResponse): Promise<void> {
    switch (url.pathname) {
      case "/livez":
        return report(response, this.#options.livez, url.searchParams.has("verbose"));
      case "/readyz":
        return report(response, this.#options.readyz, url.searchParams.has("verbose"));
      case "/metrics": {
        const { registry } = this.#options;
        return send(response, 200, await registry.metrics(), registry.contentType);
      }
      default:
        return send(response, 404, "not found: /livez, /readyz or /metrics\n");
    }
  }
}

function report(response: ServerResponse, checks: Readonly<Record<string, Check>>, verbose: boolean): void {
  const results = Object.entries(checks).map(([name, check]) => ({ name, fault: outcome(check) }));
  const well = results.every(({ fault }) => fault === undefined);
  const lines = results.map(({ name, fault }) =>
    fault === undefined ? `[+]${name} ok\n` : `[-]${name} failed: ${fault}\n`,
  );
  send(response, well ? 200 : 503, well && !verbose ? "ok\n" : lines.join("") || "ok\n");
}

function outcome(check: Check): string | undefined {
  try {
    return check();
  } catch (error) {
    return String(error);
  }
}

function send(
  response: ServerResponse,
  code: number,
  body: string,
  type = "text/plain; charset=utf-8",
): void {
  response.writeHead(code, { "Content-Type": type, "X-Content-Type-Options": "nosniff" }).end(body);
}

/** How late a timer comes, since the last scrape: what a busy event loop adds to everything. */
function observeLag(lag: ELDHistogram, registry: Registry): void {
  // Node records the whole interval. Nothing recorded yet shows as a minimum beyond any maximum.
  const seconds = (nanoseconds: number) =>
    lag.count > 0 ? Math.max(0, nanoseconds / 1e9 - RESOLUTION / 1e3) : 0;
  new Gauge({
    name: "event_loop_lag_seconds",
    help: "Delay of the event loop since the last scrape",
    labelNames: ["quantile"],
    registers: [registry],
    collect() {
      this.set({ quantile: "0.5" }, seconds(lag.percentile(50)));
      this.set({ quantile: "0.99" }, seconds(lag.percentile(99)));
      this.set({ quantile: "1" }, seconds(lag.max));
      lag.reset();
    },
  });
}
