/** Lets through no more than so many at a time. */
export class Gate {
  readonly #most: number;
  readonly #waiting: (() => void)[] = [];
  #inside = 0;

  constructor(most: number) {
    this.#most = most;
  }

  /** Resolves when there is room for `count` more, which are in then; one too large goes alone. */
  async enter(count = 1): Promise<void> {
    while (this.#inside > 0 && this.#inside + count > this.#most) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    this.#inside += count;
  }

  leave(count = 1): void {
    this.#inside -= count;
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}
