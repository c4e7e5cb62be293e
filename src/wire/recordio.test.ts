import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encodeRecord, RecordDecoder, RecordError } from "./recordio.ts";

const bytes = (text: string) => Buffer.from(text, "latin1");

describe("RecordIO", () => {
  it("puts the decimal length and a newline before the bytes", () => {
    expect(encodeRecord(bytes("hello")).toString()).toBe("5\nhello");
    expect(encodeRecord(bytes("")).toString()).toBe("0\n");
    expect(encodeRecord(Buffer.from("ü")).toString("hex")).toBe("320ac3bc");
  });

  it("reads records however they are cut", () => {
    const decoder = new RecordDecoder();
    expect(decoder.decode(bytes("5\nhello6\nworld!0\n")).map(String)).toEqual(["hello", "world!", ""]);
    expect(decoder.atBoundary).toBe(true);
    const pieces = [..."5\nhello1"].flatMap((char) => decoder.decode(bytes(char)));
    expect(pieces.map(String)).toEqual(["hello"]);
    expect(decoder.atBoundary).toBe(false);
    expect(decoder.decode(bytes("1\nhello")).length).toBe(0);
    expect(decoder.decode(bytes(" world")).map(String)).toEqual(["hello world"]);
  });

  it.each(["x\n", "\n", "-1\n", "1.0\n", "0x5\n", "+5\n", " 5\n", "99999999999999999999\n", "11\n"])(
    "refuses the header %j, and everything after it",
    (header) => {
      const decoder = new RecordDecoder(10);
      expect(() => decoder.decode(bytes(header))).toThrow(RecordError);
      expect(() => decoder.decode(bytes("1\na"))).toThrow("Decoder is in a FAILED state");
      expect(decoder.atBoundary).toBe(false);
    },
  );

  it("does not keep a header without an end", () => {
    const decoder = new RecordDecoder();
    expect(() => decoder.decode(Buffer.alloc(1 << 20, "1"))).toThrow(/too long/);
  });

  it("gives back what was encoded, in any pieces", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 40 })), fc.array(fc.nat(30)), (records, cuts) => {
        const stream = Buffer.concat(records.map(encodeRecord));
        const decoder = new RecordDecoder();
        const decoded: Buffer[] = [];
        let at = 0;
        for (const cut of [...cuts, stream.length]) {
          decoded.push(...decoder.decode(stream.subarray(at, at + cut)));
          at = Math.min(stream.length, at + cut);
        }
        decoded.push(...decoder.decode(stream.subarray(at)));
        expect(decoded.map((one) => one.toString("hex"))).toEqual(
          records.map((one) => Buffer.from(one).toString("hex")),
        );
        expect(decoder.atBoundary).toBe(true);
      }),
    );
  });

  it("ends in records or in a RecordError, whatever comes", () => {
    const noise = fc.oneof(
      fc.uint8Array({ maxLength: 60 }),
      fc.string({ unit: fc.constantFrom("0", "1", "9", "\n", "a", "-"), maxLength: 60 }).map(bytes),
    );
    fc.assert(
      fc.property(fc.array(noise), (pieces) => {
        const decoder = new RecordDecoder(64);
        try {
          for (const piece of pieces)
            for (const one of decoder.decode(piece)) expect(one.length).toBeLessThan(65);
        } catch (error) {
          expect(error).toBeInstanceOf(RecordError);
        }
      }),
    );
  });
});
