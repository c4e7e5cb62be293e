import { describe, expect, it } from "vitest";
import type { Operation } from "../../api/offer.ts";
import type { Reservation } from "../../api/reservation.ts";
import type { Live } from "../../cluster/object.ts";
import { formatResources, parseResources, type ResourceSpec, Resources } from "../../resources/index.ts";
import { framework, list, offer, reservation } from "../objects.fixture.ts";
import { plainForm, reservedForm } from "../world/reservedform.ts";
import { contribution } from "./contributions.ts";
import { decideReserve, type ReservationChange } from "./reserve.ts";
import { situationOf } from "./situation.fixture.ts";
import { begin, type Situation } from "./situation.ts";

const mine = [{ type: "DYNAMIC" as const, role: "eng" }];
const reserved = (text: string): ResourceSpec[] => list(text).map((one) => ({ ...one, reservations: mine }));
const volume: ResourceSpec = {
  name: "disk",
  scalar: 100,
  reservations: mine,
  disk: { persistence: { id: "v" }, volume: { containerPath: "data", mode: "RW" } },
};

const situation = (more: Partial<Situation> = {}): Situation => {
  const reservations = more.reservations ?? [];
  const held = Resources.sum(
    reservations.map((one) => {
      const form = reservedForm(one);
      return "invalid" in form ? Resources.empty : form.reserved;
    }),
  );
  const offered = parseResources("cpus:4;mem:1024;disk:1000").add(held);
  return situationOf(offered, more);
};

const decide = (s: Situation, operation: Operation, index = 0) =>
  decideReserve(s, begin(s), index, operation);
const operation = (
  type: "RESERVE" | "UNRESERVE" | "CREATE" | "DESTROY",
  resources: ResourceSpec[],
): Operation => ({ type, [type.toLowerCase()]: { resources } }) as Operation;

/** The object as the API server has it after the change. */
function changed(change: ReservationChange | undefined): Live<Reservation> {
  if (change?.kind !== "patch") throw new Error(`no patch: ${change?.kind}`);
  const { object, annotations, spec } = change;
  return {
    ...object,
    metadata: { ...object.metadata, annotations: { ...object.metadata.annotations, ...annotations } },
    spec: { ...object.spec, ...spec },
  };
}

function changes(s: Situation, one: Operation, index = 0): readonly ReservationChange[] {
  const decision = decide(s, one, index);
  if (!decision.ok) throw new Error(decision.message);
  return decision.changes;
}

describe("RESERVE", () => {
  it("becomes an object named after the Offer and the operation, unreserved in form", () => {
    const [change] = changes(situation(), operation("RESERVE", reserved("cpus:2;mem:10")), 3);
    expect(change).toMatchObject({
      kind: "create",
      object: { spec: { role: "eng", agent: "n1", resources: list("cpus:2;mem:10") } },
    });
    expect(change?.object.metadata.name).toMatch(/^offer-[0-9a-f]{16}-3$/);
    expect(changes(situation(), operation("RESERVE", reserved("cpus:2;mem:10")), 3)).toEqual([change]);
  });

  it.each([
    ["for another role", [{ type: "DYNAMIC", role: "ops" }], {}, /cannot reserve to the role 'ops'/],
    ["statically", [{ type: "STATIC", role: "eng" }], {}, /not dynamically/],
    [
      "for another principal",
      [{ type: "DYNAMIC", role: "eng", principal: "q" }],
      { principal: "p" },
      /principal/,
    ],
  ] as const)("is refused %s", (_, reservations, spec, words) => {
    const one = operation("RESERVE", [{ name: "cpus", scalar: 1, reservations: [...reservations] }]);
    const decision = decide(situation({ framework: framework("fw", spec) }), one);
    expect(decision).toMatchObject({ ok: false, status: "ERROR" });
    expect(decision.ok ? "" : decision.message).toMatch(words);
  });

  it("refines only for a framework that says it can", () => {
    const outer = reservation("outer", { resources: list("cpus:2") });
    const one = operation("RESERVE", [
      { name: "cpus", scalar: 1, reservations: [...mine, { type: "DYNAMIC", role: "eng/ads" }] },
    ]);
    const at = (capabilities: string[]) =>
      decide(
        situation({
          offer: offer("o", { role: "eng/ads" }),
          framework: framework("fw", { capabilities }),
          reservations: [outer],
        }),
        one,
      );
    expect(at([])).toMatchObject({ ok: false, status: "ERROR" });
    expect(at(["RESERVATION_REFINEMENT"])).toMatchObject({
      ok: true,
      changes: [{ object: { spec: { role: "eng/ads", resources: reserved("cpus:1") } } }],
    });
  });
});

