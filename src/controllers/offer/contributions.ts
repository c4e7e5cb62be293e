import { z } from "zod";
import { GROUP } from "../../api/group.ts";
import { resources as resourcesSchema } from "../../api/resource.ts";
import type { KubeObject } from "../../cluster/object.ts";
import { fromSpec, type Resources, toSpec } from "../../resources/index.ts";

/** Annotation of a Reservation: what the last operations of offers have changed in it, so that none is done twice. */
export const OPERATIONS_ANNOTATION = `${GROUP}/operations`;

/** Operations that are remembered; an answer has at most 32. */
const REMEMBERED = 64;

const record = z.array(z.object({ operation: z.string(), resources: resourcesSchema }));

/** Names an operation: its Offer's uid and its index. */
export const operationKey = (offerUid: string, index: number): string => `${offerUid}/${index}`;

/** What the operation took from or gave to this Reservation; undefined if it has not touched it. */
export function contribution(object: KubeObject, operation: string): Resources | undefined {
  const found = read(object).find((entry) => entry.operation === operation);
  return found && fromSpec(found.resources);
}

/** The annotation with more operations, by their keys; the oldest are left out. */
export function withContributions(
  object: KubeObject,
  more: ReadonlyMap<string, Resources>,
): Record<string, string> {
  const added = Array.from(more, ([operation, resources]) => ({ operation, resources: toSpec(resources) }));
  return { [OPERATIONS_ANNOTATION]: JSON.stringify([...read(object), ...added].slice(-REMEMBERED)) };
}

export const withContribution = (object: KubeObject, operation: string, resources: Resources) =>
  withContributions(object, new Map([[operation, resources]]));

/** What is no record, say written by a person, counts as none. */
function read({ metadata }: KubeObject): z.infer<typeof record> {
  try {
    return record.parse(JSON.parse(metadata?.annotations?.[OPERATIONS_ANNOTATION] ?? "[]"));
  } catch {
    return [];
  }
}
