/** The smallest offers worth making. */
import {
  Quantities,
  quantityToMilli,
  ResourceError,
  type Resources,
  unitsToMilli,
} from "../resources/index.ts";

/** `cpus:0.01|mem:32`, `;` is and, `|` is or (Mesos: --min_allocatable_resources). Throws a ResourceError. */
export function parseMinAllocatable(text: string): Quantities[] {
  return text
    .split("|")
    .filter((alternative) => alternative.trim() !== "")
    .map((alternative) =>
      Quantities.of(
        alternative
          .split(";")
          .filter((part) => part.trim() !== "")
          .map((part) => readPart(part.trim())),
      ),
    );
}

function readPart(part: string): readonly [string, number] {
  const [name, amount, ...rest] = part.split(":").map((word) => word.trim());
  if (!name || !amount || rest.length > 0) throw new ResourceError(part, "is not of the form name:amount");
  // A bare number is in Mesos's unit, so 32 of mem is 32 MiB.
  if (/^[\d.]+$/.test(amount)) return [name, unitsToMilli(Number(amount), part)];
  return [name, quantityToMilli(name, amount, part)];
}

/** Whether an offer, and `scalars` as its amounts, has all of one of the minima. Without minima all but the empty offer will do. */
export function isAllocatable(offer: Resources, scalars: Quantities, minima: readonly Quantities[]): boolean {
  if (minima.length === 0) return !offer.isEmpty;
  return minima.some((minimum) => scalars.contains(minimum));
}
