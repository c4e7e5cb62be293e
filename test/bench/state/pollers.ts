/** A process of its own: reads /state again and again, and says at the end what it got. Arguments: port, pollers, seconds between, gzip. */
import { request } from "node:http";

const [port = 0, pollers = 1, every = 1, gzip = 0] = process.argv.slice(2).map(Number);
const told = { answers: 0, failures: 0, bytes: 0, ms: [] as number[] };
let stopping = false;

/** Milliseconds until the last byte. */
function get(): Promise<number> {
  const start = performance.now();
  return new Promise((resolve, reject) => {
    const headers = gzip ? { "Accept-Encoding": "gzip" } : {};
    const sent = request({ host: "127.0.0.1", port, path: "/state", headers, agent: false }, (response) => {
      response.on("data", (chunk: Buffer) => {
        told.bytes += chunk.length;
      });
      response.on("end", () =>
        response.statusCode === 200
          ? resolve(performance.now() - start)
          : reject(new Error(String(response.statusCode))),
      );
      response.on("error", reject);
    });
    sent.on("error", reject);
    sent.end();
  });
}

async function poll(i: number): Promise<void> {
  await pause((every * 1000 * i) / pollers);
  while (!stopping) {
    const began = performance.now();
    try {
      told.ms.push(await get());
      told.answers++;
    } catch {
      told.failures++;
    }
    await pause(every * 1000 - (performance.now() - began));
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, Math.max(1, ms)));

process.once("SIGTERM", () => {
  stopping = true;
  const sorted = told.ms.sort((a, b) => a - b);
  const at = (share: number) => Math.round(sorted[Math.floor(share * (sorted.length - 1))] ?? 0);
  const { answers, failures, bytes } = told;
  const line = { answers, failures, mib: Math.round(bytes / 2 ** 20), p50Ms: at(0.5), p99Ms: at(0.99) };
  process.stdout.write(`${JSON.stringify(line)}\n`, () => process.exit(0));
});
for (let i = 0; i < pollers; i++) void poll(i);
