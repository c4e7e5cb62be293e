import type { ServerResponse } from "node:http";

/** An answer that is no stream. */
export interface Answer {
  readonly status: number;
  /** Text, unless the headers say otherwise. */
  readonly body?: string | Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
}

export const badRequest = (body: string): Answer => ({ status: 400, body });
export const forbidden = (body: string): Answer => ({ status: 403, body });

export const notFound = (body: string): Answer => ({ status: 404, body });
export const conflict = (body: string): Answer => ({ status: 409, body });

/** In libprocess's words. */
export function methodNotAllowed(method: string, allowed: readonly string[] = ["POST"]): Answer {
  const expected = allowed.map((one) => `'${one}'`).join(", ");
  return {
    status: 405,
    body: `405 Method Not Allowed. Expecting one of { ${expected} }, but received '${method}'.`,
    headers: { Allow: allowed.join(", ") },
  };
}

export function write(response: ServerResponse, { status, body = "", headers = {} }: Answer): void {
  if (response.headersSent || response.destroyed) return;
  const text = body.length === 0 ? {} : { "Content-Type": "text/plain; charset=utf-8" };
  response.writeHead(status, { ...text, "Content-Length": Buffer.byteLength(body), ...headers });
  response.end(body);
}
