import { describe, expect, it } from "vitest";
import type { Operation } from "../../api/offer.ts";
import type { Reservation } from "../../api/reservation.ts";
import type { Live } from "../../cluster/object.ts";
import { parseResources, type ResourceSpec, Resources } from "../../resources/index.ts";
import { list, reservation } from "../objects.fixture.ts";
import { reservedForm } from "../world/reservedform.ts";
import { decideReserve, type ReservationChange } from "./reserve.ts";
import { situationOf } from "./situation.fixture.ts";
import { begin } from "./situation.ts";

const reservations = [{ type: "DYNAMIC" as const, role: "eng" }];
const disk = (scalar: number, more: Partial<ResourceSpec> = {}): ResourceSpec => ({
  name: "disk",
  scalar,
  reservations,
  ...more,
});
const volume = (scalar: number, more: Partial<ResourceSpec> = {}) =>
  disk(scalar, {
    disk: { persistence: { id: "v" }, volume: { containerPath: "data", mode: "RW" } },
    ...more,
  });
const grow = (size: number, addition: ResourceSpec): Operation => ({
  type: "GROW_VOLUME",
  growVolume: { volume: volume(size), addition },
});
const shrink = (
  size: number,
  subtract: NonNullable<Operation["shrinkVolume"]>["subtract"],
  more = {},
): Operation => ({
  type: "SHRINK_VOLUME",
  shrinkVolume: { volume: volume(size, more), subtract },
});

/** 100 MiB of reserved disk; 40 of them, or what is said, are the volume. */
const holder = (size = 40, more = {}) =>
  reservation("holder", {
    resources: list("disk:100"),
    volumes: [{ id: "v", scalar: size, containerPath: "data", mode: "RW", uid: "first", ...more }],
  });
const other = (name: string, amount: number, created: string) =>
  reservation(name, { resources: list(`disk:${amount}`) }, undefined, { creationTimestamp: created });

const formsOf = (objects: readonly Live<Reservation>[]) =>
  Resources.sum(
    objects.map((one) => {
      const form = reservedForm(one);
      if ("invalid" in form) throw new Error(form.invalid);
      return form.reserved;
    }),
  );
const decide = (objects: readonly Live<Reservation>[], operation: Operation, offered = formsOf(objects)) => {
  const situation = situationOf(offered.add(parseResources("cpus:1;disk:500")), { reservations: objects });
  return decideReserve(situation, begin(situation), 0, operation);
};
const changes = (...asked: Parameters<typeof decide>) => {
  const decision = decide(...asked);
  if (!decision.ok) throw new Error(decision.message);
  return decision.changes;
};
/** The objects as the API server has them after a change. */
const applied = (objects: readonly Live<Reservation>[], change: ReservationChange | undefined) =>
  objects.flatMap((one): Live<Reservation>[] => {
    if (change === undefined || change.object.metadata.name !== one.metadata.name) return [one];
    if (change.kind !== "patch") return [];
    const annotations = { ...one.metadata.annotations, ...change.annotations };
    return [{ ...one, metadata: { ...one.metadata, annotations }, spec: { ...one.spec, ...change.spec } }];
  });

