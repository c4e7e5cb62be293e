import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Connection } from "../../../src/cluster/connection.ts";
import { leases } from "../../../src/cluster/core.ts";
import { Expiry } from "../../../src/cluster/expiry.ts";
import { Heartbeat } from "../../../src/cluster/heartbeat.ts";
import { Reflector } from "../../../src/cluster/reflector.ts";
import { connectByProxy, connectTo, eventually, freshNamespace, silent } from "./fixture.ts";

let connection: Connection;
let namespace: string;
beforeAll(async () => {
  connection = await connectTo();
  namespace = await freshNamespace(connection, "expiry");
});
afterAll(() => connection.close());

function beat(on: Connection, name: string, options: { release?: boolean; duration?: number } = {}) {
  const stop = new AbortController();
  const timing = { interval: 300, duration: 3_000 };
  const heartbeat = new Heartbeat(leases(on), {
    namespace,
    name,
    identity: name,
    ...timing,
    ...options,
    logger: silent,
  });
  const running = heartbeat.run(stop.signal);
  return {
    heartbeat,
    end: async () => {
      stop.abort();
      await running;
    },
  };
}

async function observe(on: Connection, name: string, duration?: number) {
  const stop = new AbortController();
  const reflector = new Reflector(leases(on), {
    namespace,
    fieldSelector: `metadata.name=${name}`,
    logger: silent,
    random: () => 0,
  });
  const expiry = new Expiry(reflector, duration === undefined ? {} : { duration });
  const told: string[] = [];
  expiry.onChange((key, state) => told.push(`${key.split("/")[1]} ${state}`));
  const before = expiry.state(`${namespace}/${name}`);
  const running = reflector.run(stop.signal);
  await reflector.synced;
  return {
    expiry,
    reflector,
    told,
    before,
    end: async () => {
      expiry.close();
      stop.abort();
      await running;
    },
  };
}

describe("Heartbeat and Expiry", () => {
  it("agree: fresh while it beats, lapsed after it stopped, fresh when it beats again", async () => {
    const key = `${namespace}/agent`;
    const watch = await observe(connection, "agent", 3_000);
    expect([watch.before, watch.expiry.state(key)]).toEqual(["unknown", "absent"]);
    const first = beat(connection, "agent");
    await eventually(() => expect(watch.expiry.state(key)).toBe("fresh"));
    await eventually(() => expect(watch.told).toEqual(["agent fresh"]));
    const { spec } = await leases(connection).get({ namespace, name: "agent" });
    expect(spec).toMatchObject({ holderIdentity: "agent", leaseDurationSeconds: 3 });
    expect(first.heartbeat.age()).toBeLessThan(2_000);
    await new Promise((resolve) => setTimeout(resolve, 4_000));
    expect(watch.told).toEqual(["agent fresh"]);
    await first.end();
    const endedAt = performance.now();
    await eventually(() => expect(watch.expiry.state(key)).toBe("lapsed"));
    expect(performance.now() - endedAt).toBeGreaterThan(2_500);
    const second = beat(connection, "agent");
    await eventually(() => expect(watch.expiry.state(key)).toBe("fresh"));
    await second.end();
    await leases(connection).delete({ namespace, name: "agent" });
    await eventually(() => expect(watch.expiry.state(key)).toBe("absent"));
    expect(watch.told).toEqual(["agent fresh", "agent lapsed", "agent fresh", "agent absent"]);
    await watch.end();
  });

  it("part at once when the Lease is given up, and the Lease's own duration counts if none is set", async () => {
    const watch = await observe(connection, "framework");
    const heart = beat(connection, "framework", { release: true, duration: 60_000 });
    await eventually(() => expect(watch.told).toEqual(["framework fresh"]));
    await heart.end();
    await eventually(() => expect(watch.told).toEqual(["framework fresh", "framework lapsed"]));
    const again = beat(connection, "framework");
    await eventually(() => expect(watch.told).toHaveLength(3));
    await again.end();
    const endedAt = performance.now();
    await eventually(() => expect(watch.told).toHaveLength(4));
    expect(performance.now() - endedAt).toBeGreaterThan(2_500);
    await watch.end();
  });

  it("do not take the observer's blindness for death", async () => {
    const { proxy, connection: proxied } = await connectByProxy();
    const heart = beat(connection, "alive");
    const watch = await observe(proxied, "alive", 3_000);
    await eventually(() => expect(watch.expiry.state(`${namespace}/alive`)).toBe("fresh"));
    await eventually(() => expect(watch.reflector.watching).toBe(true));
    proxy.hold();
    proxy.cut();
    await eventually(() => expect(watch.reflector.watching).toBe(false));
    await new Promise((resolve) => setTimeout(resolve, 4_500));
    expect(watch.expiry.state(`${namespace}/alive`)).toBe("fresh");
    proxy.release();
    await eventually(() => expect(watch.reflector.watching).toBe(true));
    await new Promise((resolve) => setTimeout(resolve, 3_500));
    expect(watch.told).toEqual(["alive fresh"]);
    await heart.end();
    await eventually(() => expect(watch.told).toEqual(["alive fresh", "alive lapsed"]));
    await watch.end();
    proxied.close();
    await proxy.stop();
  });
});