describe("UNRESERVE", () => {
  const r = () => reservation("r", { resources: list("cpus:3") });

  it("takes a part, and the whole object when nothing is left", () => {
    const [part] = changes(situation({ reservations: [r()] }), operation("UNRESERVE", reserved("cpus:1")));
    expect(changed(part).spec.resources).toEqual(list("cpus:2"));
    const all = changes(situation({ reservations: [r()] }), operation("UNRESERVE", reserved("cpus:3")));
    expect(all).toMatchObject([{ kind: "delete" }]);
  });

  it("done again, takes no more than it should", () => {
    const [first] = changes(situation({ reservations: [r()] }), operation("UNRESERVE", reserved("cpus:1")));
    const offered = situation({ reservations: [r()] }).offered;
    const again = situation({ reservations: [changed(first)], offered });
    expect(changes(again, operation("UNRESERVE", reserved("cpus:1")))).toEqual([]);
  });

  it("reaches over several objects, the newest first, and goes on where it stopped", () => {
    const old = reservation("old", { resources: list("cpus:2") });
    const young = reservation("young", { resources: list("cpus:2") }, undefined, {
      creationTimestamp: "2026-02-01T00:00:00Z",
    });
    const s = situation({ reservations: [old, young] });
    const all = changes(s, operation("UNRESERVE", reserved("cpus:3")));
    expect(all).toMatchObject([
      { kind: "delete", object: { metadata: { name: "young" } } },
      { kind: "patch", object: { metadata: { name: "old" } } },
    ]);
    const [, second] = all;
    expect(changed(second).spec.resources).toEqual(list("cpus:1"));
    // The deletion came through, the change did not: what is still there of `old` is taken, no more.
    const key = contribution(changed(second), "uid-o/0");
    expect(key && formatResources(plainForm(key))).toBe("cpus:1");
  });
});

describe("CREATE and DESTROY", () => {
  const disk = () => reservation("r", { resources: list("disk:300") });

  it("make and unmake a volume on reserved disk", () => {
    const [made] = changes(situation({ reservations: [disk()] }), operation("CREATE", [volume]));
    const with_ = changed(made);
    expect(with_.spec.volumes).toEqual([
      { id: "v", scalar: 100, containerPath: "data", mode: "RW", uid: "uid-o/0" },
    ]);
    const [gone] = changes(situation({ reservations: [with_] }), operation("DESTROY", [volume]), 1);
    expect(changed(gone).spec.volumes).toEqual([]);
  });

  it("done again, do nothing twice", () => {
    const before = situation({ reservations: [disk()] });
    const [made] = changes(before, operation("CREATE", [volume]));
    const { offered } = before;
    expect(
      changes(situation({ reservations: [changed(made)], offered }), operation("CREATE", [volume])),
    ).toEqual([]);
    const held = situation({ reservations: [changed(made)] });
    const destroyed = situation({ reservations: [disk()], offered: held.offered });
    expect(changes(destroyed, operation("DESTROY", [volume]))).toEqual([]);
  });

  it("refuse an id twice on one agent, and a volume in use", () => {
    const taken = situation({ reservations: [disk()], volumes: reservedVolumes() });
    expect(decide(taken, operation("CREATE", [volume]))).toMatchObject({ ok: false, status: "ERROR" });
    const [made] = changes(situation({ reservations: [disk()] }), operation("CREATE", [volume]));
    const used = situation({ reservations: [changed(made)], used: reservedVolumes() });
    expect(decide(used, operation("DESTROY", [volume]))).toMatchObject({ ok: false, status: "ERROR" });
  });

  it("fail where no one Reservation has the disk", () => {
    const two = ["a", "b"].map((name) => reservation(name, { resources: list("disk:60") }));
    expect(decide(situation({ reservations: two }), operation("CREATE", [volume]))).toMatchObject({
      ok: false,
      status: "FAILED",
    });
  });
});

it("is dropped with everything else when the offers are not valid", () => {
  const impediment = { reason: "REASON_INVALID_OFFERS" as const, message: "gone" };
  expect(decide(situation({ impediment }), operation("RESERVE", reserved("cpus:1")))).toEqual({
    ok: false,
    status: "DROPPED",
    message: "gone",
  });
});

function reservedVolumes(): Resources {
  const form = reservedForm(
    reservation("x", {
      resources: list("disk:100"),
      volumes: [{ id: "v", scalar: 100, containerPath: "data", mode: "RW" }],
    }),
  );
  return "invalid" in form ? Resources.empty : form.reserved;
}
