import { describe, expect, it } from "vitest";
import { fromSpec } from "./convert.ts";
import { applyOperation, type OperationContext, type ResourceOperation } from "./operations.ts";
import { makeResource, type Resource } from "./resource.ts";
import { Resources } from "./resources.ts";
import type { ReservationSpec, ResourceSpec } from "./spec.ts";
import { formatResources, parseResources } from "./text.ts";

const dynamic = (role: string, principal?: string): ReservationSpec => ({ type: "DYNAMIC", role, principal });
const reserved = (text: string, ...stack: ReservationSpec[]) =>
  stack.reduce((sum, reservation) => sum.pushReservation(reservation), parseResources(text));
const volumes = (more: Partial<ResourceSpec> = {}, id = "v1") =>
  fromSpec([
    {
      name: "disk",
      scalar: 64,
      reservations: [dynamic("ads", "bob")],
      disk: { persistence: { id, principal: "bob" }, volume: { containerPath: "data", mode: "RW" } },
      ...more,
    },
  ]);
const only = (resources: Resources): Resource => {
  const [resource] = resources;
  if (resource === undefined) throw new Error("empty");
  return resource;
};

const offer = parseResources("cpus:4;mem:100;disk:100");
const withDisk = offer.add(reserved("disk:100", dynamic("ads", "bob")));

describe("operations that change resources", () => {
  it.each<[string, Resources, ResourceOperation, string]>([
    [
      "RESERVE pushes a reservation",
      offer,
      { type: "RESERVE", resources: reserved("cpus:1", dynamic("ads")) },
      "cpus:3;cpus(reservations: [(DYNAMIC,ads)]):1;disk:100;mem:100",
    ],
    [
      "RESERVE refines a static reservation",
      parseResources("cpus(eng):2"),
      { type: "RESERVE", resources: reserved("cpus(eng):1", dynamic("eng/ads")) },
      "cpus(reservations: [(STATIC,eng), (DYNAMIC,eng/ads)]):1;cpus(eng):1",
    ],
    [
      "RESERVE with a source moves between roles",
      reserved("cpus:1", dynamic("a")),
      {
        type: "RESERVE",
        source: reserved("cpus:1", dynamic("a")),
        resources: reserved("cpus:1", dynamic("b")),
      },
      "cpus(reservations: [(DYNAMIC,b)]):1",
    ],
    [
      "UNRESERVE pops one reservation",
      reserved("cpus:2", dynamic("eng"), dynamic("eng/ads")),
      { type: "UNRESERVE", resources: reserved("cpus:2", dynamic("eng"), dynamic("eng/ads")) },
      "cpus(reservations: [(DYNAMIC,eng)]):2",
    ],
    [
      "CREATE makes a volume of reserved disk",
      withDisk,
      { type: "CREATE", volumes: volumes() },
      "cpus:4;disk:100;disk(reservations: [(DYNAMIC,ads,bob)])[v1:data]:64;disk(reservations: [(DYNAMIC,ads,bob)]):36;mem:100",
    ],
    [
      "DESTROY makes plain reserved disk of it",
      volumes({ shared: true }),
      { type: "DESTROY", volumes: volumes({ shared: true }) },
      "disk(reservations: [(DYNAMIC,ads,bob)]):64",
    ],
    [
      "GROW_VOLUME takes disk of the same reservation",
      volumes().add(reserved("disk:36", dynamic("ads", "bob"))),
      {
        type: "GROW_VOLUME",
        volume: only(volumes()),
        addition: only(reserved("disk:16", dynamic("ads", "bob"))),
      },
      "disk(reservations: [(DYNAMIC,ads,bob)])[v1:data]:80;disk(reservations: [(DYNAMIC,ads,bob)]):20",
    ],
    [
      "SHRINK_VOLUME frees some of it",
      volumes(),
      { type: "SHRINK_VOLUME", volume: only(volumes()), subtractMilli: 4000 },
      "disk(reservations: [(DYNAMIC,ads,bob)])[v1:data]:60;disk(reservations: [(DYNAMIC,ads,bob)]):4",
    ],
  ])("%s", (_, before, operation, after) => {
    const result = applyOperation(before, operation);
    expect(result.ok ? formatResources(result.resources) : result.reason).toBe(after);
    expect(result.ok && result.resources.scalarQuantities().equals(before.scalarQuantities())).toBe(true);
  });
});

