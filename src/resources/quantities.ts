/** Amounts of scalars by name, in milli-units: for shares, guarantees, limits and headroom. */
import { ResourceError } from "./errors.ts";
import { quantityToMilli } from "./quantity.ts";
import type { AmountSpec } from "./spec.ts";

/** A name that is absent is 0 (Mesos: ResourceQuantities). Immutable. */
export class Quantities {
  static readonly empty = new Quantities(new Map());
  readonly #milli: ReadonlyMap<string, number>;

  private constructor(milli: ReadonlyMap<string, number>) {
    this.#milli = milli;
  }

  /** From milli-units by name; what is 0 or less is left out, and later entries of one name add up. */
  static of(entries: Iterable<readonly [string, number]>): Quantities {
    const milli = new Map<string, number>();
    for (const [name, amount] of entries) {
      if (amount > 0) milli.set(name, (milli.get(name) ?? 0) + amount);
    }
    return milli.size === 0 ? Quantities.empty : new Quantities(milli);
  }

  /** From an API record such as `{cpus: 4, mem: "8Gi"}`: see `readAmounts`. */
  static fromRecord(record: Readonly<Record<string, number | string>>, field = ""): Quantities {
    return Quantities.of(readAmounts(record, field));
  }

  /** From the API's list of amounts; later entries of one name add up. Throws a ResourceError. */
  static fromAmounts(amounts: readonly AmountSpec[], field = ""): Quantities {
    return Quantities.of(amounts.map((amount, i) => readAmount(amount, `${field}[${i}]`)));
  }

  get isEmpty(): boolean {
    return this.#milli.size === 0;
  }

  get(name: string): number {
    return this.#milli.get(name) ?? 0;
  }

  /** Sorted by name. */
  names(): string[] {
    return [...this.#milli.keys()].sort();
  }

  [Symbol.iterator](): IterableIterator<[string, number]> {
    return this.#milli.entries();
  }

  add(other: Quantities): Quantities {
    if (other.isEmpty) return this;
    return this.isEmpty ? other : Quantities.of([...this.#milli, ...other.#milli]);
  }

  /** Ends at 0, as everything here. */
  subtract(other: Quantities): Quantities {
    if (other.isEmpty || this.isEmpty) return this;
    return Quantities.of([...this.#milli].map(([name, milli]) => [name, milli - other.get(name)]));
  }

  min(other: Quantities): Quantities {
    return Quantities.of([...this.#milli].map(([name, milli]) => [name, Math.min(milli, other.get(name))]));
  }

  max(other: Quantities): Quantities {
    const names = new Set([...this.#milli.keys(), ...other.#milli.keys()]);
    return Quantities.of([...names].map((name) => [name, Math.max(this.get(name), other.get(name))]));
  }

  contains(other: Quantities): boolean {
    for (const [name, milli] of other) if (this.get(name) < milli) return false;
    return true;
  }

  equals(other: Quantities): boolean {
    return this.contains(other) && other.contains(this);
  }

  filter(keep: (name: string) => boolean): Quantities {
    return Quantities.of([...this.#milli].filter(([name]) => keep(name)));
  }

  /** In units, sorted by name: `{cpus: 0.5}`. */
  toRecord(): Record<string, number> {
    return Object.fromEntries(this.names().map((name) => [name, this.get(name) / 1000]));
  }

  /** `cpus:0.5;mem:128`. */
  toString(): string {
    return this.names()
      .map((name) => `${name}:${this.get(name) / 1000}`)
      .join(";");
  }
}

/** A name that is absent is unlimited (Mesos: ResourceLimits); 0 is a limit. Immutable. */
export class Limits {
  static readonly none = new Limits(new Map());
  readonly #milli: ReadonlyMap<string, number>;

  private constructor(milli: ReadonlyMap<string, number>) {
    this.#milli = milli;
  }

  static of(entries: Iterable<readonly [string, number]>): Limits {
    return new Limits(new Map([...entries].map(([name, milli]) => [name, Math.max(0, milli)])));
  }

  static fromRecord(record: Readonly<Record<string, number | string>>, field = ""): Limits {
    return Limits.of(readAmounts(record, field));
  }

  static fromAmounts(amounts: readonly AmountSpec[], field = ""): Limits {
    return Limits.of(amounts.map((amount, i) => readAmount(amount, `${field}[${i}]`)));
  }

  get isEmpty(): boolean {
    return this.#milli.size === 0;
  }

  /** Infinity where there is no limit. */
  get(name: string): number {
    return this.#milli.get(name) ?? Number.POSITIVE_INFINITY;
  }

  [Symbol.iterator](): IterableIterator<[string, number]> {
    return this.#milli.entries();
  }

  /** What is left of each limit. */
  subtract(used: Quantities): Limits {
    return Limits.of([...this.#milli].map(([name, milli]) => [name, milli - used.get(name)]));
  }

  min(other: Limits): Limits {
    const names = new Set([...this.#milli.keys(), ...other.#milli.keys()]);
    return Limits.of([...names].map((name) => [name, Math.min(this.get(name), other.get(name))]));
  }

  /** Whether `used` stays within every limit. */
  allow(used: Quantities): boolean {
    return [...this.#milli].every(([name, milli]) => used.get(name) <= milli);
  }

  toRecord(): Record<string, number> {
    return Object.fromEntries(
      [...this.#milli].sort(([a], [b]) => (a < b ? -1 : 1)).map(([n, m]) => [n, m / 1000]),
    );
  }
}

function readAmount({ name, scalar, quantity }: AmountSpec, field: string): readonly [string, number] {
  if ((scalar === undefined) === (quantity === undefined)) {
    throw new ResourceError(field, "exactly one of scalar and quantity is needed");
  }
  if (scalar !== undefined) return [name, unitsToMilli(scalar, `${field}.scalar`)];
  return [name, quantityToMilli(name, quantity ?? 0, `${field}.quantity`)];
}

/** A number is in units (MiB for mem and disk), a string a Kubernetes quantity. Throws a ResourceError. */
function* readAmounts(
  record: Readonly<Record<string, number | string>>,
  field: string,
): Iterable<[string, number]> {
  for (const [name, amount] of Object.entries(record)) {
    const at = field === "" ? name : `${field}.${name}`;
    yield [name, typeof amount === "string" ? quantityToMilli(name, amount, at) : unitsToMilli(amount, at)];
  }
}

/** Three decimals count, rounded as Mesos's src/common/values.cpp does. Throws a ResourceError. */
export function unitsToMilli(units: number, field = ""): number {
  const milli = Math.round(units * 1000);
  if (Number.isNaN(milli)) throw new ResourceError(field, "must be a number");
  if (milli < 0) throw new ResourceError(field, "must not be negative");
  if (!Number.isSafeInteger(milli)) throw new ResourceError(field, `${units} is too large`);
  return milli;
}
