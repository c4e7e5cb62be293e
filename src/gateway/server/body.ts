import type { IncomingMessage } from "node:http";

export class BodyTooLargeError extends Error {
  override readonly name = "BodyTooLargeError";
}

/** All of a request's body. Rejects with BodyTooLargeError beyond the limit, and when the client leaves. */
export async function readBody(request: IncomingMessage, most: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > most) throw new BodyTooLargeError(`a body has at most ${most} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
