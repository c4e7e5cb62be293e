import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { lines } from "./watch.ts";

async function* chunksOf(bytes: Buffer, cuts: readonly number[]): AsyncGenerator<Buffer> {
  let start = 0;
  for (const cut of [...cuts].sort((a, b) => a - b)) {
    const end = cut % (bytes.length + 1);
    if (end > start) yield bytes.subarray(start, end);
    start = Math.max(start, end);
  }
  yield bytes.subarray(start);
}

async function collect(chunks: AsyncIterable<Buffer>): Promise<string[]> {
  const found: string[] = [];
  for await (const line of lines(chunks)) found.push(line);
  return found;
}

describe("lines", () => {
  it("are the same however the bytes are cut, within characters too", async () => {
    const line = fc.string({ unit: "grapheme", minLength: 1 }).map((text) => JSON.stringify(text));
    await fc.assert(
      fc.asyncProperty(fc.array(line), fc.array(fc.nat(500)), async (texts, cuts) => {
        const bytes = Buffer.from(texts.map((text) => `${text}\n`).join(""));
        expect(await collect(chunksOf(bytes, cuts))).toEqual(texts);
      }),
    );
  });

  it("leave out what has no end", async () => {
    expect(await collect(chunksOf(Buffer.from('{"a":1}\n{"b"'), []))).toEqual(['{"a":1}']);
  });
});
