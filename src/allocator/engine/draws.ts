/** Draws without putting back, for the random sorter and the shuffling of agents: as many as are asked for, none in advance. */

/** Fisher and Yates, one step: puts one of those from `from` on, at random, to `from` and answers with it. */
export function drawNext(items: Int32Array, from: number, count: number, random: () => number): number {
  // So that a `random` just below 1 keeps the order.
  const at = count - 1 - Math.floor(random() * (count - from));
  const drawn = items[at] ?? 0;
  items[at] = items[from] ?? 0;
  items[from] = drawn;
  return drawn;
}

/** Draws numbers by their weights; each is drawn once until `reset`. Sums in a tree: a draw costs a logarithm. */
export class WeightedDraw {
  readonly #sums: Float64Array;
  readonly #leaves: number;
  readonly #weights: readonly number[];
  readonly #drawn: number[] = [];

  constructor(weights: readonly number[]) {
    this.#weights = weights;
    this.#leaves = 2 ** Math.ceil(Math.log2(Math.max(1, weights.length)));
    this.#sums = new Float64Array(2 * this.#leaves);
    this.#sums.set(weights, this.#leaves);
    for (let i = this.#leaves - 1; i > 0; i--) this.#sum(i);
  }

  #sum(i: number): void {
    this.#sums[i] = (this.#sums[2 * i] ?? 0) + (this.#sums[2 * i + 1] ?? 0);
  }

  /** Undefined once all are drawn. */
  next(random: () => number): number | undefined {
    if (this.#drawn.length === this.#weights.length) return undefined;
    let rest = random() * (this.#sums[1] ?? 0);
    let i = 1;
    while (i < this.#leaves) {
      const left = this.#sums[2 * i] ?? 0;
      const right = this.#sums[2 * i + 1] ?? 0;
      if (rest < left || right === 0) i = 2 * i;
      else {
        rest -= left;
        i = 2 * i + 1;
      }
    }
    const drawn = i - this.#leaves;
    this.#drawn.push(drawn);
    this.#set(drawn, 0);
    return drawn;
  }

  reset(): void {
    for (const drawn of this.#drawn) this.#set(drawn, this.#weights[drawn] ?? 0);
    this.#drawn.length = 0;
  }

  #set(item: number, weight: number): void {
    let i = this.#leaves + item;
    this.#sums[i] = weight;
    for (i >>>= 1; i > 0; i >>>= 1) this.#sum(i);
  }
}
