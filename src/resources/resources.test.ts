import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fromSpec } from "./convert.ts";
import { Limits, Quantities } from "./quantities.ts";
import { Resources } from "./resources.ts";
import type { ReservationSpec, ResourceSpec } from "./spec.ts";
import { formatResources, parseResources } from "./text.ts";

const dynamic = (role: string, principal?: string): ReservationSpec => ({ type: "DYNAMIC", role, principal });
const volume = (id: string, more: Partial<ResourceSpec> = {}): ResourceSpec => ({
  name: "disk",
  scalar: 64,
  reservations: [dynamic("ads")],
  disk: { persistence: { id }, volume: { containerPath: "data", mode: "RW" } },
  ...more,
});

describe("adding and subtracting", () => {
  it.each([
    ["cpus:1;mem:5", "cpus:2", "cpus:3;mem:5"],
    ["cpus:0.1", "cpus:0.2", "cpus:0.3"],
    ["ports:[1-3]", "ports:[4-5, 9-9]", "ports:[1-5, 9-9]"],
    ["x:{a,b}", "x:{c}", "x:{a, b, c}"],
    ["cpus(a):1", "cpus:1", "cpus:1;cpus(a):1"],
    ["cpus(a):1", "cpus(b):1", "cpus(a):1;cpus(b):1"],
  ])("%s and %s make %s, and back again", (a, b, sum) => {
    const [x, y] = [parseResources(a), parseResources(b)];
    expect(formatResources(x.add(y))).toBe(sum);
    expect(x.add(y).subtract(y).equals(x)).toBe(true);
    expect(x.add(y).equals(y.add(x))).toBe(true);
  });

  it("never falls below zero and drops what is empty", () => {
    const rest = parseResources("cpus:1;ports:[1-4];x:{a}").subtract(
      parseResources("cpus:2;ports:[2-9];x:{a,b};mem:1"),
    );
    expect(formatResources(rest)).toBe("ports:[1-1]");
  });

  it("keeps revocable, reserved by another principal and labelled apart", () => {
    const kinds: ResourceSpec[] = [
      { name: "cpus", scalar: 1 },
      { name: "cpus", scalar: 1, revocable: true },
      { name: "cpus", scalar: 1, reservations: [dynamic("a")] },
      { name: "cpus", scalar: 1, reservations: [dynamic("a", "bob")] },
      { name: "cpus", scalar: 1, reservations: [{ ...dynamic("a"), labels: { k: "v", l: "w" } }] },
      { name: "cpus", scalar: 1, reservations: [dynamic("a"), dynamic("a/b")] },
    ];
    expect([...fromSpec([...kinds, ...kinds])]).toHaveLength(kinds.length);
    const reordered = {
      name: "cpus",
      scalar: 1,
      reservations: [{ ...dynamic("a"), labels: { l: "w", k: "v" } }],
    };
    expect(fromSpec([reordered]).equals(fromSpec(kinds.slice(4, 5)))).toBe(true);
  });

  it("takes a persistent volume whole or not at all", () => {
    const two = fromSpec([volume("v1"), volume("v2")]);
    expect(two.contains(fromSpec([volume("v1")]))).toBe(true);
    expect(two.contains(fromSpec([volume("v1", { scalar: 32 })]))).toBe(false);
    expect(two.subtract(fromSpec([volume("v1", { scalar: 32 })])).equals(two)).toBe(true);
    expect(two.subtract(fromSpec([volume("v1")])).equals(fromSpec([volume("v2")]))).toBe(true);
  });

  it("does not tell volumes apart by where they are mounted", () => {
    const elsewhere = volume("v1", {
      disk: { persistence: { id: "v1" }, volume: { containerPath: "x", mode: "RW" } },
    });
    expect(fromSpec([volume("v1")]).equals(fromSpec([elsewhere]))).toBe(true);
  });

  it("counts copies of a shared volume but its size once", () => {
    const one = fromSpec([volume("v1", { shared: true })]);
    const three = Resources.sum([one, one, one]);
    expect(three.contains(one.add(one))).toBe(true);
    expect(one.contains(one.add(one))).toBe(false);
    expect(three.subtract(one).equals(one.add(one))).toBe(true);
    expect(three.scalarQuantities().get("disk")).toBe(64_000);
    expect([...three].map((r) => three.countOf(r))).toEqual([3]);
  });

  it("adds PATH disks and keeps MOUNT disks apart", () => {
    const disk = (type: "PATH" | "MOUNT"): ResourceSpec => ({
      name: "disk",
      scalar: 10,
      disk: { source: { type, root: "/d" } },
    });
    expect([...fromSpec([disk("PATH"), disk("PATH")])]).toHaveLength(1);
    const mounts = fromSpec([disk("MOUNT"), disk("MOUNT")]);
    expect([...mounts]).toHaveLength(2);
    expect(mounts.scalarQuantities().get("disk")).toBe(20_000);
  });
});

