import type { IncomingMessage } from "node:http";
import { ApiError, ConnectionError, type Status } from "./errors.ts";
import type { KubeObject, Live } from "./object.ts";
import type { WatchEvent } from "./resource.ts";

const NEWLINE = 0x0a;

/**
 * Events of a watch's response, until it ends; the response is destroyed when the reader leaves. An ERROR event is thrown
 * as an ApiError, a broken connection as a ConnectionError, an aborted signal as its reason.
 */
export async function* decodeWatch<T extends KubeObject>(
  response: IncomingMessage,
  request: string,
  receive: (object: unknown) => Live<T>,
  signal?: AbortSignal,
): AsyncGenerator<WatchEvent<T>, void> {
  try {
    for await (const line of lines(response)) yield event(line, request, receive);
  } catch (error) {
    signal?.throwIfAborted();
    throw error instanceof ApiError ? error : new ConnectionError(request, error);
  } finally {
    response.destroy();
  }
}

/** Complete lines. Pieces are joined once a line, so that a large object costs no more than its length. */
export async function* lines(chunks: AsyncIterable<Buffer>): AsyncGenerator<string, void> {
  let pieces: Buffer[] = [];
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      pieces.push(chunk.subarray(start, end));
      const line =
        pieces.length === 1 ? chunk.toString("utf8", start, end) : Buffer.concat(pieces).toString("utf8");
      pieces = [];
      start = end + 1;
      if (line !== "") yield line;
    }
    if (start < chunk.length) pieces.push(chunk.subarray(start));
  }
}

function bookmark({ metadata }: Live<KubeObject>): WatchEvent<never> {
  const { resourceVersion, annotations } = metadata;
  const complete = annotations?.["k8s.io/initial-events-end"] === "true";
  return { type: "BOOKMARK", resourceVersion, ...(complete && { complete }) };
}

function event<T extends KubeObject>(
  line: string,
  request: string,
  receive: (object: unknown) => Live<T>,
): WatchEvent<T> {
  const { type, object } = JSON.parse(line) as { type: string; object: unknown };
  switch (type) {
    case "ADDED":
    case "MODIFIED":
    case "DELETED":
      return { type, object: receive(object) };
    case "BOOKMARK":
      return bookmark(object as Live<T>);
    default: {
      const status = object as Status;
      throw new ApiError(request, status.code ?? 500, status);
    }
  }
}
