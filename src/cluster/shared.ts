/** Values kept in each of two generations: those asked for since the last change of generations are never forgotten. */
const MOST = 4096;

/**
 * Values that many objects have in common, made and kept once: of a large cluster's objects most parts are like those of others. Those
 * not asked for in a while are forgotten, so that it never grows large; they are made again then, as if they had been different.
 */
export class Shared<V> {
  readonly #most: number;
  #recent = new Map<string, V>();
  #older: ReadonlyMap<string, V> = new Map();

  constructor(most = MOST) {
    this.#most = most;
  }

  /** What goes by the key; `make` tells it, if it is not known. Nobody may change it. */
  get(key: string, make: () => V): V {
    const recent = this.#recent.get(key);
    if (recent !== undefined) return recent;
    const value = this.#older.get(key) ?? make();
    if (this.#recent.size >= this.#most) {
      this.#older = this.#recent;
      this.#recent = new Map();
    }
    this.#recent.set(key, value);
    return value;
  }
}

/** Shares what was read from JSON: the answer is equal to the value, and the same for equal ones whose fields are in one order. */
export class SharedJson {
  readonly #values = new Shared<unknown>();
  readonly #texts = new Shared<string>();

  one<T extends object>(value: T): T {
    return this.#values.get(JSON.stringify(value), () => value) as T;
  }

  text(value: string): string {
    return this.#texts.get(value, () => value);
  }
}
