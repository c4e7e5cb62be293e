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

/** Answers 200 with a rendering, compressed if that is asked for. Resolves when it is taken, or its reader has left. */
export async function sendRendering(
  request: IncomingMessage,
  response: ServerResponse,
  rendering: Rendering,
  contentType: string,
  clock: Clock,
): Promise<void> {
  const zipped = rendering.size > SHORT && acceptsGzip(request.headers["accept-encoding"]?.toString());
  const chunks = zipped ? [await rendering.gzipped()] : rendering.chunks;
  if (response.destroyed) return;
  response.writeHead(200, {
    "Content-Type": contentType,
    "Content-Length": chunks.reduce((sum, { length }) => sum + length, 0),
    Vary: "Accept-Encoding",
    ...(zipped && { "Content-Encoding": "gzip" }),
  });
  const gone = new Promise<"gone">((resolve) => response.once("close", () => resolve("gone")));
  for (const chunk of chunks) {
    if (response.destroyed) return;
    if (response.write(chunk)) continue;
    const timer = new AbortController();
    const drained = new Promise<"drained">((resolve) => response.once("drain", () => resolve("drained")));
    const late = sleep(clock, PATIENCE, timer.signal).then(
      () => "late" as const,
      () => "late" as const,
    );
    const what = await Promise.race([drained, gone, late]);
    timer.abort();
    if (what === "late") response.destroy();
    if (what !== "drained") return;
  }
  response.end();
}
