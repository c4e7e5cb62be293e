import type { Source } from "../cluster/controller.ts";

/**
 * The keys of a source, each so many milliseconds later, however often it came meanwhile: for sums over many objects, which would
 * be worked out anew for each of them.
 */
export const delayed = (source: Source, after: number): Source => ({
  synced: source.synced,
  start: (enqueue, breath) => source.start((key, options) => enqueue(key, { ...options, after }), breath),
});
