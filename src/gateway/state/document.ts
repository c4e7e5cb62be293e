import { type DescMessage, type Message, toBinary } from "@bufbuild/protobuf";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import type { Encoding } from "../../wire/media.ts";
import { toJsonText } from "../../wire/tojson.ts";
import { Chunks } from "./chunks.ts";
import type { Pace } from "./pace.ts";
import type { Told } from "./told.ts";

/** A large message that is never made as a whole: fields of its own, then lists of what was told before, and messages of such. */
export interface Document {
  readonly schema: DescMessage;
  readonly head?: Message;
  readonly fields: readonly (readonly [name: string, value: Document | Iterable<Told>])[];
}

/** The body, in slices. Lists are told also when they are empty, as Mesos's master does (readonly_handler.cpp). */
export async function encodeDocument(
  encoding: Encoding,
  document: Document,
  pace: Pace,
): Promise<readonly Buffer[]> {
  return encoding === "json" ? textOf(jsonOf(document), pace) : (await binaryOf(document, pace)).end();
}

/** Text that is made piece by piece. */
export async function textOf(pieces: Iterable<string>, pace: Pace): Promise<readonly Buffer[]> {
  const chunks = new Chunks();
  for (const piece of pieces) {
    chunks.text(piece);
    if (pace.tired) await pace.rest();
  }
  return chunks.end();
}

function* jsonOf({ schema, head, fields }: Document): Generator<string, void> {
  const own = head === undefined ? "" : toJsonText(schema, head).slice(1, -1);
  yield `{${own}`;
  let comma = own === "" ? "" : ",";
  for (const [name, value] of fields) {
    yield `${comma}"${name}":`;
    comma = ",";
    if ("schema" in value) yield* jsonOf(value);
    else yield* listOf(value);
  }
  yield "}";
}

function* listOf(list: Iterable<Told>): Generator<string, void> {
  let comma = "";
  yield "[";
  for (const told of list) {
    yield comma + told.json;
    comma = ",";
  }
  yield "]";
}

async function binaryOf({ schema, head, fields }: Document, pace: Pace): Promise<Chunks> {
  const chunks = new Chunks();
  if (head !== undefined) chunks.bytes(toBinary(schema, head));
  for (const [name, value] of fields) {
    const number = schema.fields.find((field) => field.name === name)?.number ?? 0;
    if ("schema" in value) {
      const inner = await binaryOf(value, pace);
      const body = inner.end();
      chunks.bytes(header(number, inner.size));
      chunks.append(body);
      continue;
    }
    for (const { binary } of value) {
      chunks.bytes(header(number, binary.length));
      chunks.bytes(binary);
      if (pace.tired) await pace.rest();
    }
  }
  return chunks;
}

const header = (number: number, length: number): Uint8Array =>
  new BinaryWriter().tag(number, WireType.LengthDelimited).uint32(length).finish();
