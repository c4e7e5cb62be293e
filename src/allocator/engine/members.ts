/** A set of small numbers: a list while there are few, a bit each once that takes less memory. */
export class Members {
  #list: Uint32Array | undefined = new Uint32Array(2);
  #bits: Uint32Array | undefined;
  size = 0;

  get bytes(): number {
    return (this.#list ?? this.#bits)?.byteLength ?? 0;
  }

  has(member: number): boolean {
    if (this.#bits !== undefined) return ((this.#bits[member >>> 5] ?? 0) & (1 << (member & 31))) !== 0;
    return this.#indexOf(member) >= 0;
  }

  #indexOf(member: number): number {
    const list = this.#list;
    if (list === undefined) return -1;
    for (let i = 0; i < this.size; i++) if (list[i] === member) return i;
    return -1;
  }

  /** `words`: how long the bits are that hold any number there is. */
  add(member: number, words: number): boolean {
    if (this.has(member)) return false;
    const list = this.#list;
    if (list === undefined) {
      this.#set(member, words);
    } else if (this.size < list.length) {
      list[this.size] = member;
    } else if (2 * list.length <= words) {
      this.#list = new Uint32Array(2 * list.length);
      this.#list.set(list);
      this.#list[this.size] = member;
    } else {
      this.#list = undefined;
      for (const old of list) this.#set(old, words);
      this.#set(member, words);
    }
    this.size++;
    return true;
  }

  #set(member: number, words: number): void {
    let bits = this.#bits;
    if (bits === undefined || member >>> 5 >= bits.length) {
      const longer = new Uint32Array(Math.max(words, (member >>> 5) + 1));
      if (bits !== undefined) longer.set(bits);
      bits = longer;
      this.#bits = bits;
    }
    bits[member >>> 5] = (bits[member >>> 5] ?? 0) | (1 << (member & 31));
  }

  delete(member: number): boolean {
    if (this.#bits !== undefined) {
      if (!this.has(member)) return false;
      this.#bits[member >>> 5] = (this.#bits[member >>> 5] ?? 0) & ~(1 << (member & 31));
    } else {
      const at = this.#indexOf(member);
      if (at < 0 || this.#list === undefined) return false;
      this.#list[at] = this.#list[this.size - 1] ?? 0;
    }
    this.size--;
    return true;
  }

  /** Takes the members out of `bits`. */
  clearFrom(bits: Uint32Array): void {
    const mine = this.#bits;
    if (mine !== undefined) {
      const end = Math.min(mine.length, bits.length);
      for (let i = 0; i < end; i++) bits[i] = (bits[i] ?? 0) & ~(mine[i] ?? 0);
      return;
    }
    for (let i = 0; i < this.size; i++) {
      const member = this.#list?.[i] ?? 0;
      bits[member >>> 5] = (bits[member >>> 5] ?? 0) & ~(1 << (member & 31));
    }
  }

  /** Takes out all that have a bit in `bits`; answers with how many that were. */
  deleteAll(bits: Uint32Array): number {
    const before = this.size;
    const isIn = (member: number) => ((bits[member >>> 5] ?? 0) & (1 << (member & 31))) !== 0;
    if (this.#list !== undefined) {
      const kept = this.#list.subarray(0, this.size).filter((member) => !isIn(member));
      this.#list.set(kept);
      this.size = kept.length;
    }
    const mine = this.#bits ?? NONE;
    const end = Math.min(mine.length, bits.length);
    for (let i = 0; i < end; i++) {
      const gone = (mine[i] ?? 0) & (bits[i] ?? 0);
      if (gone === 0) continue;
      mine[i] = (mine[i] ?? 0) & ~gone;
      this.size -= countBits(gone);
    }
    return before - this.size;
  }
}

const NONE = new Uint32Array(0);

function countBits(word: number): number {
  let count = 0;
  for (let rest = word; rest !== 0; rest &= rest - 1) count++;
  return count;
}