describe("GROW_VOLUME", () => {
  it("changes the size in the volume's Reservation, which stays the volume that it was", () => {
    const objects = [holder()];
    const [change, ...more] = changes(objects, grow(40, disk(25)));
    expect(more).toEqual([]);
    const grown = applied(objects, change);
    expect(grown[0]?.spec).toMatchObject({
      resources: list("disk:100"),
      volumes: [{ id: "v", scalar: 65, containerPath: "data", mode: "RW", uid: "first" }],
    });
    expect(changes(grown, grow(40, disk(25)), formsOf(objects))).toEqual([]);
  });

  it("takes what its Reservation lacks from others, the newest first", () => {
    const objects = [
      other("old", 50, "2026-01-02T00:00:00Z"),
      holder(90),
      other("new", 20, "2026-02-01T00:00:00Z"),
    ];
    const all = changes(objects, grow(90, disk(45)));
    expect(all).toMatchObject([
      {
        kind: "patch",
        object: { metadata: { name: "holder" } },
        spec: { resources: list("disk:135"), volumes: [{ scalar: 135 }] },
      },
      { kind: "delete", object: { metadata: { name: "new" } } },
      { kind: "patch", object: { metadata: { name: "old" } }, spec: { resources: list("disk:35") } },
    ]);
  });

  it("goes on where it stopped, and takes nothing twice", () => {
    const objects = [
      holder(90),
      other("old", 50, "2026-01-02T00:00:00Z"),
      other("new", 20, "2026-02-01T00:00:00Z"),
    ];
    const offered = formsOf(objects);
    const operation = grow(90, disk(45));
    const [first, second, third] = changes(objects, operation, offered);
    const one = applied(objects, first);
    expect(changes(one, operation, offered)).toEqual([
      expect.objectContaining({ kind: "patch", spec: { resources: list("disk:35") } }),
      expect.objectContaining({ kind: "delete" }),
    ]);
    const two = applied(one, second);
    expect(changes(two, operation, offered)).toMatchObject([{ spec: { resources: list("disk:35") } }]);
    const three = applied(two, third);
    expect(changes(three, operation, offered)).toEqual([]);
    expect(formsOf(three).scalarQuantities().toString()).toBe(offered.scalarQuantities().toString());
  });

  it.each<[string, Operation, RegExp]>([
    ["by nothing", grow(40, disk(0)), /more than nothing/],
    [
      "by disk of another role",
      grow(40, disk(5, { reservations: [{ type: "DYNAMIC", role: "ops" }] })),
      /not of one kind/,
    ],
    [
      "by disk of another principal",
      grow(
        40,
        disk(5, { reservations: [{ ...reservations[0], role: "eng", type: "DYNAMIC", principal: "p" }] }),
      ),
      /not of one kind/,
    ],
    ["by disk that is not reserved", grow(40, { name: "disk", scalar: 5 }), /not of one kind/],
    ["by what is no disk", grow(40, disk(5, { name: "mem" })), /not of one kind/],
    ["by more than is offered", grow(40, disk(61)), /does not contain/],
    ["of another size, or that a task uses", grow(41, disk(5)), /does not contain/],
    [
      "that is no volume",
      { type: "GROW_VOLUME", growVolume: { volume: disk(40), addition: disk(5) } },
      /is not a persistent volume/,
    ],
    [
      "that is shared",
      { type: "GROW_VOLUME", growVolume: { volume: volume(40, { shared: true }), addition: disk(5) } },
      /growing a shared persistent volume is not supported/,
    ],
  ])("is refused %s", (_, operation, words) => {
    const decision = decide([holder()], operation);
    expect(decision).toMatchObject({ ok: false, status: "ERROR", message: expect.stringMatching(words) });
  });
});

describe("SHRINK_VOLUME", () => {
  it.each([[{ scalar: 15 }], [{ quantity: "15Mi" }]])("by %j leaves the rest reserved", (subtract) => {
    const objects = [holder()];
    const [change] = changes(objects, shrink(40, subtract));
    const smaller = applied(objects, change);
    expect(smaller[0]?.spec).toMatchObject({
      resources: list("disk:100"),
      volumes: [{ id: "v", scalar: 25, uid: "first" }],
    });
    expect(changes(smaller, shrink(40, subtract), formsOf(objects))).toEqual([]);
  });

  it.each<[string, Operation, RegExp]>([
    ["by nothing", shrink(40, { scalar: 0 }), /must be greater than zero/],
    ["by all of it", shrink(40, { scalar: 40 }), /must be smaller than the volume/],
    ["by more", shrink(40, { quantity: "1Gi" }), /must be smaller than the volume/],
    ["of another size, or that a task uses", shrink(50, { scalar: 5 }), /does not contain/],
    [
      "that is shared",
      shrink(40, { scalar: 5 }, { shared: true }),
      /shrinking a shared persistent volume is not supported/,
    ],
  ])("is refused %s", (_, operation, words) => {
    const decision = decide([holder()], operation);
    expect(decision).toMatchObject({ ok: false, status: "ERROR", message: expect.stringMatching(words) });
  });
});
