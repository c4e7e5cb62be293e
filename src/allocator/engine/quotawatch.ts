/**
 * Whether what quotas hold back may be less than at the end of the last round: headroom has grown, or a role with a quota consumes
 * less. Within a round neither happens: an offer takes from what is free at least what it takes from the headroom that is required.
 */
import type { Books } from "./books.ts";

export class QuotaWatch {
  readonly #books: Books;
  #surplus: Float64Array = new Float64Array(0);
  #consumed: Float64Array = new Float64Array(0);

  constructor(books: Books) {
    this.#books = books;
  }

  /** As things are at the end of a round. */
  remember(): void {
    if (!this.#books.headroom.hasQuotas) return;
    this.#surplus = this.#surplusNow();
    this.#consumed = this.#consumedNow();
  }

  #surplusNow(): Float64Array {
    const surplus = new Float64Array(this.#books.space.size);
    this.#books.headroom.surplus(surplus);
    return surplus;
  }

  #consumedNow(): Float64Array {
    const { headroom, space } = this.#books;
    const consumed = new Float64Array(headroom.quotas.length * space.size);
    headroom.quotas.forEach(({ index }, i) => {
      for (let slot = 0; slot < space.size; slot++)
        consumed[i * space.size + slot] = headroom.consumed.get(index, slot);
    });
    return consumed;
  }

  haveGivenWay(): boolean {
    if (!this.#books.headroom.hasQuotas) return false;
    const [surplus, consumed] = [this.#surplusNow(), this.#consumedNow()];
    if (surplus.length !== this.#surplus.length || consumed.length !== this.#consumed.length) return true;
    for (let i = 0; i < surplus.length; i++) {
      if ((surplus[i] ?? 0) > (this.#surplus[i] ?? 0)) return true;
    }
    for (let i = 0; i < consumed.length; i++) {
      if ((consumed[i] ?? 0) < (this.#consumed[i] ?? 0)) return true;
    }
    return false;
  }
}
