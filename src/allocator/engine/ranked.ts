/**
 * A list kept sorted by (share, offers made, rank of the name): who comes first is offered first. One that moves is found by its old
 * key and put where its new key belongs, in a flat array: a few hundred nanoseconds among thousands.
 */
import { grown } from "./space.ts";

/** The keys that lists are sorted by, for items numbered from 0. One item is in one list at most. */
export class Keys {
  share = new Float64Array(0);
  made = new Float64Array(0);
  rank = new Int32Array(0);

  ensure(items: number): void {
    this.share = grown(this.share, items);
    this.made = grown(this.made, items);
    this.rank = grown(this.rank, items);
  }

  set(item: number, share: number, made: number): void {
    this.share[item] = share;
    this.made[item] = made;
  }

  /** Negative if `a` comes before `b`. */
  compare(a: number, b: number): number {
    return (
      (this.share[a] ?? 0) - (this.share[b] ?? 0) ||
      (this.made[a] ?? 0) - (this.made[b] ?? 0) ||
      (this.rank[a] ?? 0) - (this.rank[b] ?? 0)
    );
  }
}

export class Ranked {
  items = new Int32Array(0);
  count = 0;
  readonly #keys: Keys;

  constructor(keys: Keys) {
    this.#keys = keys;
  }

  /** Takes other items, not sorted yet. */
  fill(items: readonly number[]): void {
    this.items = grown(this.items, items.length);
    this.items.set(items);
    this.count = items.length;
  }

  /** After keys have changed. Little is out of order as a rule; if much is, everything is sorted. */
  sort(): void {
    const { items, count } = this;
    const keys = this.#keys;
    let moves = 4 * count + 64;
    for (let i = 1; i < count; i++) {
      const item = items[i] ?? 0;
      let j = i - 1;
      for (; j >= 0 && keys.compare(item, items[j] ?? 0) < 0; j--) items[j + 1] = items[j] ?? 0;
      items[j + 1] = item;
      moves -= i - 1 - j;
      if (moves < 0) {
        items.subarray(0, count).sort((a, b) => keys.compare(a, b));
        return;
      }
    }
  }

  /** Gives an item that is in the list another share and count. */
  move(item: number, share: number, made: number): void {
    const from = this.#find(item);
    this.#keys.set(item, share, made);
    const { items } = this;
    if (from > 0 && this.#keys.compare(item, items[from - 1] ?? 0) < 0) {
      const to = this.#place(item, 0, from);
      items.copyWithin(to + 1, to, from);
      items[to] = item;
      return;
    }
    const to = this.#place(item, from + 1, this.count) - 1;
    items.copyWithin(from, from + 1, to + 1);
    items[to] = item;
  }

  insert(item: number): void {
    this.items = grown(this.items, this.count + 1);
    const to = this.#place(item, 0, this.count);
    this.items.copyWithin(to + 1, to, this.count);
    this.items[to] = item;
    this.count++;
  }

  remove(item: number): void {
    const from = this.#find(item);
    this.items.copyWithin(from, from + 1, this.count);
    this.count--;
  }

  #find(item: number): number {
    const at = this.#place(item, 0, this.count);
    if (at < this.count && this.items[at] === item) return at;
    throw new RangeError(`item ${item} is not where its key says`);
  }

  /** The first place from `low` on whose item does not come before `item`. */
  #place(item: number, low: number, high: number): number {
    const keys = this.#keys;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (keys.compare(this.items[middle] ?? 0, item) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
