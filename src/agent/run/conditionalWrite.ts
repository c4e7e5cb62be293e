import type { Logger } from "pino";
import { Backoff } from "../../cluster/backoff.ts";
import { isConflict, isInvalid, isNotFound } from "../../cluster/errors.ts";
import { merged } from "../../cluster/mergepatch.ts";
import { type KubeObject, keyOf, type Live } from "../../cluster/object.ts";
import type { Resource } from "../../cluster/resource.ts";
import type { Reader } from "../../cluster/store.ts";
import { type Clock, sleep } from "../../cluster/time.ts";
import type { TaskRecord } from "../checkpoint/record.ts";

export interface WriteOptions<Kind extends KubeObject> {
  readonly objects: Pick<Resource<Kind>, "get" | "updateStatus">;
  readonly store: Pick<Reader<Kind>, "get">;
  readonly clock: Clock;
  readonly log: Logger;
}

type Identity = Pick<TaskRecord, "namespace" | "name" | "uid">;

/** What to write of an object as it is, undefined if it is gone: an answer without a write, or a patch and what it comes to. */
export type Decide<Kind extends KubeObject, T> = (
  object: Live<Kind> | undefined,
) => { readonly answer: T } | { readonly patch: object; readonly result: T };

/**
 * Brings the status of a record's object to the API: each write is conditional on the version that the decision was made from; a
 * conflict means to read and decide again, an API server that is away to wait for it, for as long as it takes.
 */
export async function writeStatus<Kind extends KubeObject, T>(
  { objects, store, clock, log }: WriteOptions<Kind>,
  record: Identity,
  signal: AbortSignal,
  decide: Decide<Kind, T>,
): Promise<T> {
  const ref = { namespace: record.namespace, name: record.name };
  const backoff = new Backoff({ base: 200, max: 30_000, jitter: 0.2 });
  let object = same(record, store.get(keyOf(ref)));
  let read = object !== undefined;
  for (;;) {
    signal.throwIfAborted();
    try {
      if (!read) object = same(record, await objects.get(ref, { signal }).catch(undefinedIfGone));
      read = true;
      const decision = decide(object);
      if ("answer" in decision) return decision.answer;
      // Written as a whole: the API server need not put a patch and what it has together. Conditional on the version all the same.
      await objects.updateStatus(merged(object, decision.patch) as Live<Kind>, { signal });
      return decision.result;
    } catch (err) {
      signal.throwIfAborted();
      read = false;
      // A write that may or may not have gone through, a conflict, an object that ended meanwhile: the next read tells.
      if (isConflict(err) || isNotFound(err)) continue;
      const delay = backoff.next();
      const level = isInvalid(err) && backoff.failures > 1 ? "error" : "warn";
      log[level]({ err, task: keyOf(ref) }, "a status is not written yet");
      await sleep(clock, delay, signal);
    }
  }
}

function same<Kind extends KubeObject>(
  record: Identity,
  object: Live<Kind> | undefined,
): Live<Kind> | undefined {
  return object?.metadata.uid === record.uid ? object : undefined;
}

function undefinedIfGone(error: unknown): undefined {
  if (isNotFound(error)) return undefined;
  throw error;
}
