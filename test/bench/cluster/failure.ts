/** What the person who started the benchmark can do something about: its message is all that is shown. */
export class BenchError extends Error {
  override readonly name = "BenchError";
}
