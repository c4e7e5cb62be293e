import type { Task } from "../../api/task.ts";
import { hasBegun, hasEnded } from "../../api/taskstate.ts";
import type { TaskRecord } from "../checkpoint/record.ts";
import { publication } from "../lifecycle/publication.ts";
import { type WriteOptions, writeStatus } from "./conditionalWrite.ts";

/** `gone`: the API has no such task, or has ended it itself. */
export type Written =
  | { readonly kind: "written"; readonly uuids: ReadonlySet<string> }
  | { readonly kind: "gone" };

/**
 * What a claim came to. `refused`: it has ended or is gone. `begun`: the API says that it was started before, and not by this claim.
 * `killed`: it is to be killed, and was not started.
 */
export type Claim = "claimed" | "refused" | "begun" | "killed";

/** Brings what is said of a record to the API. */
export interface StatusWriter {
  /** Writes that it has begun, so that from then on nobody but this agent decides about it. */
  claim(record: TaskRecord, signal: AbortSignal): Promise<Claim>;
  /** Writes the record's pending updates. */
  publish(record: TaskRecord, signal: AbortSignal): Promise<Written>;
}

/** Of tasks: their beginning is TASK_STARTING. */
export class TaskStatusWriter implements StatusWriter {
  readonly #options: WriteOptions<Task>;

  constructor(options: WriteOptions<Task>) {
    this.#options = options;
  }

  claim(record: TaskRecord, signal: AbortSignal): Promise<Claim> {
    const [starting] = record.pending;
    return writeStatus<Task, Claim>(this.#options, record, signal, (task) => {
      if (task === undefined || hasEnded(task.status)) return { answer: "refused" };
      if (task.status?.updates?.some(({ uuid }) => uuid === starting?.uuid)) return { answer: "claimed" };
      if (hasBegun(task.status)) return { answer: "begun" };
      if (task.spec.kill !== undefined || task.metadata.deletionTimestamp !== undefined)
        return { answer: "killed" };
      const made = publication(record, task);
      return made.kind === "write" ? { patch: made.patch, result: "claimed" } : { answer: "refused" };
    });
  }

  publish(record: TaskRecord, signal: AbortSignal): Promise<Written> {
    return writeStatus<Task, Written>(this.#options, record, signal, (task) => {
      if (task === undefined) return { answer: { kind: "gone" } };
      const made = publication(record, task);
      switch (made.kind) {
        case "overruled":
          return { answer: { kind: "gone" } };
        case "known":
          return { answer: { kind: "written", uuids: made.uuids } };
        case "write":
          return { patch: made.patch, result: { kind: "written", uuids: made.uuids } };
      }
    });
  }
}
