import { CliError } from "./context.ts";

/** What a command is about: a task, or an executor. */
export interface Target {
  readonly kind: "task" | "executor";
  readonly name: string;
}

const KINDS: Readonly<Record<string, Target["kind"]>> = {
  task: "task",
  tasks: "task",
  mtask: "task",
  executor: "executor",
  executors: "executor",
  mexec: "executor",
};

/** `NAME` and `task/NAME` are a task, `executor/NAME` an executor, as kubectl writes it. Throws CliError. */
export function parseTarget(text: string): Target {
  const slash = text.indexOf("/");
  if (slash < 0) return { kind: "task", name: text };
  const [word, name] = [text.slice(0, slash), text.slice(slash + 1)];
  const kind = KINDS[word];
  if (kind === undefined) throw new CliError(`"${word}" is neither task nor executor`);
  if (name === "") throw new CliError(`"${text}" names no ${kind}`);
  return { kind, name };
}
