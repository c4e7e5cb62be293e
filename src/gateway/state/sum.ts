import { coalesce, makeResource, type RangeSpec, type Resource, Resources } from "../../resources/index.ts";

/** Of many: ranges are joined once, where a sum of two at a time would do it for each. */
export function sumOf(lists: Iterable<Iterable<Resource>>): Resources {
  const same = new Map<string, Resource[]>();
  for (const list of lists) {
    for (const resource of list) {
      const others = same.get(resource.identity);
      if (others === undefined) same.set(resource.identity, [resource]);
      else others.push(resource);
    }
  }
  return Resources.of([...same.values()].flatMap(joined));
}

function joined(same: readonly Resource[]): Resource[] {
  const [first] = same;
  if (first === undefined || first.indivisible || first.shared) return [...same];
  if (first.value.kind === "scalar") {
    const milli = same.reduce((sum, { value }) => sum + (value.kind === "scalar" ? value.milli : 0), 0);
    return [makeResource({ ...first, value: { kind: "scalar", milli } })];
  }
  if (first.value.kind === "set") return [...same];
  const ranges = same.flatMap(({ value }): readonly RangeSpec[] =>
    value.kind === "ranges" ? value.ranges : [],
  );
  return [makeResource({ ...first, value: { kind: "ranges", ranges: coalesce(ranges) } })];
}
