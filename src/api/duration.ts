import { z } from "zod";
import { rules, worded } from "./rule.ts";

const UNITS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};

/** A duration as text: `500ms`, `30s`, `1h30m`, `2w`. */
export const duration = worded(
  z.string().max(32),
  /^([0-9]+(\.[0-9]+)?(ms|s|m|h|d|w))+$/,
  "must be a duration such as 500ms, 30s, 1h30m or 2d",
);

/** A duration that is not zero: of what is done again and again, or would end at once. */
export const positiveDuration = rules(duration, {
  rule: "self.matches('[1-9]')",
  message: "must be longer than 0",
  cost: 40,
});

export class DurationError extends Error {
  override readonly name = "DurationError";
}

/** Milliseconds of a duration; throws DurationError for text that the schema would refuse. */
export function durationMs(text: string): number {
  if (!duration.safeParse(text).success) {
    throw new DurationError(`"${text}" is not a duration: write for example 500ms, 30s, 1h30m or 2d`);
  }
  let total = 0;
  for (const [, value, unit] of text.matchAll(/([0-9]+(?:\.[0-9]+)?)(ms|s|m|h|d|w)/g)) {
    total += Number(value) * (UNITS[unit ?? ""] ?? 0);
  }
  return total;
}
