import { createHash } from "node:crypto";
import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { request as httpRequest, type IncomingMessage, type RequestOptions } from "node:http";
import { request as httpsRequest } from "node:https";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { guardedLookup, refuseNodeLocal } from "./addresses.ts";
import { FetchError, TooLargeError } from "./errors.ts";

const MAX_REDIRECTS = 10;
/** Milliseconds without a byte. */
const IDLE_LIMIT = 60_000;

export interface DownloadOptions {
  readonly maxBytes: number;
  /** May it ask the node's own addresses (loopback, link-local)? */
  readonly nodeLocal: boolean;
  readonly signal: AbortSignal;
}

/** Fetches http(s) into a new file. Throws FetchError. */
export async function download(uri: string, path: string, options: DownloadOptions): Promise<void> {
  const response = await follow(uri, options);
  const length = Number(response.headers["content-length"]);
  if (length > options.maxBytes) {
    response.destroy();
    throw new TooLargeError(`it has ${length} bytes, more than the ${options.maxBytes} that are allowed`);
  }
  try {
    await writeNew(path, response, options.maxBytes, options.signal);
  } catch (cause) {
    options.signal.throwIfAborted();
    if (cause instanceof FetchError) throw cause;
    throw new FetchError(`the connection broke: ${message(cause)}`, { retryable: true, cause });
  }
}

/** Copies a stream into a file that must not be there yet. */
export async function writeNew(
  path: string,
  content: Readable,
  maxBytes: number,
  signal: AbortSignal,
): Promise<void> {
  const { O_WRONLY, O_CREAT, O_EXCL } = constants;
  const file = await open(path, O_WRONLY | O_CREAT | O_EXCL, 0o600);
  let bytes = 0;
  const bounded = async function* (chunks: AsyncIterable<Buffer>) {
    for await (const chunk of chunks) {
      bytes += chunk.length;
      if (bytes > maxBytes)
        throw new TooLargeError(`it has more than the ${maxBytes} bytes that are allowed`);
      yield chunk;
    }
  };
  await pipeline(content, bounded, file.createWriteStream(), { signal });
}

async function follow(uri: string, options: DownloadOptions): Promise<IncomingMessage> {
  let url = new URL(uri);
  for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects += 1) {
    if (!options.nodeLocal) refuseNodeLocal(url.hostname);
    const response = await get(url, options);
    const { statusCode = 0, headers } = response;
    if (statusCode === 200) return response;
    response.destroy();
    if (statusCode < 300 || statusCode >= 400 || headers.location === undefined) {
      const retryable = statusCode >= 500 || statusCode === 429;
      throw new FetchError(`the server answered with status ${statusCode}`, { retryable });
    }
    const next = URL.parse(headers.location, url.href);
    if (!next || (next.protocol !== "http:" && next.protocol !== "https:")) {
      throw new FetchError(`the server redirects to "${headers.location}"`);
    }
    url = next;
  }
  throw new FetchError(`the server redirects more than ${MAX_REDIRECTS} times`);
}

function get(url: URL, { nodeLocal, signal }: DownloadOptions): Promise<IncomingMessage> {
  const options: RequestOptions = {
    signal,
    agent: false,
    // Content is wanted as it is stored, so no Accept-Encoding.
    headers: { "User-Agent": "mesos-agent", Accept: "*/*", ...credentials(url) },
    ...(nodeLocal ? {} : { lookup: guardedLookup }),
  };
  return new Promise((resolve, reject) => {
    const made = url.protocol === "https:" ? httpsRequest(url.href, options) : httpRequest(url.href, options);
    made.setTimeout(IDLE_LIMIT, () => made.destroy(new Error(`nothing came for ${IDLE_LIMIT / 1000} s`)));
    made.once("response", resolve);
    made.once("error", (cause) => {
      if (signal.aborted) reject(signal.reason);
      else if (cause instanceof FetchError) reject(cause);
      else reject(new FetchError(`no answer: ${cause.message}`, { retryable: true, cause }));
    });
    made.end();
  });
}

/** user:password of the URL, which node:http takes from its options only. */
function credentials({ username, password }: URL): { Authorization?: string } {
  if (username === "") return {};
  const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return { Authorization: `Basic ${Buffer.from(pair).toString("base64")}` };
}

const message = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Throws FetchError unless the file's digest is the one given, as sha256:<hex> or sha512:<hex>. */
export async function verify(path: string, checksum: string): Promise<void> {
  const [algorithm = "", wanted] = checksum.split(":");
  const hash = createHash(algorithm);
  const file = await open(path, "r");
  await pipeline(file.createReadStream(), hash);
  const found = hash.digest("hex");
  if (found !== wanted) throw new FetchError(`its ${algorithm} is ${found}, not ${wanted}`);
}
