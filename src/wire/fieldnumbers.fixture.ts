/** A protobuf message by the numbers of its fields, written without any schema: what a table says, and nothing generated. */
export interface Fields {
  readonly [number: number]: Value | readonly Value[];
}

/** Integers, booleans and enums are varints; an object is a message, an array a repeated field. */
export type Value = number | bigint | boolean | string | Uint8Array | Double | Fields;

class Double {
  readonly value: number;

  constructor(value: number) {
    this.value = value;
  }
}

export const double = (value: number): Double => new Double(value);

const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;

export function protobufOf(fields: Fields): Buffer {
  const parts = Object.entries(fields).flatMap(([number, value]) =>
    (Array.isArray(value) ? value : [value]).map((one: Value) => field(Number(number), one)),
  );
  return Buffer.concat(parts);
}

function field(number: number, value: Value): Buffer {
  if (value instanceof Double) {
    const bytes = Buffer.alloc(8);
    bytes.writeDoubleLE(value.value);
    return Buffer.concat([tag(number, FIXED64), bytes]);
  }
  if (typeof value === "string") return delimited(number, Buffer.from(value));
  if (value instanceof Uint8Array) return delimited(number, value);
  if (typeof value === "object") return delimited(number, protobufOf(value));
  return Buffer.concat([tag(number, VARINT), varint(BigInt(value))]);
}

const delimited = (number: number, bytes: Uint8Array): Buffer =>
  Buffer.concat([tag(number, BYTES), varint(BigInt(bytes.byteLength)), bytes]);

const tag = (number: number, type: number): Buffer => varint(BigInt((number << 3) | type));

function varint(value: bigint): Buffer {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, value);
  for (; rest > 0x7fn; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  return Buffer.from([...bytes, Number(rest)]);
}
