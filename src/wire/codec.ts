import { type DescMessage, fromBinary, type Message, type MessageShape, toBinary } from "@bufbuild/protobuf";
import { fromJsonValue, JsonError, parseJson } from "./fromjson.ts";
import type { Encoding } from "./media.ts";
import { missingRequired } from "./required.ts";
import { toJsonText } from "./tojson.ts";

/** A body that is no message of the kind; the words are those that Mesos's master answers 400 with. */
export class BodyError extends Error {
  override readonly name = "BodyError";
}

export function encode(encoding: Encoding, schema: DescMessage, message: Message): Uint8Array {
  return encoding === "json" ? Buffer.from(toJsonText(schema, message)) : toBinary(schema, message);
}

/** Throws BodyError, also when a required field is missing. `what` names the message in its words: "Call". */
export function decode<Schema extends DescMessage>(
  encoding: Encoding,
  schema: Schema,
  body: Uint8Array,
  what: string,
): MessageShape<Schema> {
  if (encoding === "protobuf") {
    const refusal = `Failed to parse body into ${what} protobuf`;
    let message: MessageShape<Schema>;
    try {
      message = fromBinary(schema, body);
    } catch (cause) {
      throw new BodyError(refusal, { cause });
    }
    // C++ does not say which.
    if (missingRequired(schema, message).length > 0) throw new BodyError(refusal);
    return message;
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
