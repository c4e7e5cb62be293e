import { describe, expect, it } from "vitest";
import { LABEL_OFFER } from "../../api/group.ts";
import { formatResources, parseResources, Resources } from "../../resources/index.ts";
import { list, reservation } from "../objects.fixture.ts";
import { overlayReservations } from "./overlay.ts";
import { heldPart, reservedForm } from "./reservedform.ts";

const placed = { reserved: [{ agent: "n1", resources: [] }] };
const node = parseResources("cpus:4;mem:1024;disk:1000");
const volume = { id: "v", scalar: 100, containerPath: "data", mode: "RW" as const };
const reservedOf = (one: ReturnType<typeof reservation>): Resources => {
  const form = reservedForm(one);
  if ("invalid" in form) throw new Error(form.invalid);
  return form.reserved;
};

describe("Reservations over a node's resources", () => {
  it("turns what is free into what is reserved", () => {
    const { total, reserved } = overlayReservations(node, [reservation("r", {}, placed)], Resources.empty);
    expect(formatResources(total.unreserved())).toBe("cpus:2;disk:1000;mem:1024");
    expect(formatResources(total.reserved("eng").toUnreserved())).toBe("cpus:2");
    expect(reserved.has("uid-r")).toBe(true);
  });

  it("leaves out one that has not been placed, unless it was made of an offer", () => {
    const waiting = reservation("r");
    expect(overlayReservations(node, [waiting], Resources.empty).total.equals(node)).toBe(true);
    const made = reservation("r", {}, undefined, { labels: { [LABEL_OFFER]: "x" } });
    expect(overlayReservations(node, [made], Resources.empty).reserved.size).toBe(1);
  });

  it("prefers the older where there is room for one", () => {
    const young = reservation("young", { resources: list("cpus:3") }, placed, {
      creationTimestamp: "2026-02-01T00:00:00Z",
    });
    const old = reservation("old", { resources: list("cpus:3") }, placed);
    expect([...overlayReservations(node, [young, old], Resources.empty).reserved.keys()]).toEqual([
      "uid-old",
    ]);
  });

  it("keeps what tasks hold even where other Pods took the room", () => {
    const r = reservation("r", { resources: list("cpus:3") }, placed);
    const held = heldPart(reservedOf(r), reservedOf(reservation("h", { resources: list("cpus:2") })));
    const { total, reserved } = overlayReservations(parseResources("cpus:1"), [r], held);
    expect(formatResources(total.reserved("eng").toUnreserved())).toBe("cpus:2");
    expect(total.unreserved().isEmpty).toBe(true);
    expect(reserved.get("uid-r")?.equals(held)).toBe(true);
  });

  it("offers nothing free of one that is being deleted", () => {
    const gone = reservation("r", {}, placed, { deletionTimestamp: "2026-01-02T00:00:00Z" });
    expect(overlayReservations(node, [gone], Resources.empty).total.equals(node)).toBe(true);
    const held = reservedOf(reservation("h", { resources: list("cpus:1") }));
    const { total } = overlayReservations(node, [gone], held);
    expect(formatResources(total.reserved().toUnreserved())).toBe("cpus:1");
    expect(formatResources(total.unreserved().get("cpus"))).toBe("cpus:3");
  });

  it("gives what is held of two that look alike to the older", () => {
    const [a, b] = ["a", "b"].map((name) =>
      reservation(name, {}, placed, { deletionTimestamp: "2026-01-02T00:00:00Z" }),
    );
    if (a === undefined || b === undefined) throw new Error("no samples");
    const held = reservedOf(reservation("h", { resources: list("cpus:2") }));
    expect([...overlayReservations(node, [a, b], held).reserved.keys()]).toEqual(["uid-a"]);
  });

  it("makes volumes of the reserved disk", () => {
    const r = reservation("r", { resources: list("disk:300"), volumes: [volume] });
    const volumes = reservedOf(r).persistentVolumes();
    expect([...volumes].map(({ disk }) => disk?.persistence?.id)).toEqual(["v"]);
    expect(reservedOf(r).scalarQuantities().get("disk")).toBe(300_000);
  });

  it("refines what is reserved above", () => {
    const outer = reservation("outer", { resources: list("cpus:3") }, placed);
    const inner = reservation(
      "inner",
      {
        role: "eng/ads",
        resources: [{ name: "cpus", scalar: 1, reservations: [{ type: "DYNAMIC", role: "eng" }] }],
      },
      placed,
      { creationTimestamp: "2026-02-01T00:00:00Z" },
    );
    const { total } = overlayReservations(node, [inner, outer], Resources.empty);
    expect(total.reserved("eng/ads").scalarQuantities().get("cpus")).toBe(1000);
    expect(total.reserved("eng").scalarQuantities().get("cpus")).toBe(2000);
  });

  it.each([
    [
      "a volume larger than the disk",
      { resources: list("disk:50"), volumes: [volume] },
      /spec\.volumes\[0\]/,
    ],
    ["the same volume twice", { resources: list("disk:500"), volumes: [volume, volume] }, /not unique/],
    [
      "a read-only volume",
      { resources: list("disk:500"), volumes: [{ ...volume, mode: "RO" as const }] },
      /read-only/,
    ],
  ])("says what is wrong with %s", (_, spec, words) => {
    const form = reservedForm(reservation("r", spec));
    expect("invalid" in form ? form.invalid : "").toMatch(words);
  });
});
