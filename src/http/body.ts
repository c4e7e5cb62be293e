import type { IncomingMessage } from "node:http";

export class BodyTooLargeError extends Error {
  override readonly name = "BodyTooLargeError";
}

export class BodyTimeoutError extends Error {
  override readonly name = "BodyTimeoutError";
}

/** All of a request's body. Rejects with BodyTooLargeError beyond the limit, and when the client leaves. */
export async function readBody(request: IncomingMessage, most: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > most) throw new BodyTooLargeError(`a body has at most ${most} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** The same; rejects with BodyTimeoutError when it has not come in so many milliseconds. */
export async function readBodyWithin(
  request: IncomingMessage,
  most: number,
  timeout: number,
): Promise<Buffer> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new BodyTimeoutError("the body did not come in time")), timeout);
  try {
    return await Promise.race([readBody(request, most), late]);
  } finally {
    clearTimeout(timer);
  }
}
