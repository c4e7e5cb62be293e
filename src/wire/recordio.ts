/** RecordIO framing (Mesos: stout/recordio.hpp): `<decimal length>\n<bytes>`, records one after another. */

export class RecordError extends Error {
  override readonly name = "RecordError";
}

export function encodeRecord(record: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from(`${record.byteLength}\n`, "latin1"), record]);
}

/** No length that fits a safe integer is longer. */
const LONGEST_HEADER = 16;
const NEWLINE = 0x0a;
export const DEFAULT_MAX_RECORD = 16 * 1024 * 1024;

/**
 * Takes a stream apart, whatever pieces it comes in. Holds at most one record and one header. A header that is no number, or
 * a record beyond the limit, ends it: where the next record begins cannot be known then.
 */
export class RecordDecoder {
  readonly #maxRecord: number;
  #header = "";
  #chunks: Buffer[] = [];
  /** Bytes of the record that are still to come; undefined: a header is read. */
  #missing: number | undefined;
  #failed = false;

  constructor(maxRecord = DEFAULT_MAX_RECORD) {
    this.#maxRecord = maxRecord;
  }

  /** Whether the stream may end here: not within a header or a record. */
  get atBoundary(): boolean {
    return !this.#failed && this.#missing === undefined && this.#header === "";
  }

  /** The records that this piece completes. Throws RecordError, and from then on always. */
  decode(data: Uint8Array): Buffer[] {
    if (this.#failed) throw new RecordError("Decoder is in a FAILED state");
    const records: Buffer[] = [];
    let rest = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
    while (rest.length > 0) {
      rest = this.#missing === undefined ? this.#readHeader(rest) : this.#readRecord(rest, this.#missing);
      if (this.#missing !== 0) continue;
      records.push(Buffer.concat(this.#chunks));
      this.#chunks = [];
      this.#missing = undefined;
    }
    return records;
  }

  #readHeader(data: Buffer): Buffer {
    const end = data.indexOf(NEWLINE);
    const part = data.subarray(0, end === -1 ? data.length : end);
    // One beyond the limit is enough to see that it is too long.
    this.#header += part.toString("latin1", 0, LONGEST_HEADER + 1);
    if (this.#header.length > LONGEST_HEADER) this.#fail("it is too long");
    if (end === -1) return data.subarray(data.length);
    if (!/^[0-9]+$/.test(this.#header)) this.#fail("it is not a number");
    const length = Number(this.#header);
    if (length > this.#maxRecord) this.#fail(`a record has at most ${this.#maxRecord} bytes`);
    this.#header = "";
    this.#missing = length;
    return data.subarray(end + 1);
  }

  #readRecord(data: Buffer, missing: number): Buffer {
    // A copy: the piece it came in may be reused or be much larger.
    const part = Buffer.from(data.subarray(0, missing));
    this.#chunks.push(part);
    this.#missing = missing - part.length;
    return data.subarray(part.length);
  }

  #fail(why: string): never {
    this.#failed = true;
    this.#chunks = [];
    throw new RecordError(`Failed to decode length '${this.#header.slice(0, LONGEST_HEADER)}': ${why}`);
  }
}
