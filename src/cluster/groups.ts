/** Keys by a value that they have in common. Most values have one key only, which takes no set of its own. */
export class Groups {
  readonly #keys = new Map<string, string | Set<string>>();

  /** The values that have keys now. */
  values(): IterableIterator<string> {
    return this.#keys.keys();
  }

  /** In the order in which they were added. */
  *of(value: string): Generator<string, void> {
    const keys = this.#keys.get(value);
    if (typeof keys === "string") yield keys;
    else if (keys !== undefined) yield* keys;
  }

  count(value: string): number {
    const keys = this.#keys.get(value);
    return typeof keys === "object" ? keys.size : keys === undefined ? 0 : 1;
  }

  add(value: string, key: string): void {
    const keys = this.#keys.get(value);
    if (keys === undefined) this.#keys.set(value, key);
    else if (typeof keys !== "string") keys.add(key);
    else if (keys !== key) this.#keys.set(value, new Set([keys, key]));
  }

  remove(value: string, key: string): void {
    const keys = this.#keys.get(value);
    if (keys === key) this.#keys.delete(value);
    if (typeof keys !== "object") return;
    keys.delete(key);
    if (keys.size === 0) this.#keys.delete(value);
  }
}
