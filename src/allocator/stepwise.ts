/** Work that can be interrupted: it yields wherever others may have their turn, and what it works on must not change meanwhile. */
export type Stepwise<T> = Generator<void, T, void>;

/** The same work at one go. */
export function atOnce<T>(work: Stepwise<T>): T {
  for (;;) {
    const { done, value } = work.next();
    if (done) return value;
  }
}
