/** Bytes of a chunk: large enough to be few, small enough to be written in a moment. */
const CHUNK = 256 * 1024;

/** Gathers a body in pieces of one size. */
export class Chunks {
  #all: Buffer[] = [];
  #text: string[] = [];
  #bytes: Uint8Array[] = [];
  #waiting = 0;
  size = 0;

  /** Text and bytes are not mixed. */
  text(text: string): void {
    this.#text.push(text);
    this.#waiting += text.length;
    if (this.#waiting >= CHUNK) this.#flush();
  }

  bytes(bytes: Uint8Array): void {
    this.#bytes.push(bytes);
    this.#waiting += bytes.length;
    if (this.#waiting >= CHUNK) this.#flush();
  }

  /** What others have gathered. */
  append(chunks: readonly Buffer[]): void {
    this.#flush();
    for (const chunk of chunks) this.#push(chunk);
  }

  end(): readonly Buffer[] {
    this.#flush();
    return this.#all;
  }

  #flush(): void {
    if (this.#waiting === 0) return;
    this.#push(this.#text.length > 0 ? Buffer.from(this.#text.join("")) : Buffer.concat(this.#bytes));
    this.#text = [];
    this.#bytes = [];
    this.#waiting = 0;
  }

  #push(chunk: Buffer): void {
    this.#all.push(chunk);
    this.size += chunk.length;
  }
}
