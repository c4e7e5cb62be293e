import { describe, expect, it } from "vitest";
import { Quantities } from "../../resources/index.ts";
import { framework, role } from "../objects.fixture.ts";
import { frameworkReadiness } from "./readiness.ts";

const roles = [role("eng", "eng"), role("closed", "closed", { namespaces: ["other"] })];
const reason = (spec: object, connected = true, implicitRoles = false, deletionTimestamp?: string) => {
  const one = framework("fw", spec, undefined, deletionTimestamp === undefined ? {} : { deletionTimestamp });
  const readiness = frameworkReadiness(one, {
    roles: (path) => roles.filter((role) => role.spec.path === path),
    implicitRoles,
    connection: connected ? { connected } : { connected, reason: "LeaseLapsed", message: "gone" },
  });
  return readiness.ready ? "ready" : readiness.reason;
};
const constraint = (value: string) => ({
  offerConstraints: [
    { role: "eng", groups: [{ constraints: [{ attribute: "rack", operator: "TextMatches", value }] }] },
  ],
});

describe("whether a framework is offered anything", () => {
  it("depends on its roles, its constraints and its connection", () => {
    expect(reason({})).toBe("ready");
    expect(reason({ roles: ["eng", "nowhere"] })).toBe("RoleNotFound");
    expect(reason({ roles: ["eng", "nowhere"] }, true, true)).toBe("ready");
    expect(reason({ roles: ["closed"] })).toBe("RoleNotAllowed");
    expect(reason({}, false)).toBe("LeaseLapsed");
    expect(reason({}, true, false, "2026-01-02T00:00:00Z")).toBe("Terminating");
  });

  it("ends where its constraints are beyond what is compiled", () => {
    expect(reason(constraint("r[0-9]+"))).toBe("ready");
    expect(reason(constraint("[a-z]{400}"))).toBe("InvalidConstraints");
  });

  it("keeps its smallest offers by role", () => {
    const one = framework("fw", {
      minAllocatable: [{ role: "eng", resources: [{ name: "mem", quantity: "1Gi" }] }],
    });
    const readiness = frameworkReadiness(one, {
      roles: () => [],
      implicitRoles: true,
      connection: { connected: true },
    });
    const minima = readiness.ready ? readiness.terms.minAllocatable.get("eng") : undefined;
    expect(minima?.[0]?.equals(Quantities.fromRecord({ mem: 1024 }))).toBe(true);
  });
});
