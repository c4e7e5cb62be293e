import { Registry } from "prom-client";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { Applier } from "../../../src/cluster/apply.ts";
import type { Connection } from "../../../src/cluster/connection.ts";
import { Controller, from, type Reconciler, TerminalError } from "../../../src/cluster/controller.ts";
import { type ConfigMap, configMaps } from "../../../src/cluster/core.ts";
import { isNotFound } from "../../../src/cluster/errors.ts";
import { addFinalizer, removeFinalizer } from "../../../src/cluster/finalizers.ts";
import { HealthServer } from "../../../src/cluster/health.ts";
import { Metrics } from "../../../src/cluster/metrics.ts";
import { parseKey } from "../../../src/cluster/object.ts";
import { Reflector } from "../../../src/cluster/reflector.ts";
import type { Resource } from "../../../src/cluster/resource.ts";
import {
  configMap,
  connectTo,
  eventually,
  freshNamespace,
  makeConfigMaps,
  recorded,
  silent,
} from "./fixture.ts";

let connection: Connection;
let maps: Resource<ConfigMap>;
let namespace: string;
let cache: Reflector<ConfigMap>;
let stop: AbortController;
let running: Promise<void>[];

beforeAll(async () => {
  connection = await connectTo();
  maps = configMaps(connection);
});
afterAll(() => connection.close());

beforeEach(async () => {
  namespace = await freshNamespace(connection, "controller");
  cache = new Reflector(maps, { namespace, logger: silent, freeze: true });
  stop = new AbortController();
  running = [cache.run(stop.signal)];
});
afterEach(async () => {
  stop.abort();
  await Promise.all(running);
});

function control(reconcile: Reconciler, options: { workers?: number; timeout?: number } = {}) {
  const { logger, lines } = recorded();
  const registry = new Registry();
  const metrics = new Metrics(registry);
  const sources = [from(cache, undefined, ({ object }) => !object.metadata.name.startsWith("copy-of-"))];
  const controller = new Controller({ name: "copier", reconcile, sources, logger, metrics, ...options });
  running.push(controller.run(stop.signal));
  return { controller, lines, registry };
}

describe("Controller", () => {
  it("makes the world follow the objects, over changes, deletions and its own restart", async () => {
    const copy: Reconciler = async (key, signal) => {
      const { name } = parseKey(key);
      const source = cache.store.get(key);
      const ref = { namespace, name: `copy-of-${name}` };
      if (source)
        await maps.apply(ref, { data: source.data }, { fieldManager: "copier", force: true, signal });
      else await maps.delete(ref, { signal }).catch((error) => expect(isNotFound(error)).toBe(true));
    };
    await maps.create(configMap(namespace, "early", { a: "1" }));
    control(copy);
    const data = async (name: string) => (await maps.get({ namespace, name })).data;
    await eventually(async () => expect(await data("copy-of-early")).toEqual({ a: "1" }));
    await maps.mergePatch({ namespace, name: "early" }, { data: { a: "2" } });
    await eventually(async () => expect(await data("copy-of-early")).toEqual({ a: "2" }));
    await maps.delete({ namespace, name: "early" });
    await eventually(async () => expect((await maps.list({ namespace })).items).toEqual([]));
  });

  it("reconciles each of 300 objects with 4 workers, no key twice at once", async () => {
    await makeConfigMaps(connection, namespace, 300);
    const inHand = new Set<string>();
    const done = new Set<string>();
    let most = 0;
    const { registry } = control(
      async (key, signal) => {
        expect(inHand.has(key)).toBe(false);
        inHand.add(key);
        most = Math.max(most, inHand.size);
        await maps.get(parseKey(key), { signal });
        inHand.delete(key);
        done.add(key);
      },
      { workers: 4 },
    );
    await eventually(() => expect(done.size).toBe(300));
    expect(most).toBe(4);
    await eventually(async () => {
      const text = await registry.metrics();
      expect(text).toContain('controller_runtime_reconcile_total{controller="copier",result="success"} 300');
      expect(text).toContain('workqueue_depth{name="copier"} 0');
    });
  });

  it("tries again after errors with growing pauses, not after a TerminalError, and when asked to", async () => {
    const calls: Record<string, number[]> = {};
    const times = (name: string) => (calls[name] ??= []);
    for (const name of ["fails", "hopeless", "again"]) await maps.create(configMap(namespace, name));
    const { lines } = control(async (key) => {
      const { name } = parseKey(key);
      times(name).push(performance.now());
      if (name === "fails" && times(name).length < 7) throw new Error("not yet");
      if (name === "hopeless") throw new TerminalError("never");
      if (name === "again" && times(name).length < 3) return { requeueAfter: 100 };
      return {};
    });
    await eventually(() => expect([times("fails").length, times("again").length]).toEqual([7, 3]));
    const pauses = times("fails").map((time, i) => time - (times("fails")[i - 1] ?? time));
    // 5 ms doubled; a timer may be early by a part of a millisecond.
    for (const [i, pause] of pauses.slice(1).entries()) expect(pause).toBeGreaterThan(5 * 2 ** i - 1);
    expect((times("again")[1] ?? 0) - (times("again")[0] ?? 0)).toBeGreaterThan(90);
    expect(times("hopeless")).toHaveLength(1);
    expect(lines.filter(({ msg }) => msg === "reconcile failed")).toHaveLength(6);
    expect(lines).toContainEqual(expect.objectContaining({ msg: "reconcile failed for good" }));
    await maps.mergePatch({ namespace, name: "hopeless" }, { data: { changed: "yes" } });
    await eventually(() => expect(times("hopeless")).toHaveLength(2));
  });

  it("aborts a reconcile that takes too long, and tries it again", async () => {
    await maps.create(configMap(namespace, "stuck"));
    let calls = 0;
    const { lines } = control(
      (_, signal) => {
        calls += 1;
        if (calls > 1) return Promise.resolve();
        return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
      },
      { timeout: 100 },
    );
    await eventually(() => expect(calls).toBe(2));
    expect(JSON.stringify(lines)).toContain("no end within 100 ms");
  });

  it("waits for what is in hand when it stops, and takes nothing more", async () => {
    await makeConfigMaps(connection, namespace, 3);
    const ended: string[] = [];
    let begun = 0;
    control(async (key, signal) => {
      begun += 1;
      await new Promise((resolve) => signal.addEventListener("abort", () => setTimeout(resolve, 50)));
      ended.push(key);
    });
    await eventually(() => expect(begun).toBe(1));
    stop.abort();
    await Promise.all(running);
    expect([begun, ended.length]).toEqual([1, 1]);
  });
});

