/** Times and labels between Mesos's forms and the API's. */
import { create } from "@bufbuild/protobuf";
import { durationMs } from "../api/duration.ts";
import {
  type DurationInfo,
  DurationInfoSchema,
  type Labels,
  LabelsSchema,
  type TimeInfo,
  TimeInfoSchema,
} from "../wire/gen/mesos/v1/mesos_pb.ts";
import { Unsupported } from "./unsupported.ts";

/** Beyond this a 32-character duration overflows; 317 years are for ever. */
const LONGEST_MS = 1e13;
const NANOS = 1_000_000n;

/** Rounded up to a millisecond: what is not nothing stays so. */
export function durationOfSeconds(seconds: number, field: string): string {
  if (Number.isNaN(seconds) || seconds < 0) throw new Unsupported(`Expecting '${field}' to be non-negative`);
  return durationOfMs(Math.ceil(Math.min(seconds * 1000, LONGEST_MS)));
}

export function durationOfNanos({ nanoseconds }: DurationInfo, field: string): string {
  if (nanoseconds < 0n) throw new Unsupported(`'${field}' must be non-negative`);
  const ms = (nanoseconds + NANOS - 1n) / NANOS;
  return durationOfMs(Number(ms));
}

const durationOfMs = (ms: number): string => (ms % 1000 === 0 ? `${ms / 1000}s` : `${ms}ms`);

export const secondsOf = (duration: string): number => durationMs(duration) / 1000;

export const durationInfo = (duration: string): DurationInfo =>
  create(DurationInfoSchema, { nanoseconds: BigInt(Math.round(durationMs(duration))) * NANOS });

export const timeInfo = (timestamp: string): TimeInfo =>
  create(TimeInfoSchema, { nanoseconds: BigInt(Date.parse(timestamp)) * NANOS });

/** The API keeps labels as a map: a key may stand once. A label without a value has the empty one. */
export function labelsRecord(labels: Labels | undefined, field: string): Record<string, string> | undefined {
  if (labels === undefined || labels.labels.length === 0) return undefined;
  const record = new Map<string, string>();
  for (const { key, value } of labels.labels) {
    if (record.has(key))
      throw new Unsupported(`'${field}' has the key '${key}' twice, which is not supported`);
    record.set(key, value);
  }
  return Object.fromEntries(record);
}

export const labelsMessage = (record: Readonly<Record<string, string>>): Labels =>
  create(LabelsSchema, { labels: Object.entries(record).map(([key, value]) => ({ key, value })) });
