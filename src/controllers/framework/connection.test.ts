import { describe, expect, it } from "vitest";
import { framework } from "../objects.fixture.ts";
import { frameworkConnection, frameworkLeaseKey, type LeaseWatch } from "./connection.ts";

const leases = (state: "fresh" | "lapsed" | "absent", age = 0, watching = true): LeaseWatch => ({
  expiry: { state: () => state, age: () => age },
  watching,
});
const byLease = (spec: object = {}, connected = false) =>
  framework("fw", { connection: { type: "Lease", leaseDuration: "10s", ...spec } }, { connected });

describe("a framework's connection", () => {
  it("is by the Lease of its name, or the one it says", () => {
    expect(frameworkLeaseKey(byLease())).toBe("ns/mesos-framework-fw");
    expect(frameworkLeaseKey(byLease({ leaseName: "mine" }))).toBe("ns/mine");
  });

  it("lasts as long as its own spec says since the last renewal that was seen", () => {
    expect(frameworkConnection(byLease(), leases("fresh", 4_000))).toEqual({
      connected: true,
      lapsesAfter: 6_000,
    });
    expect(frameworkConnection(byLease(), leases("fresh", 10_000))).toMatchObject({ reason: "LeaseLapsed" });
    expect(frameworkConnection(byLease(), leases("lapsed", 0))).toMatchObject({ reason: "LeaseLapsed" });
    expect(frameworkConnection(byLease(), leases("absent"))).toMatchObject({ reason: "LeaseMissing" });
  });

  it("is not judged while nobody can see renewals", () => {
    expect(frameworkConnection(byLease({}, true), leases("fresh", 99_000, false))).toEqual({
      connected: true,
    });
    expect(frameworkConnection(byLease({}, false), leases("fresh", 99_000, false)).connected).toBe(false);
    // To give it up is a word, not silence.
    expect(frameworkConnection(byLease({}, true), leases("lapsed", 0, false)).connected).toBe(false);
  });

  it("is always there for Manual, and never without a gateway for Gateway", () => {
    const of = (type: string) => framework("fw", { connection: { type } });
    expect(frameworkConnection(of("Manual"), leases("absent"))).toEqual({ connected: true });
    expect(frameworkConnection(of("Gateway"), leases("absent"))).toMatchObject({ reason: "GatewayMissing" });
  });
});
