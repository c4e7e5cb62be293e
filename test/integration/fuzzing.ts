import { Agent, type IncomingMessage, request } from "node:http";
import fc from "fast-check";

/** `FUZZ_RUNS=100000` makes a long run of it. */
export const runs = (few: number): number => Number(process.env.FUZZ_RUNS ?? few);
/** Milliseconds for a property of so many runs. */
export const timeFor = (count: number): number => Math.max(120_000, count * 20);

export interface Sent {
  readonly method?: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Several: they are sent apart, as they come. */
  readonly body?: string | Uint8Array | readonly Uint8Array[];
}

/** Milliseconds after which an answer does not come any more. */
const HANGS = 20_000;

/** Sends to one server on few connections. */
export class Sender {
  readonly #port: number;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 8 });

  constructor(port: number) {
    this.#port = port;
  }

  /** The status of the answer; one that goes on is left at once. Rejects when none comes. */
  status({ method = "POST", path, headers = {}, body = "" }: Sent): Promise<number> {
    return new Promise((resolve, reject) => {
      const options = { host: "127.0.0.1", port: this.#port, method, path, headers, timeout: HANGS };
      const sent = request({ ...options, agent: this.#agent }, (response) => {
        const { statusCode = 0 } = response;
        response.on("end", () => resolve(statusCode));
        response.on("error", reject);
        response.resume();
        if (!goesOn(response)) return;
        response.off("error", reject).on("error", () => {});
        response.destroy();
        resolve(statusCode);
      });
      sent.on("timeout", () => sent.destroy(new Error(`no answer came to ${method} ${path}`)));
      sent.on("error", reject);
      if (typeof body === "string" || body instanceof Uint8Array) sent.end(body);
      else {
        for (const chunk of body) sent.write(chunk);
        sent.end();
      }
    });
  }

  close(): void {
    this.#agent.destroy();
  }
}

const goesOn = ({ headers, statusCode }: IncomingMessage): boolean =>
  statusCode === 200 && headers["transfer-encoding"] === "chunked";

/** Something that was right, with a few bytes changed, taken out or put in. */
export const nearly = (right: fc.Arbitrary<Uint8Array>): fc.Arbitrary<Uint8Array> =>
  fc
    .tuple(
      right,
      fc.array(
        fc.record({
          at: fc.nat(400),
          out: fc.nat(2),
          in: fc.uint8Array({ maxLength: 3 }),
        }),
        { maxLength: 3 },
      ),
    )
    .map(([bytes, changes]) => {
      let now = Buffer.from(bytes);
      for (const { at, out, in: more } of changes) {
        const place = at % (now.length + 1);
        now = Buffer.concat([now.subarray(0, place), more, now.subarray(place + out)]);
      }
      return now;
    });

export const text = fc.oneof(
  fc.string({ maxLength: 20 }),
  fc.constantFrom("*", "o-1", "/", "..", "__proto__", ""),
);
export const number = fc.oneof(
  fc.double(),
  fc.integer(),
  fc.constantFrom<string | number>("Infinity", "NaN", -1, 0, 1e308, "9223372036854775807", "x"),
);
