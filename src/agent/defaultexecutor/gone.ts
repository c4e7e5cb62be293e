/** The executor of a task has ended, or is about to: nothing is started below it. */
export class ExecutorGoneError extends Error {
  override readonly name = "ExecutorGoneError";

  constructor(message = "The executor of the task has ended") {
    super(message);
  }
}
