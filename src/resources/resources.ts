/**
 * An immutable collection of resources with Mesos's algebra (src/common/resources.cpp). Name, kind,
 * reservations, disk, revocable and shared make a resource's identity; only equal identities add up.
 */
import { type Limits, Quantities } from "./quantities.ts";
import {
  addValues,
  cutValue,
  isEmptyValue,
  isPersistentVolume,
  makeResource,
  measure,
  type Resource,
  reservationRole,
  subtractValues,
  valueContains,
  valuesEqual,
  withValue,
} from "./resource.ts";
import { isStrictSubroleOf } from "./role.ts";
import type { ReservationSpec } from "./spec.ts";

/** `count` is how many times an indivisible resource is there (copies of a shared volume); else 1. */
interface Entry {
  readonly resource: Resource;
  readonly count: number;
}

export class Resources implements Iterable<Resource> {
  static readonly empty = new Resources(new Map());
  readonly #entries: ReadonlyMap<string, Entry>;
  #scalars: Quantities | undefined;

  private constructor(entries: ReadonlyMap<string, Entry>) {
    this.#entries = entries;
  }

  /** Empty resources are left out; equal identities add up. */
  static of(resources: Iterable<Resource>): Resources {
    const entries = new Map<string, Entry>();
    for (const resource of resources) put(entries, { resource, count: 1 });
    return Resources.#from(entries);
  }

