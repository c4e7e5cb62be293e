/** Whether two states of a framework are open to the same offers, their counts apart. */
import type { FrameworkState } from "../world.ts";

export function sameOpenness(a: FrameworkState, b: FrameworkState): boolean {
  return (
    a.active === b.active &&
    a.constraints === b.constraints &&
    sameSet(new Set(a.roles), new Set(b.roles)) &&
    sameSet(a.suppressedRoles, b.suppressedRoles) &&
    sameSet(a.capabilities, b.capabilities) &&
    sameSet(a.tolerated, b.tolerated) &&
    sameMinima(a, b)
  );
}

function sameSet(a: ReadonlySet<string> = new Set(), b: ReadonlySet<string> = new Set()): boolean {
  return a === b || (a.size === b.size && [...a].every((word) => b.has(word)));
}

function sameMinima(a: FrameworkState, b: FrameworkState): boolean {
  if (a.minAllocatable === b.minAllocatable) return true;
  const [left, right] = [a.minAllocatable ?? new Map(), b.minAllocatable ?? new Map()];
  if (left.size !== right.size) return false;
  for (const [role, minima] of left) if (String(minima) !== String(right.get(role))) return false;
  return true;
}
