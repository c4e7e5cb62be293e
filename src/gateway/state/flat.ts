import { coalesce, formatValue, type RangeSpec, type Resource } from "../../resources/index.ts";

/**
 * Resources as the v0 paths tell them: an object of totals by name, whatever they are reserved for (src/common/http.cpp, json of a
 * list of Resource). mem and disk are in MiB; ranges and sets are text.
 */
export class Flat {
  readonly #milli = new Map([
    ["cpus", 0],
    ["gpus", 0],
    ["mem", 0],
    ["disk", 0],
  ]);
  readonly #ranges = new Map<string, RangeSpec[]>();
  readonly #items = new Map<string, Set<string>>();

  static of(resources: Iterable<Resource>): Flat {
    return Flat.sum([resources]);
  }

  static sum(lists: Iterable<Iterable<Resource>>): Flat {
    const flat = new Flat();
    for (const list of lists) flat.add(list);
    return flat;
  }

  add(resources: Iterable<Resource>): void {
    for (const { name, value, revocable } of resources) {
      const key = revocable ? `${name}_revocable` : name;
      if (value.kind === "scalar") this.#milli.set(key, (this.#milli.get(key) ?? 0) + value.milli);
      else if (value.kind === "ranges") put(this.#ranges, key, [], (all) => all.push(...value.ranges));
      else {
        put(this.#items, key, new Set(), (all) => {
          for (const item of value.items) all.add(item);
        });
      }
    }
  }

  toJSON(): Record<string, number | string> {
    const json: Record<string, number | string> = {};
    for (const [name, milli] of this.#milli) json[name] = milli / 1000;
    for (const [name, ranges] of this.#ranges) {
      json[name] = formatValue({ kind: "ranges", ranges: coalesce(ranges) });
    }
    for (const [name, items] of this.#items) {
      json[name] = formatValue({ kind: "set", items: [...items].sort() });
    }
    return json;
  }
}

function put<T>(map: Map<string, T>, key: string, empty: T, add: (value: T) => void): void {
  const value = map.get(key) ?? empty;
  add(value);
  map.set(key, value);
}