describe("finalizers", () => {
  it("are added and removed against others' writes, and hold the object meanwhile", async () => {
    const stale = await maps.create(configMap(namespace, "held"));
    await maps.mergePatch(stale.metadata, { data: { other: "write" } });
    const held = await addFinalizer(maps, stale, "example.org/hold");
    expect(held.metadata.finalizers).toEqual(["example.org/hold"]);
    expect(held.data).toEqual({ other: "write" });
    expect(await addFinalizer(maps, held, "example.org/hold")).toBe(held);
    await maps.delete(held.metadata);
    const deleted = await maps.get(held.metadata);
    expect(deleted.metadata.deletionTimestamp).toBeDefined();
    await removeFinalizer(maps, deleted, "example.org/hold");
    await expect(maps.get(held.metadata)).rejects.toThrow("not found");
    await removeFinalizer(maps, deleted, "example.org/hold");
  });

  it("of an object made anew under the name are not touched", async () => {
    const first = await maps.create({
      ...configMap(namespace, "anew"),
      metadata: { namespace, name: "anew", finalizers: ["example.org/hold"] },
    });
    await maps.mergePatch(first.metadata, { metadata: { finalizers: null } });
    await maps.delete(first.metadata);
    const second = await addFinalizer(
      maps,
      await maps.create(configMap(namespace, "anew")),
      "example.org/hold",
    );
    await removeFinalizer(maps, first, "example.org/hold");
    expect((await maps.get(second.metadata)).metadata.finalizers).toEqual(["example.org/hold"]);
    await removeFinalizer(maps, second, "example.org/hold");
  });
});

describe("Applier", () => {
  it("owns what it applies and gives up what it leaves out", async () => {
    const applier = new Applier(maps, "applier");
    await applier.object({ metadata: { namespace, name: "owned" }, data: { a: "1", b: "1" } });
    await maps.mergePatch({ namespace, name: "owned" }, { data: { c: "1" } });
    const left = await applier.object({ metadata: { namespace, name: "owned" }, data: { b: "2" } });
    expect(left.data).toEqual({ b: "2", c: "1" });
  });
});

describe("HealthServer", () => {
  it("tells live from ready, check by check, and serves the metrics", async () => {
    const registry = new Registry();
    new Metrics(registry).watch("configmaps", cache);
    const readyz = { "configmaps-synced": () => (cache.hasSynced ? undefined : "no list yet") };
    const health = new HealthServer({ port: 0, host: "127.0.0.1", livez: {}, readyz, registry });
    const port = await health.start();
    const get = async (path: string) => {
      const response = await fetch(`http://127.0.0.1:${port}${path}`);
      return `${response.status} ${await response.text()}`;
    };
    await cache.synced;
    expect(await get("/livez")).toBe("200 ok\n");
    expect(await get("/readyz?verbose")).toBe("200 [+]configmaps-synced ok\n");
    expect(await get("/metrics")).toMatch(/reflector_objects\{name="configmaps"\} 0\n/);
    expect(await get("/metrics")).toMatch(/event_loop_lag_seconds\{quantile="1"\} 0/);
    expect(await get("/other")).toMatch(/^404/);
    await health.stop();
    const unready = new HealthServer({
      port: 0,
      host: "127.0.0.1",
      livez: {},
      readyz: { synced: () => "no list yet" },
      registry: new Registry(),
    });
    const second = await unready.start();
    const response = await fetch(`http://127.0.0.1:${second}/readyz`);
    expect(`${response.status} ${await response.text()}`).toBe("503 [-]synced failed: no list yet\n");
    await unready.stop();
  });
});
