import { crc32 } from "node:zlib";
import { z } from "zod";
import { type TaskRecord, taskRecord } from "./record.ts";

/** The bytes on disk are not what was written: torn, cut or altered. */
export class CorruptRecordError extends Error {
  override readonly name = "CorruptRecordError";
}

const checksum = (body: string): string => crc32(body).toString(16).padStart(8, "0");

/** A line with the CRC-32 of the rest, then JSON. */
export function encode(record: TaskRecord): string {
  const body = `${JSON.stringify(record)}\n`;
  return `${checksum(body)}\n${body}`;
}

/** Throws CorruptRecordError. */
export function decode(text: string): TaskRecord {
  const end = text.indexOf("\n");
  const body = text.slice(end + 1);
  if (end !== 8 || text.slice(0, end) !== checksum(body)) {
    throw new CorruptRecordError("the checksum does not match");
  }
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch (cause) {
    throw new CorruptRecordError("the record is not JSON", { cause });
  }
  const parsed = taskRecord.safeParse(value);
  if (!parsed.success) {
    throw new CorruptRecordError(`the record is invalid: ${z.prettifyError(parsed.error)}`, {
      cause: parsed.error,
    });
  }
  return parsed.data;
}
