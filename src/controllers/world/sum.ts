import type { Stepwise } from "../../allocator/index.ts";
import { Resources } from "../../resources/index.ts";

/** Objects between two turns of others. */
const STRIDE = 64;

/** What all of them have together. */
export function* sumOf<T>(objects: readonly T[], resourcesOf: (object: T) => Resources): Stepwise<Resources> {
  let sum = Resources.empty;
  for (let at = 0; at < objects.length; at += STRIDE) {
    sum = Resources.sum([sum, ...objects.slice(at, at + STRIDE).map(resourcesOf)]);
    yield;
  }
  return sum;
}
