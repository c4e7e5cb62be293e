import { describe, expect, it } from "vitest";
import { INFO_ANNOTATION } from "../../api/group.ts";
import { parseResources, Quantities } from "../../resources/index.ts";
import { framework, list } from "../objects.fixture.ts";
import { forgivenUntil } from "./connection.ts";
import { disconnectedAt, type FrameworkFacts, frameworkStatus, withOwnStatus } from "./status.ts";
import { timeLeft } from "./teardown.ts";

const now = "2026-01-01T00:10:00Z";
const before = "2026-01-01T00:00:00Z";
const gone = { connected: false, reason: "LeaseLapsed", message: "silent" } as const;
const facts = (more: Partial<FrameworkFacts> = {}): FrameworkFacts => ({
  connection: { connected: true },
  readiness: { ready: false, reason: "RoleNotFound", message: "no role" },
  tasks: 2,
  allocated: parseResources("cpus:2;mem:10"),
  offers: 1,
  offered: parseResources("cpus:3"),
  total: Quantities.fromRecord({ cpus: 16, mem: 100 }),
  excludeFromFairness: [],
  now,
  ...more,
});

describe("a framework's status", () => {
  it("counts tasks for its share, and offers apart", () => {
    expect(frameworkStatus(framework(), facts())).toMatchObject({
      id: "uid-fw",
      connected: true,
      allocated: list("cpus:2;mem:10"),
      offered: list("cpus:3"),
      dominantShare: 0.125,
      share: "12.5%",
      offersOutstanding: 1,
      tasks: 2,
    });
  });

  it("says in conditions why it is not offered anything", () => {
    const { conditions } = frameworkStatus(framework(), facts());
    expect(conditions).toMatchObject([
      {
        type: "Connected",
        status: "True",
        reason: "LeaseRenewed",
        observedGeneration: 1,
        lastTransitionTime: now,
      },
      { type: "Ready", status: "False", reason: "RoleNotFound" },
    ]);
  });

  it("is left as it is where only the gateway has written", () => {
    const written = { ...frameworkStatus(framework(), facts()) };
    const operation = { id: "o", uuid: "u", statusUuid: "s", type: "RESERVE", agent: "n1", time: now };
    const operations = [{ ...operation, state: "FINISHED" as const }];
    const both = framework("fw", {}, { ...written, operations });
    expect(withOwnStatus(both).status).toEqual(frameworkStatus(both, facts()));
  });

  it("remembers when a revive was acted on, once", () => {
    const asked = framework("fw", { revive: { id: "r2" } }, { observedRevive: "r1", revivedAt: before });
    expect(frameworkStatus(asked, facts())).toMatchObject({ observedRevive: "r2", revivedAt: now });
    const done = framework("fw", { revive: { id: "r2" } }, { observedRevive: "r2", revivedAt: before });
    expect(frameworkStatus(done, facts())).toMatchObject({ revivedAt: before });
  });
});

describe("a framework that is away", () => {
  it("is so since it was last there, and not if it never was", () => {
    expect(disconnectedAt(framework(), gone, now)).toBeUndefined();
    expect(disconnectedAt(framework(), { ...gone, wasHere: true }, now)).toBe(now);
    expect(disconnectedAt(framework("fw", {}, { connected: true }), gone, now)).toBe(now);
    expect(disconnectedAt(framework("fw", {}, { connected: false, disconnectedAt: before }), gone, now)).toBe(
      before,
    );
    expect(
      disconnectedAt(framework("fw", {}, { disconnectedAt: before }), { connected: true }, now),
    ).toBeUndefined();
  });

  it("is so from its beginning if a SUBSCRIBE has made it that nobody answered, and is given a minute", () => {
    const connection = { type: "Gateway" as const, leaseDuration: "15s" };
    const made = { annotations: { [INFO_ANNOTATION]: "{}" }, creationTimestamp: before };
    const one = framework("fw", { connection, failoverTimeout: "0s" }, undefined, made);
    expect(disconnectedAt(one, gone, now)).toBe(before);
    expect(disconnectedAt(framework("fw", { connection }), gone, now)).toBeUndefined();
    const streams = (wasHere: boolean) => ({ forgivenUntil: () => 0, wasHere: () => wasHere });
    expect(forgivenUntil(one, streams(false))).toBe(Date.parse(before) + 60_000);
    expect(forgivenUntil(one, streams(true))).toBe(0);
  });

  it("has its failover timeout to come back", () => {
    const one = framework("fw", { failoverTimeout: "15m" });
    expect(timeLeft(one, undefined, Date.parse(now))).toBeUndefined();
    expect(timeLeft(one, before, Date.parse(now))).toBe(5 * 60_000);
    expect(timeLeft(one, before, Date.parse(now) + 600_000)).toBe(0);
  });
});
