import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Connection } from "../../../src/cluster/connection.ts";
import { leases } from "../../../src/cluster/core.ts";
import { Election, type ElectionOptions } from "../../../src/cluster/election.ts";
import { connectByProxy, connectTo, eventually, freshNamespace, silent } from "./fixture.ts";

let connection: Connection;
let namespace: string;

beforeAll(async () => {
  connection = await connectTo();
  namespace = await freshNamespace(connection, "election");
});
afterAll(() => connection.close());

const FAST = { leaseDuration: 6_000, renewDeadline: 4_000, retryPeriod: 300 };

/** A candidate, who leads now, and who led when. */
class Candidate {
  readonly #stop = new AbortController();
  readonly outcome: Promise<"stopped" | "lost">;
  readonly election: Election;
  leads = false;
  ledAt = 0;
  endedAt = 0;

  constructor(on: Connection, name: string, identity: string, options: Partial<ElectionOptions> = {}) {
    this.election = new Election(leases(on), {
      ...FAST,
      namespace,
      name,
      identity,
      logger: silent,
      onStarted: (signal) => this.#lead(signal),
      ...options,
    });
    this.outcome = this.election.run(this.#stop.signal);
  }

  stop(): Promise<"stopped" | "lost"> {
    this.#stop.abort();
    return this.outcome;
  }

  async #lead(signal: AbortSignal): Promise<void> {
    this.leads = true;
    this.ledAt = performance.now();
    await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
    this.leads = false;
    this.endedAt = performance.now();
  }
}

describe("Election", () => {
  it("has one leader; the other takes over soon after the first one stops, as the Lease is released", async () => {
    const a = new Candidate(connection, "handover", "a");
    await eventually(() => expect(a.leads).toBe(true));
    const heard: string[] = [];
    const b = new Candidate(connection, "handover", "b", { onNewLeader: (identity) => heard.push(identity) });
    await eventually(() => expect(b.election.leader).toBe("a"));
    expect([a.election.leading, b.election.leading]).toEqual([true, false]);
    expect(await a.stop()).toBe("stopped");
    await eventually(() => expect(b.leads).toBe(true));
    expect(b.ledAt - a.endedAt).toBeLessThan(4_000);
    expect(heard).toEqual(["a", "b"]);
    const { spec } = await leases(connection).get({ namespace, name: "handover" });
    expect(spec).toMatchObject({ holderIdentity: "b", leaseDurationSeconds: 6, leaseTransitions: 1 });
    await b.stop();
    const released = await leases(connection).get({ namespace, name: "handover" });
    expect(released.spec?.holderIdentity).toBeUndefined();
  });

  it("is lost by a leader who cannot renew, before anyone else leads", async () => {
    const { proxy, connection: proxied } = await connectByProxy();
    const a = new Candidate(proxied, "silence", "a");
    await eventually(() => expect(a.leads).toBe(true));
    const b = new Candidate(connection, "silence", "b");
    await eventually(() => expect(b.election.leader).toBe("a"));
    const heldAt = performance.now();
    proxy.hold();
    expect(await a.outcome).toBe("lost");
    expect(a.endedAt - heldAt).toBeLessThan(FAST.renewDeadline + 2_000);
    await eventually(() => expect(b.leads).toBe(true));
    expect(b.ledAt).toBeGreaterThan(a.endedAt);
    expect(b.ledAt - heldAt).toBeLessThan(FAST.leaseDuration + 4_000);
    await b.stop();
    proxied.close();
    await proxy.stop();
  });

  it("is lost at once when somebody else's name stands in the Lease", async () => {
    const a = new Candidate(connection, "stolen", "a");
    await eventually(() => expect(a.leads).toBe(true));
    await leases(connection).mergePatch({ namespace, name: "stolen" }, { spec: { holderIdentity: "thief" } });
    expect(await a.outcome).toBe("lost");
    const { spec } = await leases(connection).get({ namespace, name: "stolen" });
    expect(spec?.holderIdentity).toBe("thief");
  });

  it("survives that others write the Lease without taking it", async () => {
    const a = new Candidate(connection, "labelled", "a");
    await eventually(() => expect(a.leads).toBe(true));
    for (const label of ["1", "2", "3"]) {
      await leases(connection).mergePatch(
        { namespace, name: "labelled" },
        { metadata: { labels: { label } } },
      );
      const before = (await leases(connection).get({ namespace, name: "labelled" })).spec?.renewTime;
      await eventually(async () => {
        const { spec } = await leases(connection).get({ namespace, name: "labelled" });
        expect(spec?.renewTime).not.toBe(before);
      });
    }
    expect(await a.stop()).toBe("stopped");
  });

  it("never has two leaders among four candidates that come and go", async () => {
    const candidates: Candidate[] = [];
    let most = 0;
    const watch = setInterval(() => {
      most = Math.max(most, candidates.filter(({ leads }) => leads).length);
    }, 1);
    for (let round = 0; round < 4; round++) {
      while (candidates.length < 4) {
        candidates.push(new Candidate(connection, "crowd", `c${round}-${candidates.length}`));
      }
      await eventually(() => expect(candidates.some(({ leads }) => leads)).toBe(true));
      const leader = candidates.findIndex(({ leads }) => leads);
      await candidates.splice(leader, 1)[0]?.stop();
    }
    await Promise.all(candidates.map((candidate) => candidate.stop()));
    clearInterval(watch);
    expect(most).toBe(1);
  });

  it("ends with the work: its error is the caller's, and the Lease is free", async () => {
    const a = new Candidate(connection, "failed", "a", {
      onStarted: () => Promise.reject(new Error("broke down")),
    });
    await expect(a.outcome).rejects.toThrow("broke down");
    const { spec } = await leases(connection).get({ namespace, name: "failed" });
    expect(spec?.holderIdentity).toBeUndefined();
  });

  it("keeps the Lease while the work winds down", async () => {
    let finish = () => {};
    const finished = new Promise<void>((resolve) => {
      finish = resolve;
    });
    const a = new Candidate(connection, "slow", "a", { onStarted: () => finished });
    await eventually(() => expect(a.election.leading).toBe(true));
    const stopping = a.stop();
    const b = new Candidate(connection, "slow", "b");
    await eventually(() => expect(b.election.leader).toBe("a"));
    expect(b.leads).toBe(false);
    finish();
    expect(await stopping).toBe("stopped");
    await eventually(() => expect(b.leads).toBe(true));
    await b.stop();
  });

  it("refuses durations that let two lead", () => {
    const make = () => new Candidate(connection, "wrong", "a", { renewDeadline: 6_000 });
    expect(make).toThrow(RangeError);
  });
});
