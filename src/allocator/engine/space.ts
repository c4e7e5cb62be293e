/** Amounts in milli-units as numbers in flat arrays: a row for each agent, role or client, a slot for each resource name. */

const FIRST_STRIDE = 8;

/** The resource names that were ever seen, and all tables of amounts: a name that needs more room widens every table. */
export class Space {
  readonly names: string[] = [];
  readonly #slots = new Map<string, number>();
  readonly #tables: Table[] = [];
  #stride = FIRST_STRIDE;

  get size(): number {
    return this.names.length;
  }

  /** The name's slot; a new name gets one. */
  slot(name: string): number {
    const known = this.#slots.get(name);
    if (known !== undefined) return known;
    const slot = this.names.length;
    this.names.push(name);
    this.#slots.set(name, slot);
    if (slot >= this.#stride) {
      this.#stride *= 2;
      for (const table of this.#tables) table.widen(this.#stride);
    }
    return slot;
  }

  /** As numbers in turn: a slot, its amount, the next slot, … */
  pairs(quantities: Iterable<readonly [string, number]>): readonly number[] {
    const pairs: number[] = [];
    for (const [name, milli] of quantities) pairs.push(this.slot(name), milli);
    return pairs;
  }

  known(name: string): number | undefined {
    return this.#slots.get(name);
  }

  table(fill = 0): Table {
    const table = new Table(this.#stride, fill);
    this.#tables.push(table);
    return table;
  }

  /** Forgets a table, so that it is not widened any more. */
  drop(table: Table): void {
    this.#tables.splice(this.#tables.indexOf(table), 1);
  }

  /** A table of one row. */
  row(fill = 0): Table {
    const table = this.table(fill);
    table.ensure(1);
    return table;
  }
}

/** Rows of `stride` amounts; amount `slot` of row `i` is `data[i * stride + slot]`. Do not keep `data`: it is replaced when it grows. */
export class Table {
  data = new Float64Array(0);
  stride: number;
  readonly #fill: number;

  constructor(stride: number, fill: number) {
    this.stride = stride;
    this.#fill = fill;
  }

  ensure(rows: number): void {
    if (rows * this.stride <= this.data.length) return;
    const old = this.data;
    this.data = new Float64Array(Math.max(rows * this.stride, old.length * 2)).fill(this.#fill);
    this.data.set(old);
  }

  get(row: number, slot: number): number {
    return this.data[row * this.stride + slot] ?? this.#fill;
  }

  set(row: number, slot: number, amount: number): void {
    this.data[row * this.stride + slot] = amount;
  }

  add(row: number, slot: number, amount: number): void {
    const i = row * this.stride + slot;
    this.data[i] = (this.data[i] ?? 0) + amount;
  }

  clear(row: number): void {
    this.data.fill(this.#fill, row * this.stride, (row + 1) * this.stride);
  }

  isZero(row: number): boolean {
    const end = (row + 1) * this.stride;
    for (let i = row * this.stride; i < end; i++) if (this.data[i] !== 0) return false;
    return true;
  }

  widen(stride: number): void {
    const rows = this.data.length / this.stride;
    const data = new Float64Array(rows * stride).fill(this.#fill);
    for (let row = 0; row < rows; row++) {
      data.set(this.data.subarray(row * this.stride, (row + 1) * this.stride), row * stride);
    }
    this.data = data;
    this.stride = stride;
  }
}

/** At least twice as long as before and `length`, with what was there. */
export function grown<T extends Float64Array | Int32Array | Uint32Array | Uint8Array>(
  old: T,
  length: number,
): T {
  if (length <= old.length) return old;
  const make = old.constructor as new (size: number) => T;
  const next = new make(Math.max(length, old.length * 2, 16));
  next.set(old);
  return next;
}