describe("filters", () => {
  const all = fromSpec([
    { name: "cpus", scalar: 1 },
    { name: "cpus", scalar: 2, revocable: true },
    { name: "cpus", scalar: 3, reservations: [dynamic("eng")] },
    { name: "cpus", scalar: 4, reservations: [dynamic("eng"), dynamic("eng/ads")] },
    { name: "cpus", scalar: 5, reservations: [dynamic("sales")] },
    volume("v1"),
    { name: "ports", ranges: [{ begin: 1, end: 2 }] },
  ]);
  it.each<[string, Resources, number]>([
    ["unreserved", all.unreserved(), 3000],
    ["reserved", all.reserved(), 12_000],
    ["reserved to eng (innermost)", all.reserved("eng"), 3000],
    ["revocable", all.revocable(), 2000],
    ["not revocable", all.nonRevocable(), 13_000],
    ["allocatable to eng", all.allocatableTo("eng"), 6000],
    ["allocatable to eng/ads", all.allocatableTo("eng/ads"), 10_000],
    ["allocatable to engine", all.allocatableTo("engine"), 3000],
    ["all unreserved", all.toUnreserved().nonRevocable(), 13_000],
  ])("%s", (_, part, cpus) => {
    expect(part.scalarQuantities().get("cpus")).toBe(cpus);
  });

  it("finds volumes, scalars and the rest", () => {
    expect(all.persistentVolumes().names()).toEqual(["disk"]);
    expect(all.nonScalars().names()).toEqual(["ports"]);
    expect(all.scalars().names()).toEqual(["cpus", "disk"]);
    expect(all.get("ports").equals(parseResources("ports:[1-2]"))).toBe(true);
  });

  it("pops what it pushed", () => {
    const cpus = parseResources("cpus:1");
    const pushed = cpus.pushReservation(dynamic("a")).pushReservation(dynamic("a/b"));
    expect(formatResources(pushed)).toBe("cpus(reservations: [(DYNAMIC,a), (DYNAMIC,a/b)]):1");
    expect(pushed.popReservation().popReservation().equals(cpus)).toBe(true);
  });
});

describe("shrinking", () => {
  const offer = parseResources("cpus:4;mem:100;ports:[1-9]");
  it("to quantities drops what they do not name", () => {
    expect(formatResources(offer.shrinkTo(Quantities.fromRecord({ cpus: 1, disk: 5 })))).toBe("cpus:1");
  });
  it("within limits keeps what they do not name", () => {
    expect(formatResources(offer.shrinkWithin(Limits.fromRecord({ cpus: 1 })))).toBe(
      "cpus:1;mem:100;ports:[1-9]",
    );
    expect(formatResources(offer.shrinkWithin(Limits.fromRecord({ cpus: 0 })))).toBe("mem:100;ports:[1-9]");
  });
  it("counts ports and items, and cuts them to whole ones", () => {
    const counted = parseResources("ports:[1-3, 7-9];x:{a,b}");
    expect(counted.quantities().toRecord()).toEqual({ ports: 6, x: 2 });
    expect(formatResources(counted.shrinkWithin(Limits.fromRecord({ ports: 4.5, x: 1 })))).toBe(
      "ports:[1-3, 7-7];x:{a}",
    );
    expect(formatResources(counted.shrinkTo(Quantities.fromRecord({ ports: 2 })))).toBe("ports:[1-2]");
  });
  it("shares one target among several reservations and never splits a volume", () => {
    const mixed = parseResources("cpus:1;cpus(a):2").add(fromSpec([volume("v1")]));
    const shrunk = mixed.shrinkTo(Quantities.fromRecord({ cpus: 2.5, disk: 63 }));
    expect(shrunk.scalarQuantities().toRecord()).toEqual({ cpus: 2.5 });
  });
});

describe("find", () => {
  const total = parseResources("cpus(a):1;cpus:2;cpus(b):4");
  it.each([
    ["cpus:1", "cpus:1"],
    ["cpus(a):1", "cpus(a):1"],
    ["cpus(a):2", "cpus:1;cpus(a):1"],
    ["cpus:5", "cpus:2;cpus(a):1;cpus(b):2"],
  ])("%s in own, unreserved and other roles' resources: %s", (target, found) => {
    expect(formatResources(total.find(parseResources(target)) ?? Resources.empty)).toBe(found);
  });
  it("says when there is not enough", () => {
    expect(total.find(parseResources("cpus:8"))).toBeUndefined();
  });
});

describe("algebra (properties)", () => {
  const role = fc.constantFrom(undefined, "a", "a/b");
  const scalar = fc.record({
    name: fc.constantFrom("cpus", "mem"),
    milli: fc.nat(5000),
    role,
    revocable: fc.boolean(),
  });
  const resources = fc.array(scalar, { maxLength: 6 }).map((list) =>
    fromSpec(
      list.map(({ name, milli, role, revocable }) => ({
        name,
        scalar: milli / 1000,
        reservations: role === undefined ? [] : [dynamic(role)],
        revocable,
      })),
    ),
  );

  it("adding is commutative, associative and undone by subtracting", () => {
    fc.assert(
      fc.property(resources, resources, resources, (a, b, c) => {
        expect(a.add(b).equals(b.add(a))).toBe(true);
        expect(
          a
            .add(b)
            .add(c)
            .equals(a.add(b.add(c))),
        ).toBe(true);
        expect(a.add(b).subtract(b).equals(a)).toBe(true);
        expect(a.add(b).contains(a)).toBe(true);
        expect(a.contains(b)).toBe(a.subtract(b).add(b).equals(a));
        expect(a.add(b).scalarQuantities().equals(a.scalarQuantities().add(b.scalarQuantities()))).toBe(true);
      }),
    );
  });

  it("shrinking stays within the target and within what there is", () => {
    fc.assert(
      fc.property(resources, resources, (a, b) => {
        const target = b.scalarQuantities();
        const shrunk = a.shrinkTo(target);
        expect(target.min(a.scalarQuantities()).equals(shrunk.scalarQuantities())).toBe(true);
        expect(a.contains(shrunk)).toBe(true);
      }),
    );
  });
});
