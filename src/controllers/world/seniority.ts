import type { KubeObject, Live } from "../../cluster/object.ts";

/** Oldest first; of one second, by name. The older of two objects that contradict each other counts. */
export function bySeniority(a: Live<KubeObject>, b: Live<KubeObject>): number {
  const [left, right] = [a.metadata, b.metadata];
  if (left.creationTimestamp !== right.creationTimestamp)
    return left.creationTimestamp < right.creationTimestamp ? -1 : 1;
  return left.name < right.name ? -1 : 1;
}

export function eldest<T extends KubeObject>(objects: readonly Live<T>[]): Live<T> | undefined {
  return objects.length < 2 ? objects[0] : [...objects].sort(bySeniority)[0];
}
