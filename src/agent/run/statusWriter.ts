import type { Logger } from "pino";
import type { Task } from "../../api/task.ts";
import { hasBegun, hasEnded } from "../../api/taskstate.ts";
import { Backoff } from "../../cluster/backoff.ts";
import { isConflict, isInvalid, isNotFound } from "../../cluster/errors.ts";
import { keyOf, type Live } from "../../cluster/object.ts";
import type { Resource } from "../../cluster/resource.ts";
import type { Reader } from "../../cluster/store.ts";
import { type Clock, sleep } from "../../cluster/time.ts";
import type { TaskRecord } from "../checkpoint/record.ts";
import { publication } from "../lifecycle/publication.ts";

export interface StatusWriterOptions {
  readonly tasks: Pick<Resource<Task>, "get" | "mergePatch">;
  readonly store: Pick<Reader<Task>, "get">;
  readonly clock: Clock;
  readonly log: Logger;
}

/** `gone`: the API has no such task, or has ended it itself. */
export type Written =
  | { readonly kind: "written"; readonly uuids: ReadonlySet<string> }
  | { readonly kind: "gone" };

/**
 * What a claim came to. `refused`: it has ended or is gone. `begun`: the API says that it was started before, and not by this claim.
 * `killed`: it is to be killed, and was not started.
 */
export type Claim = "claimed" | "refused" | "begun" | "killed";

type Decide<T> = (
  task: Live<Task> | undefined,
) => { readonly answer: T } | { readonly patch: object; readonly result: T };

/**
 * Brings a task's status to the API: each write is conditional on the version that the decision was made from; a conflict
 * means to read and decide again, an API server that is away to wait for it, for as long as it takes.
 */
export class StatusWriter {
  readonly #options: StatusWriterOptions;

  constructor(options: StatusWriterOptions) {
    this.#options = options;
  }

  /** Writes TASK_STARTING, so that from then on nobody but this agent decides about the task. */
  claim(record: TaskRecord, signal: AbortSignal): Promise<Claim> {
    const [starting] = record.pending;
    return this.#write<Claim>(record, signal, (task) => {
      if (task === undefined || hasEnded(task.status)) return { answer: "refused" };
      if (task.status?.updates?.some(({ uuid }) => uuid === starting?.uuid)) return { answer: "claimed" };
      if (hasBegun(task.status)) return { answer: "begun" };
      if (task.spec.kill !== undefined || task.metadata.deletionTimestamp !== undefined)
        return { answer: "killed" };
      const made = publication(record, task);
      return made.kind === "write" ? { patch: made.patch, result: "claimed" } : { answer: "refused" };
    });
  }

  /** Writes the record's pending updates. */
  publish(record: TaskRecord, signal: AbortSignal): Promise<Written> {
    return this.#write<Written>(record, signal, (task) => {
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

  async #write<T>(record: TaskRecord, signal: AbortSignal, decide: Decide<T>): Promise<T> {
    const { tasks, store, clock, log } = this.#options;
    const ref = { namespace: record.namespace, name: record.name };
    const backoff = new Backoff({ base: 200, max: 30_000, jitter: 0.2 });
    let task = sameTask(record, store.get(keyOf(ref)));
    let read = task !== undefined;
    for (;;) {
      signal.throwIfAborted();
      try {
        if (!read) task = sameTask(record, await tasks.get(ref, { signal }).catch(undefinedIfGone));
        read = true;
        const decision = decide(task);
        if ("answer" in decision) return decision.answer;
        await tasks.mergePatch(ref, decision.patch, { subresource: "status", signal });
        return decision.result;
      } catch (err) {
        signal.throwIfAborted();
        read = false;
        // A write that may or may not have gone through, a conflict, a task that ended meanwhile: the next read tells.
        if (isConflict(err) || isNotFound(err)) continue;
        const delay = backoff.next();
        const level = isInvalid(err) && backoff.failures > 1 ? "error" : "warn";
        log[level]({ err, task: keyOf(ref) }, "the status of a task is not written yet");
        await sleep(clock, delay, signal);
      }
    }
  }
}

function sameTask(record: TaskRecord, task: Live<Task> | undefined): Live<Task> | undefined {
  return task?.metadata.uid === record.uid ? task : undefined;
}

function undefinedIfGone(error: unknown): undefined {
  if (isNotFound(error)) return undefined;
  throw error;
}
