import type { IncomingMessage, ServerResponse } from "node:http";
import { type Clock, sleep } from "../../cluster/time.ts";
import type { Rendering } from "./renderings.ts";

/** Bytes below which compressing is not worth it (libprocess, encoder.hpp). */
const SHORT = 1024;
/** Milliseconds without progress after which a reader is cut off: it keeps the bytes of its moment. */
const PATIENCE = 30_000;

/** Whether the header Accept-Encoding names gzip, or anything, without a weight of 0. */
export function acceptsGzip(header: string | undefined): boolean {
  const entries = (header ?? "").toLowerCase().replace(/\s/g, "").split(",");
  const entry = entries.find((one) => /^gzip(;|$)/.test(one)) ?? entries.find((one) => /^\*(;|$)/.test(one));
  return entry !== undefined && !/;q=0(\.0*)?$/.test(entry);
}

/** Bytes of different renderings that readers may hold; then those of the oldest are cut off. */
const MOST_HELD = 256 * 1024 * 1024;

/** Those who are being answered with a rendering. */
export class Readers {
  readonly #clock: Clock;
  /** Oldest first. */
  readonly #held = new Map<Rendering, Set<ServerResponse>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Answers 200, compressed if that is asked for. Resolves when it is taken, or its reader has left. */
  async send(
    request: IncomingMessage,
    response: ServerResponse,
    rendering: Rendering,
    contentType: string,
  ): Promise<void> {
    const zipped = rendering.size > SHORT && acceptsGzip(request.headers["accept-encoding"]?.toString());
    this.#hold(rendering, response);
    try {
      const chunks = zipped ? [await rendering.gzipped()] : rendering.chunks;
      if (response.destroyed) return;
      response.writeHead(200, {
        "Content-Type": contentType,
        "Content-Length": chunks.reduce((sum, { length }) => sum + length, 0),
        Vary: "Accept-Encoding",
        ...(zipped && { "Content-Encoding": "gzip" }),
      });
      if (await this.#write(response, chunks)) response.end();
    } finally {
      this.#release(rendering, response);
    }
  }

  /** False: the reader has left, or was cut off. */
  async #write(response: ServerResponse, chunks: readonly Buffer[]): Promise<boolean> {
    const gone = new Promise<"gone">((resolve) => response.once("close", () => resolve("gone")));
    for (const chunk of chunks) {
      if (response.destroyed) return false;
      if (response.write(chunk)) continue;
      const timer = new AbortController();
      const drained = new Promise<"drained">((resolve) => response.once("drain", () => resolve("drained")));
      const late = sleep(this.#clock, PATIENCE, timer.signal).then(
        () => "late" as const,
        () => "late" as const,
      );
      const what = await Promise.race([drained, gone, late]);
      timer.abort();
      if (what === "late") response.destroy();
      if (what !== "drained") return false;
    }
    return true;
  }

  #hold(rendering: Rendering, response: ServerResponse): void {
    const readers = this.#held.get(rendering) ?? new Set();
    this.#held.set(rendering, readers.add(response));
    let size = [...this.#held.keys()].reduce((sum, one) => sum + one.size, 0);
    for (const [oldest, others] of this.#held) {
      if (size <= MOST_HELD || oldest === rendering) return;
      size -= oldest.size;
      this.#held.delete(oldest);
      for (const one of others) one.destroy();
    }
  }

  #release(rendering: Rendering, response: ServerResponse): void {
    const readers = this.#held.get(rendering);
    readers?.delete(response);
    if (readers?.size === 0) this.#held.delete(rendering);
  }
}
