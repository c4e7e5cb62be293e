/** Vectors of amounts, one slot a resource name, in milli-units: what the allocator counts with. */
import { Limits, Quantities } from "../../resources/index.ts";

export type Amounts = Float64Array;

/** Gives each resource name of a world its slot. */
export class AmountIndex {
  readonly names: readonly string[];
  readonly #slots: ReadonlyMap<string, number>;

  constructor(names: Iterable<string>) {
    this.names = [...new Set(names)].sort();
    this.#slots = new Map(this.names.map((name, slot) => [name, slot]));
  }

  slot(name: string): number | undefined {
    return this.#slots.get(name);
  }

  zero(): Amounts {
    return new Float64Array(this.names.length);
  }

  /** Names without a slot are nowhere in the world and are left out. */
  of(quantities: Iterable<readonly [string, number]>): Amounts {
    return this.#fill(this.zero(), quantities);
  }

  /** Infinity where there is no limit. */
  ofLimits(limits: Limits): Amounts {
    return this.#fill(this.zero().fill(Number.POSITIVE_INFINITY), limits);
  }

  #fill(amounts: Amounts, entries: Iterable<readonly [string, number]>): Amounts {
    for (const [name, milli] of entries) {
      const slot = this.#slots.get(name);
      if (slot !== undefined) amounts[slot] = milli;
    }
    return amounts;
  }

  quantities(amounts: Amounts): Quantities {
    return Quantities.of(this.names.map((name, slot) => [name, amounts[slot] ?? 0]));
  }

  /** What is infinite is no limit; what is below 0 is 0. */
  limits(amounts: Amounts): Limits {
    return Limits.of(
      this.names
        .map((name, slot) => [name, amounts[slot] ?? 0] as const)
        .filter(([, milli]) => Number.isFinite(milli)),
    );
  }
}

export function increase(target: Amounts, by: Amounts): void {
  for (let i = 0; i < target.length; i++) target[i] = at(target, i) + at(by, i);
}

export function decrease(target: Amounts, by: Amounts): void {
  for (let i = 0; i < target.length; i++) target[i] = at(target, i) - at(by, i);
}

export function at(amounts: Amounts, slot: number): number {
  return amounts[slot] ?? 0;
}

export function isZero(amounts: Amounts): boolean {
  return amounts.every((milli) => milli === 0);
}
