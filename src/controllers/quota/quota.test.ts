import { describe, expect, it } from "vitest";
import { findCondition } from "../../cluster/conditions.ts";
import { Limits, parseResources, Quantities } from "../../resources/index.ts";
import { offer, quota } from "../objects.fixture.ts";
import { guaranteedTotal } from "./admission.ts";
import { offersInTheWay } from "./rescind.ts";
import { type QuotaFacts, quotaStatus } from "./status.ts";

const of = (record: Record<string, number>) => Quantities.fromRecord(record);
const cpus = (scalar: number) => [{ name: "cpus", scalar }];
const facts = (more: Partial<QuotaFacts> = {}): QuotaFacts => ({
  consumed: of({ cpus: 2 }),
  capacity: of({ cpus: 10 }),
  others: [],
  older: undefined,
  roleMissing: undefined,
  now: "2026-01-01T00:00:00Z",
  ...more,
});
const reasonOf = (status: ReturnType<typeof quotaStatus>, type: string) => {
  const condition = findCondition(status.conditions, type);
  return [condition?.status, condition?.reason];
};

describe("a Quota", () => {
  it("comes into force when it fits", () => {
    const status = quotaStatus(quota("q", { role: "eng", guarantees: cpus(3), limits: cpus(4) }), facts());
    expect(status.applied).toEqual({ guarantees: cpus(3), limits: cpus(4) });
    expect(status.consumed).toEqual(cpus(2));
    expect(reasonOf(status, "Overcommitted")).toEqual(["False", "Fits"]);
    expect(reasonOf(status, "Satisfied")).toEqual(["False", "BelowGuarantees"]);
    expect(
      reasonOf(quotaStatus(quota("q", { role: "eng", guarantees: cpus(2) }), facts()), "Satisfied"),
    ).toEqual(["True", "GuaranteesMet"]);
  });

  it("below what is consumed leaves in force what was before, unless it is forced", () => {
    const spec = { role: "eng", limits: cpus(1) };
    const before = { applied: { limits: cpus(5) } };
    const refused = quotaStatus(quota("q", spec, before), facts());
    expect(refused.applied).toEqual(before.applied);
    expect(reasonOf(refused, "Overcommitted")).toEqual(["True", "LimitBelowConsumption"]);
    expect(quotaStatus(quota("q", spec), facts()).applied).toBeUndefined();
    const forced = quotaStatus(quota("q", { ...spec, force: true }, before), facts());
    expect(forced.applied).toEqual({ limits: cpus(1) });
    expect(reasonOf(forced, "Overcommitted")).toEqual(["True", "LimitBelowConsumption"]);
  });

  it("stays in force when agents go", () => {
    const spec = { role: "eng", guarantees: cpus(8) };
    const status = quotaStatus(
      quota("q", spec, { applied: { guarantees: cpus(8) } }),
      facts({ capacity: of({ cpus: 1 }) }),
    );
    expect(status.applied).toEqual({ guarantees: cpus(8) });
    expect(reasonOf(status, "Overcommitted")).toEqual(["True", "GuaranteesBeyondCapacity"]);
  });

  it("is judged with all guarantees together", () => {
    const others = [{ role: "ops", guarantees: of({ cpus: 6 }) }];
    const status = quotaStatus(quota("q", { role: "eng", guarantees: cpus(5) }), facts({ others }));
    expect(status.applied).toBeUndefined();
    expect(reasonOf(status, "Satisfied")).toEqual(["False", "NotInForce"]);
  });

  it("beyond the capacity is in force when it is forced, and stays so with no agent left", () => {
    const spec = { role: "eng", guarantees: cpus(12), force: true };
    const forced = quotaStatus(quota("q", spec), facts());
    expect(forced.applied).toEqual({ guarantees: cpus(12) });
    expect(reasonOf(forced, "Overcommitted")).toEqual(["True", "GuaranteesBeyondCapacity"]);
    const after = quotaStatus(quota("q", { ...spec, force: false }, forced), facts({ capacity: of({}) }));
    expect(after.applied).toEqual({ guarantees: cpus(12) });
  });

  it("for a role that is not listed, where all must be, says so", () => {
    const status = quotaStatus(
      quota("q", { role: "eng", guarantees: cpus(1) }),
      facts({ roleMissing: "no Role has the path eng, and implicit roles are off" }),
    );
    expect(reasonOf(status, "Satisfied")).toEqual(["False", "RoleNotFound"]);
  });

  it("beside an older one for its role counts for nothing", () => {
    const status = quotaStatus(quota("q", { role: "eng", limits: cpus(9) }), facts({ older: "first" }));
    expect(status.applied).toBeUndefined();
    expect(reasonOf(status, "Conflict")).toEqual(["True", "OlderQuota"]);
  });
});

it("guarantees of a role cover those below it", () => {
  const total = guaranteedTotal([
    { role: "eng", guarantees: of({ cpus: 4 }) },
    { role: "eng/ads", guarantees: of({ cpus: 3 }) },
    { role: "eng/ads/x", guarantees: of({ cpus: 2, mem: 5 }) },
    { role: "eng/web", guarantees: of({ cpus: 3 }) },
    { role: "ops", guarantees: of({ cpus: 1 }) },
  ]);
  expect(total.toRecord()).toEqual({ cpus: 7, mem: 5 });
});

describe("offers in the way of a quota", () => {
  const open = (name: string, role: string, text: string) => ({
    offer: offer(name, { role }),
    resources: parseResources(text),
  });
  const names = (list: ReturnType<typeof offersInTheWay>) => list.map(({ offer }) => offer.metadata.name);
  const offers = [open("a", "eng", "cpus:2"), open("b", "eng/ads", "cpus:2"), open("c", "ops", "cpus:4")];

  it("are the role's own beyond its limit", () => {
    const limits = Limits.fromRecord({ cpus: 4 });
    expect(names(offersInTheWay("eng", Quantities.empty, limits, of({ cpus: 1 }), offers))).toEqual(["a"]);
    expect(names(offersInTheWay("eng", Quantities.empty, limits, of({ cpus: 4 }), offers))).toEqual([
      "a",
      "b",
    ]);
    expect(names(offersInTheWay("eng", Quantities.empty, Limits.none, of({ cpus: 4 }), offers))).toEqual([]);
  });

  it("are others' until the guarantees could be met", () => {
    expect(names(offersInTheWay("eng", of({ cpus: 6 }), Limits.none, of({}), offers))).toEqual(["c"]);
    expect(names(offersInTheWay("eng", of({ cpus: 4 }), Limits.none, of({}), offers))).toEqual([]);
  });
});
