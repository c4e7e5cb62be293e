import { parseQuantity } from "../../resources/index.ts";

/** A Kubernetes ResourceList, exact: billionths of the unit (of a core, of a byte), as fine as Kubernetes counts. */
export type Amounts = ReadonlyMap<string, bigint>;

/** What the API server sends: quantities by name. */
export type ResourceList = Readonly<Record<string, string>>;

const NANO = 1_000_000_000n;

export const NOTHING: Amounts = new Map();

/** Finer than a billionth is rounded up, as Kubernetes does when it reads a quantity. */
export function amountsOf(list: ResourceList | undefined): Amounts {
  if (list === undefined) return NOTHING;
  return new Map(Object.entries(list).map(([name, quantity]) => [name, nanos(quantity)]));
}

function nanos(quantity: string): bigint {
  const { numerator, denominator } = parseQuantity(String(quantity));
  return ceil(numerator * NANO, denominator);
}

export function add(a: Amounts, b: Amounts): Amounts {
  if (a.size === 0) return b;
  const sum = new Map(a);
  for (const [name, amount] of b) sum.set(name, (sum.get(name) ?? 0n) + amount);
  return sum;
}

export function greater(a: Amounts, b: Amounts): Amounts {
  if (a.size === 0) return b;
  const most = new Map(a);
  for (const [name, amount] of b) {
    const other = most.get(name);
    if (other === undefined || amount > other) most.set(name, amount);
  }
  return most;
}

/** Thousandths of the unit, rounded up (Quantity.MilliValue). */
export const milliOf = (amounts: Amounts, name: string): bigint =>
  ceil((amounts.get(name) ?? 0n) * 1000n, NANO);

/** Whole units, rounded up (Quantity.Value). */
export const wholeOf = (amounts: Amounts, name: string): bigint => ceil(amounts.get(name) ?? 0n, NANO);

function ceil(numerator: bigint, denominator: bigint): bigint {
  const whole = numerator / denominator;
  return numerator % denominator > 0n ? whole + 1n : whole;
}
