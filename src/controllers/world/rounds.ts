/**
 * The allocation under way. What it has decided and not yet written is in no cache and in no assumption, so who must act on all
 * offers waits for its end first.
 */
export class Rounds {
  #current: Promise<unknown> = Promise.resolve();

  during<T>(round: Promise<T>): Promise<T> {
    this.#current = round.catch(() => {});
    return round;
  }

  /** Once the round that is under way now has ended, however it ends. */
  async ended(): Promise<void> {
    await this.#current;
  }
}
