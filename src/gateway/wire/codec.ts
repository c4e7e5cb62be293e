import { type DescMessage, fromBinary, type Message, type MessageShape, toBinary } from "@bufbuild/protobuf";
import { fromJsonValue, JsonError, parseJson } from "./fromjson.ts";
import type { Encoding } from "./media.ts";
import { toJsonText } from "./tojson.ts";

/** A body that is no message of the kind; the words are those that Mesos's master answers 400 with. */
export class BodyError extends Error {
  override readonly name = "BodyError";
}

export function encode(encoding: Encoding, schema: DescMessage, message: Message): Uint8Array {
  return encoding === "json" ? Buffer.from(toJsonText(schema, message)) : toBinary(schema, message);
}

/**
 * Throws BodyError. `what` names the message in its words: "Call". A protobuf body may lack required fields (C++ refuses those in
 * parsing too): missingRequired tells.
 */
export function decode<Schema extends DescMessage>(
  encoding: Encoding,
  schema: Schema,
  body: Uint8Array,
  what: string,
): MessageShape<Schema> {
  if (encoding === "protobuf") {
    try {
      return fromBinary(schema, body);
    } catch (cause) {
      throw new BodyError(`Failed to parse body into ${what} protobuf`, { cause });
    }
  }
  let value: unknown;
  try {
    value = parseJson(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString("utf8"));
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new BodyError(`Failed to parse body into JSON: ${message}`, { cause });
  }
  try {
    return fromJsonValue<MessageShape<Schema>>(schema, value);
  } catch (cause) {
    if (!(cause instanceof JsonError)) throw cause;
    throw new BodyError(`Failed to convert JSON into ${what} protobuf: ${cause.message}`, { cause });
  }
}