  static #from(entries: ReadonlyMap<string, Entry>): Resources {
    return entries.size === 0 ? Resources.empty : new Resources(entries);
  }

  static sum(all: Iterable<Resources>): Resources {
    const [only = Resources.empty, ...others] = Array.from(all).filter((one) => !one.isEmpty);
    if (others.length === 0) return only;
    const entries = new Map(only.#entries);
    for (const one of others) for (const entry of one.#entries.values()) put(entries, entry);
    return new Resources(entries);
  }

  get isEmpty(): boolean {
    return this.#entries.size === 0;
  }

  /** Sorted by identity, so by name first; an indivisible resource as often as it is there, a shared one once. */
  *[Symbol.iterator](): Iterator<Resource> {
    for (const [, { resource, count }] of [...this.#entries].sort(([a], [b]) => (a < b ? -1 : 1))) {
      const times = resource.shared ? 1 : count;
      for (let i = 0; i < times; i++) yield resource;
    }
  }

  add(other: Resources): Resources {
    if (other.isEmpty) return this;
    if (this.isEmpty) return other;
    const entries = new Map(this.#entries);
    for (const entry of other.#entries.values()) put(entries, entry);
    return new Resources(entries);
  }

  /** What is not there is not taken: no amount falls below zero. */
  subtract(other: Resources): Resources {
    if (other.isEmpty || this.isEmpty) return this;
    const entries = new Map(this.#entries);
    for (const [identity, entry] of other.#entries) take(entries, identity, entry);
    return Resources.#from(entries);
  }

  contains(other: Resources): boolean {
    if (this === other) return true;
    for (const [identity, { resource, count }] of other.#entries) {
      const mine = this.#entries.get(identity);
      if (mine === undefined) return false;
      const enough = resource.indivisible
        ? mine.count >= count
        : valueContains(mine.resource.value, resource.value);
      if (!enough) return false;
    }
    return true;
  }

  equals(other: Resources): boolean {
    if (this === other) return true;
    if (this.#entries.size !== other.#entries.size) return false;
    for (const [identity, { resource, count }] of other.#entries) {
      const mine = this.#entries.get(identity);
      if (mine === undefined || mine.count !== count) return false;
      if (!valuesEqual(mine.resource.value, resource.value)) return false;
    }
    return true;
  }

  /** How many copies of an indivisible (say, shared) resource are in here; 1 or 0 for others. */
  countOf(resource: Resource): number {
    return this.#entries.get(resource.identity)?.count ?? 0;
  }

  filter(keep: (resource: Resource) => boolean): Resources {
    const kept = [...this.#entries].filter(([, { resource }]) => keep(resource));
    return kept.length === this.#entries.size ? this : Resources.#from(new Map(kept));
  }

  #map(change: (resource: Resource) => Resource): Resources {
    const entries = new Map<string, Entry>();
    for (const { resource, count } of this.#entries.values())
      put(entries, { resource: change(resource), count });
    return Resources.#from(entries);
  }

  get(name: string): Resources {
    return this.filter((r) => r.name === name);
  }

  names(): string[] {
    return [...new Set(Array.from(this, (r) => r.name))];
  }

  scalars(): Resources {
    return this.filter((r) => r.value.kind === "scalar");
  }

  nonScalars(): Resources {
    return this.filter((r) => r.value.kind !== "scalar");
  }

  unreserved(): Resources {
    return this.filter((r) => r.reservations.length === 0);
  }

  /** All that is reserved, or what is reserved (innermost) to exactly this role. */
  reserved(role?: string): Resources {
    return this.filter((r) => (role === undefined ? r.reservations.length > 0 : reservationRole(r) === role));
  }

  /** Unreserved, reserved to the role, or to one of its ancestors (Mesos: isAllocatableTo). */
  allocatableTo(role: string): Resources {
    return this.filter((r) => {
      const reservedTo = reservationRole(r);
      return reservedTo === undefined || reservedTo === role || isStrictSubroleOf(role, reservedTo);
    });
  }

  revocable(): Resources {
    return this.filter((r) => r.revocable);
  }

  nonRevocable(): Resources {
    return this.filter((r) => !r.revocable);
  }

  shared(): Resources {
    return this.filter((r) => r.shared);
  }

  nonShared(): Resources {
    return this.filter((r) => !r.shared);
  }

  persistentVolumes(): Resources {
    return this.filter(isPersistentVolume);
  }

  toUnreserved(): Resources {
    return this.#map((r) => (r.reservations.length === 0 ? r : makeResource({ ...r, reservations: [] })));
  }

  /** The caller checks that the reservation refines what is there (see operations.ts). */
  pushReservation(reservation: ReservationSpec): Resources {
    return this.#map((r) => makeResource({ ...r, reservations: [...r.reservations, reservation] }));
  }

  /** Takes the innermost reservation off; what is unreserved stays so. */
  popReservation(): Resources {
    return this.#map((r) => makeResource({ ...r, reservations: r.reservations.slice(0, -1) }));
  }

  /** Sums of the scalars by name; a shared volume counts once however many copies there are. */
  scalarQuantities(): Quantities {
    this.#scalars ??= Quantities.of(
      [...this.#entries.values()].flatMap(({ resource: { name, value, shared }, count }) =>
        value.kind === "scalar" ? [[name, value.milli * (shared ? 1 : count)] as const] : [],
      ),
    );
    return this.#scalars;
  }

  containsQuantities(quantities: Quantities): boolean {
    return this.scalarQuantities().contains(quantities);
  }

  /** As scalarQuantities, with ranges and sets too: 1000 for each number or item (two ports are `ports:2`). */
  quantities(): Quantities {
    return Quantities.of(
      Array.from(this.#entries.values(), ({ resource: { name, value, shared }, count }) => [
        name,
        measure(value) * (shared ? 1 : count),
      ]),
    );
  }

  /** At most `target` of each name, nothing of names that `target` lacks (Mesos: shrinkResources). */
  shrinkTo(target: Quantities): Resources {
    return this.#shrink((name) => target.get(name));
  }

  /** At most the limit of each name; names without a limit stay whole. */
  shrinkWithin(limits: Limits): Resources {
    return limits.isEmpty ? this : this.#shrink((name) => limits.get(name));
  }

  /** What is indivisible is kept whole or dropped; ranges and sets are counted as `quantities` counts them. */
  #shrink(target: (name: string) => number): Resources {
    const left = new Map<string, number>();
    const kept: Resource[] = [];
    for (const resource of this) {
      const { name, value } = resource;
      const room = left.get(name) ?? target(name);
      const cut = cutValue(value, room);
      if (cut !== value && resource.indivisible) continue;
      left.set(name, room - measure(cut));
      kept.push(cut === value ? resource : withValue(resource, cut));
    }
    return Resources.of(kept);
  }

  /**
   * Resources of the same amounts as `target`, taken from here whatever they are reserved to: first from the target's own role,
   * then unreserved, then any. Undefined if there is not enough (Mesos: Resources::find).
   */
  find(target: Resources): Resources | undefined {
    let rest: Resources = this;
    let found = Resources.empty;
    for (const wanted of target) {
      const one = findOne(rest, wanted);
      if (one === undefined) return undefined;
      rest = rest.subtract(one);
      found = found.add(one);
    }
    return found;
  }
}

function findOne(total: Resources, wanted: Resource): Resources | undefined {
  const role = reservationRole(wanted);
  let remaining = Resources.of([wanted]).toUnreserved();
  let found = Resources.empty;
  const candidates = [...total];
  const ordered = [
    ...candidates.filter((r) => role !== undefined && reservationRole(r) === role),
    ...candidates.filter((r) => reservationRole(r) === undefined),
    ...candidates.filter((r) => reservationRole(r) !== undefined && reservationRole(r) !== role),
  ];
  for (const candidate of ordered) {
    const plain = Resources.of([candidate]).toUnreserved();
    if (plain.contains(remaining)) {
      const part = [...remaining].map((r) => makeResource({ ...r, reservations: candidate.reservations }));
      return found.add(Resources.of(part));
    }
    if (remaining.contains(plain)) {
      found = found.add(Resources.of([candidate]));
      remaining = remaining.subtract(plain);
    }
  }
  return undefined;
}

function put(entries: Map<string, Entry>, { resource, count }: Entry): void {
  if (isEmptyValue(resource.value)) return;
  const { identity } = resource;
  const old = entries.get(identity);
  if (old === undefined) entries.set(identity, { resource, count });
  else if (resource.indivisible) entries.set(identity, { resource: old.resource, count: old.count + count });
  else
    entries.set(identity, {
      resource: withValue(old.resource, addValues(old.resource.value, resource.value)),
      count: 1,
    });
}

function take(entries: Map<string, Entry>, identity: string, { resource, count }: Entry): void {
  const old = entries.get(identity);
  if (old === undefined) return;
  if (resource.indivisible) {
    if (old.count > count) entries.set(identity, { resource: old.resource, count: old.count - count });
    else entries.delete(identity);
    return;
  }
  const value = subtractValues(old.resource.value, resource.value);
  if (isEmptyValue(value)) entries.delete(identity);
  else entries.set(identity, { resource: withValue(old.resource, value), count: 1 });
}
