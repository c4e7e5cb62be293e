import { describe, expect, it } from "vitest";
import { parseResources } from "../../resources/index.ts";
import { agent, agentState, framework } from "../objects.fixture.ts";
import { labelsOf, type OfferContext, offerName, offerObject } from "./offerobject.ts";

const planned = {
  framework: "ns/fw",
  role: "eng/ads",
  agent: "n1",
  resources: parseResources("cpus:2;ports:[1-2]"),
};
const context = (more: Partial<OfferContext> = {}): OfferContext => ({
  framework: framework(),
  agent: agent("n1", { maintenance: { start: "2026-03-01T00:00:00Z", duration: "1h" } }),
  state: agentState("n1", "cpus:4", {
    hostname: "host",
    attributes: [{ name: "rack", value: { kind: "text", text: "r" } }],
  }),
  knownOffers: ["b", "a"],
  now: Date.UTC(2026, 0, 1),
  defaultTimeout: "60s",
  ...more,
});

describe("the object of an offer", () => {
  it("says whose it is, what it has and until when", () => {
    expect(offerObject(planned, context())).toMatchObject({
      kind: "Offer",
      metadata: {
        namespace: "ns",
        labels: { "mesos.dev/framework": "fw", "mesos.dev/agent": "n1", "mesos.dev/role": "eng.ads" },
        ownerReferences: [{ kind: "Framework", name: "fw", uid: "uid-fw" }],
      },
      spec: {
        framework: "fw",
        role: "eng/ads",
        agent: "n1",
        hostname: "host",
        resources: [
          { name: "cpus", scalar: 2 },
          { name: "ports", ranges: [{ begin: 1, end: 2 }] },
        ],
        attributes: [{ name: "rack", text: "r" }],
        unavailability: { start: "2026-03-01T00:00:00Z", duration: "1h" },
        expiresAt: "2026-01-01T00:01:00.000Z",
      },
    });
  });

  it("says that it may be taken back, and nothing if not", () => {
    expect(offerObject(planned, context({ revocable: true })).spec.revocable).toBe(true);
    expect(offerObject(planned, context({ revocable: false })).spec).not.toHaveProperty("revocable");
  });

  it("takes the framework's own time", () => {
    const own = context({ framework: framework("fw", { offerTimeout: "500ms" }) });
    expect(offerObject(planned, own).spec.expiresAt).toBe("2026-01-01T00:00:00.500Z");
  });

  it("has one name for one decision on one knowledge", () => {
    const name = offerName(planned, context());
    expect(name).toMatch(/^fw-[0-9a-f]{12}$/);
    expect(offerName(planned, context({ knownOffers: ["a", "b"] }))).toBe(name);
    expect(offerName(planned, context({ knownOffers: ["a"] }))).not.toBe(name);
    expect(offerName({ ...planned, agent: "n2" }, context())).not.toBe(name);
  });

  it("has a name that Kubernetes takes, however long the framework's is", () => {
    const long = context({ framework: framework(`${"x".repeat(199)}-${"y".repeat(40)}`) });
    const name = offerName(planned, long);
    expect(name.length).toBeLessThanOrEqual(253);
    expect(name).toMatch(/^x{199}-[0-9a-f]{12}$/);
  });

  it("has no label that is none", () => {
    expect(labelsOf({ a: "*", b: "x".repeat(64), c: "eng/ads", d: "ok" })).toEqual({ c: "eng.ads", d: "ok" });
  });
});