describe("operations that are refused", () => {
  const reserve = (resources: Resources, source?: Resources): ResourceOperation => ({
    type: "RESERVE",
    resources,
    ...(source && { source }),
  });
  const create = (list: Resources): ResourceOperation => ({ type: "CREATE", volumes: list });
  const revocable = fromSpec([{ name: "cpus", scalar: 1, revocable: true, reservations: [dynamic("a")] }]);
  const mount: Partial<ResourceSpec> = {
    disk: {
      source: { type: "MOUNT" },
      persistence: { id: "v1" },
      volume: { containerPath: "x", mode: "RW" },
    },
  };
  const readOnly: Partial<ResourceSpec> = {
    disk: { persistence: { id: "v1" }, volume: { containerPath: "x", mode: "RO" } },
  };

  it.each<[string, Resources, ResourceOperation, OperationContext, RegExp]>([
    ["nothing at all", offer, reserve(Resources.empty), {}, /names no resources/],
    ["more than there is", offer, reserve(reserved("cpus:5", dynamic("a"))), {}, /does not contain cpus:5/],
    ["a static reservation", offer, reserve(parseResources("cpus(a):1")), {}, /not dynamically reserved/],
    ["a reservation to *", offer, reserve(reserved("cpus:1", dynamic("*"))), {}, /'\*'/],
    [
      "a stack that does not refine",
      offer,
      reserve(reserved("cpus:1", dynamic("a"), dynamic("b"))),
      {},
      /not below 'a'/,
    ],
    ["revocable to reserve", offer, reserve(revocable), {}, /revocable/],
    [
      "another role",
      offer,
      reserve(reserved("cpus:1", dynamic("a"))),
      { allocationRole: "b" },
      /offered to 'b'/,
    ],
    [
      "another principal",
      offer,
      reserve(reserved("cpus:1", dynamic("a", "x"))),
      { principal: "y" },
      /principal/,
    ],
    ["no principal", offer, reserve(reserved("cpus:1", dynamic("a"))), { principal: "y" }, /principal/],
    [
      "other amounts",
      offer,
      reserve(reserved("cpus:1", dynamic("a")), parseResources("cpus:2")),
      {},
      /same amounts/,
    ],
    [
      "mixed reservations",
      offer,
      reserve(
        reserved("cpus:1", dynamic("a")).add(reserved("mem:1", dynamic("b"))),
        parseResources("cpus:1;mem:1"),
      ),
      {},
      /mixed/,
    ],
    ["unreserved", offer, { type: "UNRESERVE", resources: offer }, {}, /not dynamically reserved/],
    [
      "a volume to unreserve",
      volumes(),
      { type: "UNRESERVE", resources: volumes() },
      {},
      /destroy the persistent volume/,
    ],
    ["a volume on unreserved disk", offer, create(volumes({ reservations: [] })), {}, /needs reserved disk/],
    ["a volume without disk for it", offer, create(volumes()), {}, /does not contain/],
    [
      "disk that is no volume",
      withDisk,
      create(reserved("disk:1", dynamic("ads", "bob"))),
      {},
      /not a persistent volume/,
    ],
    ["a read-only volume", withDisk, create(volumes(readOnly)), {}, /read-only/],
    [
      "a known persistence id",
      withDisk,
      create(volumes()),
      { volumesOnAgent: volumes() },
      /'v1' is not unique/,
    ],
    [
      "an id of this offer",
      withDisk.add(volumes()),
      create(volumes({ scalar: 8 })),
      {},
      /'v1' is not unique/,
    ],
    [
      "two of one id",
      withDisk,
      create(volumes({ scalar: 8 }).add(volumes({ scalar: 9 }))),
      {},
      /'v1' is not unique/,
    ],
    [
      "shared without capability",
      withDisk,
      create(volumes({ shared: true })),
      { mayShare: false },
      /SHARED_RESOURCES/,
    ],
    ["another's volume", withDisk, create(volumes()), { principal: "eve" }, /principal/],
    ["an unknown volume", withDisk, { type: "DESTROY", volumes: volumes() }, {}, /does not contain/],
    ["a volume in use", volumes(), { type: "DESTROY", volumes: volumes() }, { used: volumes() }, /in use/],
    [
      "a volume with more copies",
      volumes({ shared: true }).add(volumes({ shared: true })),
      { type: "DESTROY", volumes: volumes({ shared: true }) },
      {},
      /shared copies/,
    ],
    [
      "to grow by disk of another reservation",
      volumes().add(parseResources("disk:9")),
      { type: "GROW_VOLUME", volume: only(volumes()), addition: only(parseResources("disk:9")) },
      {},
      /not of one kind/,
    ],
    [
      "to grow by nothing",
      volumes(),
      {
        type: "GROW_VOLUME",
        volume: only(volumes()),
        addition: makeResource({
          name: "disk",
          value: { kind: "scalar", milli: 0 },
          reservations: [dynamic("ads", "bob")],
        }),
      },
      {},
      /greater than zero/,
    ],
    [
      "to shrink a MOUNT disk",
      volumes(mount),
      { type: "SHRINK_VOLUME", volume: only(volumes(mount)), subtractMilli: 1 },
      {},
      /MOUNT/,
    ],
    [
      "to shrink to nothing",
      volumes(),
      { type: "SHRINK_VOLUME", volume: only(volumes()), subtractMilli: 64_000 },
      {},
      /smaller than the volume/,
    ],
    [
      "to shrink a shared volume",
      volumes({ shared: true }),
      { type: "SHRINK_VOLUME", volume: only(volumes({ shared: true })), subtractMilli: 1 },
      {},
      /shared/,
    ],
  ])("%s", (_, before, operation, context, reason) => {
    const result = applyOperation(before, operation, context);
    expect(result.ok ? formatResources(result.resources) : result.reason).toMatch(reason);
    expect(result.ok).toBe(false);
  });

  it("allow one persistence id in two roles", () => {
    const other = volumes({ reservations: [dynamic("sales", "bob")] });
    expect(applyOperation(withDisk.add(other), create(volumes())).ok).toBe(true);
  });
});
