import { describe, expect, it } from "vitest";
import { parseResources, Quantities } from "../../resources/index.ts";
import { type AdmissionFacts, guaranteedTotal, judge } from "./admission.ts";

const of = (text: string) => parseResources(text).quantities();
const amounts = (text: string) =>
  of(text)
    .names()
    .map((name) => ({ name, scalar: of(text).get(name) / 1000 }));
const facts = (capacity: string, more: Partial<AdmissionFacts> = {}): AdmissionFacts => ({
  consumed: Quantities.empty,
  capacity: of(capacity),
  others: [],
  ...more,
});
const wanted = (role: string, guarantees: string, limits = "") => ({
  role,
  force: false,
  ...(guarantees !== "" && { guarantees: amounts(guarantees) }),
  ...(limits !== "" && { limits: amounts(limits) }),
});
const verdict = (spec: ReturnType<typeof wanted>, given: AdmissionFacts) => {
  const found = judge(spec, given);
  return found.fits ? "fits" : found.reason;
};

describe("a guarantee is judged by what all agents have together", () => {
  it.each([
    ["more than the only agent has", "cpus:3;mem:1024", "cpus:2;mem:1024", "GuaranteesBeyondCapacity"],
    ["more than all agents have", "cpus:5;mem:1024", "cpus:4;mem:2048", "GuaranteesBeyondCapacity"],
    ["no agent at all", "cpus:1", "", "GuaranteesBeyondCapacity"],
    ["part of an agent", "cpus:1;mem:512", "cpus:2;mem:1024", "fits"],
    ["all there is", "cpus:2;mem:1024", "cpus:2;mem:1024", "fits"],
    ["more than any one agent has, less than all", "cpus:3;mem:1500", "cpus:4;mem:2048", "fits"],
    ["ports, one by one", "ports:[1-3]", "ports:[1-3]", "fits"],
    ["too many ports", "ports:[1-4]", "ports:[1-3]", "GuaranteesBeyondCapacity"],
  ])("%s", (_, guarantees, capacity, expected) => {
    expect(verdict(wanted("eng", guarantees), facts(capacity))).toBe(expected);
  });

  it("reserved or not, in use or not, on an agent that is disconnected or not", () => {
    // Capacity is all of it: what consumption and reservations leave is no part of the question.
    const given = facts("cpus:4", { consumed: of("cpus:1") });
    expect(verdict(wanted("eng", "cpus:4"), given)).toBe("fits");
  });

  it("together with those of other roles", () => {
    const others = [{ role: "ops", guarantees: of("cpus:6") }];
    expect(verdict(wanted("eng", "cpus:4"), facts("cpus:10", { others }))).toBe("fits");
    expect(verdict(wanted("eng", "cpus:5"), facts("cpus:10", { others }))).toBe("GuaranteesBeyondCapacity");
  });

  it("in a branch once: a parent's guarantee covers its children's", () => {
    const others = [{ role: "eng", guarantees: of("cpus:6") }];
    const given = facts("cpus:10", { others });
    expect(verdict(wanted("eng/ads", "cpus:5"), given)).toBe("fits");
    expect(verdict(wanted("ops", "cpus:4"), given)).toBe("fits");
    const both = facts("cpus:10", { others: [...others, { role: "eng/ads", guarantees: of("cpus:5") }] });
    expect(verdict(wanted("ops", "cpus:4"), both)).toBe("fits");
    expect(verdict(wanted("ops", "cpus:5"), both)).toBe("GuaranteesBeyondCapacity");
  });
});

describe("a guarantee in the role tree", () => {
  it("may stand alone, without one of the parent", () => {
    expect(verdict(wanted("eng/ads", "cpus:2"), facts("cpus:2"))).toBe("fits");
  });

  it.each([
    ["one child beyond its parent", { "eng/ads": "cpus:7" }, 7],
    ["children together beyond their parent", { "eng/ads": "cpus:4", "eng/web": "cpus:4" }, 8],
    ["children within their parent", { "eng/ads": "cpus:2", "eng/web": "cpus:3" }, 6],
  ])("%s is kept in full", (_, children, cpus) => {
    const quotas = [
      { role: "eng", guarantees: of("cpus:6") },
      ...Object.entries(children).map(([role, text]) => ({ role, guarantees: of(text) })),
    ];
    expect(guaranteedTotal(quotas).toRecord()).toEqual({ cpus });
  });

  it("of a parent may go while those of its children stay", () => {
    expect(guaranteedTotal([{ role: "eng/ads", guarantees: of("cpus:3") }]).toRecord()).toEqual({ cpus: 3 });
  });
});

describe("a limit is judged by what the role consumes", () => {
  const given = facts("cpus:8;mem:2048", { consumed: of("cpus:2;mem:1024") });
  it.each([
    ["below it", "cpus:1;mem:1024", "LimitBelowConsumption"],
    ["at it", "cpus:2;mem:1024", "fits"],
    ["above it", "cpus:4", "fits"],
    ["of another name", "gpus:1", "fits"],
  ])("%s", (_, limits, expected) => {
    expect(verdict(wanted("eng", "", limits), given)).toBe(expected);
  });
});
