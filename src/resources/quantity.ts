/**
 * Kubernetes quantities (apimachinery's resource.Quantity), parsed exactly: the value is a fraction
 * of two integers and is rounded once, when it is turned into milli-units.
 */
import { ResourceError } from "./errors.ts";

export interface Fraction {
  readonly numerator: bigint;
  readonly denominator: bigint;
}

/** `up` is what Kubernetes does with a request finer than the unit; `down` suits a capacity. */
export type Rounding = "up" | "down";

const MEBIBYTE = 1n << 20n;
const GRAMMAR = /^([+-]?)(\d+\.?\d*|\.\d+)(?:([numkMGTPE]|[KMGTPE]i)|[eE]([+-]?\d{1,2}))?$/;
const EXPONENT: Readonly<Record<string, number>> = {
  n: -9,
  u: -6,
  m: -3,
  k: 3,
  M: 6,
  G: 9,
  T: 12,
  P: 15,
  E: 18,
};
const BINARY = "KMGTPE";
const MAX_LENGTH = 64;

/** Parses `1.5Gi`, `500m`, `1e3`, `.5`, `12E`; throws a ResourceError that names `field`. */
export function parseQuantity(text: string, field = ""): Fraction {
  const match = text.length <= MAX_LENGTH ? GRAMMAR.exec(text) : null;
  if (match === null) {
    throw new ResourceError(
      field,
      `'${text.slice(0, MAX_LENGTH)}' is not a quantity such as 500m, 1.5 or 256Mi`,
    );
  }
  const [, sign, number = "", suffix = "", exponent] = match;
  const [whole = "", decimals = ""] = number.split(".");
  let numerator = BigInt(whole + decimals);
  let denominator = 10n ** BigInt(decimals.length);
  if (suffix.endsWith("i")) {
    numerator <<= 10n * BigInt(BINARY.indexOf(suffix.charAt(0)) + 1);
  } else {
    const power = exponent === undefined ? (EXPONENT[suffix] ?? 0) : Number(exponent);
    if (power >= 0) numerator *= 10n ** BigInt(power);
    else denominator *= 10n ** BigInt(-power);
  }
  return { numerator: sign === "-" ? -numerator : numerator, denominator };
}

/** Whether amounts of this resource are counted in MiB where Kubernetes counts bytes. */
export function isMeasuredInMebibytes(name: string): boolean {
  return name === "mem" || name === "disk";
}

/** A quantity of the resource `name` in thousandths of its Mesos unit (cores, MiB, …). */
export function quantityToMilli(
  name: string,
  quantity: string | number,
  field = "",
  rounding: Rounding = "up",
): number {
  const parsed = parseQuantity(String(quantity), field);
  const numerator = parsed.numerator * 1000n;
  const denominator = isMeasuredInMebibytes(name) ? parsed.denominator * MEBIBYTE : parsed.denominator;
  if (numerator < 0n) throw new ResourceError(field, "must not be negative");
  const milli = rounding === "up" ? (numerator + denominator - 1n) / denominator : numerator / denominator;
  if (milli > BigInt(Number.MAX_SAFE_INTEGER)) throw new ResourceError(field, `${quantity} is too large`);
  return Number(milli);
}

/**
 * Thousandths of the Mesos unit as a Kubernetes quantity: cpus `1500` is `1500m`, mem `256000` is `256Mi`; what is no whole
 * number of MiB is given in bytes, rounded up.
 */
export function milliToQuantity(name: string, milli: number): string {
  if (isMeasuredInMebibytes(name)) {
    if (milli % 1000 === 0) return `${milli / 1000}Mi`;
    return String((BigInt(milli) * MEBIBYTE + 999n) / 1000n);
  }
  return milli % 1000 === 0 ? String(milli / 1000) : `${milli}m`;
}
