import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { roleSpec } from "../../../src/api/role.ts";
import { roles } from "../../../src/client/handles.ts";
import { Breath, SLICE } from "../../../src/cluster/breath.ts";
import type { Connection } from "../../../src/cluster/connection.ts";
import { type ConfigMap, configMaps } from "../../../src/cluster/core.ts";
import { ConnectionError } from "../../../src/cluster/errors.ts";
import { ManualClock } from "../../../src/cluster/manual-clock.ts";
import type { KubeObject } from "../../../src/cluster/object.ts";
import { Reflector } from "../../../src/cluster/reflector.ts";
import type { ListOptions, Resource, WatchOptions } from "../../../src/cluster/resource.ts";
import type { Change } from "../../../src/cluster/store.ts";
import { systemClock } from "../../../src/cluster/time.ts";
import {
  configMap,
  connectByProxy,
  connectTo,
  eventually,
  freshNamespace,
  makeConfigMaps,
  recorded,
  silent,
} from "./fixture.ts";

let connection: Connection;
let stop: AbortController;
const running: Promise<void>[] = [];

beforeAll(async () => {
  connection = await connectTo();
});
afterAll(() => connection.close());

function start(reflector: { run(signal: AbortSignal): Promise<void>; synced: Promise<void> }): Promise<void> {
  stop ??= new AbortController();
  running.push(reflector.run(stop.signal));
  return reflector.synced;
}

afterEach(async () => {
  stop?.abort();
  await Promise.all(running.splice(0));
  stop = new AbortController();
});

async function drain(events: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of events);
}

const told = (change: Change<ConfigMap>) =>
  `${change.type} ${change.object.metadata.name} ${change.object.data?.a ?? ""}`;

/** The API server itself refuses a watch that is to list: its selector is none. */
const refusingToList =
  <T extends KubeObject>(kind: Resource<T>) =>
  (options: WatchOptions) =>
    kind.watch(options.resourceVersion === undefined ? { ...options, labelSelector: "(" } : options);

describe("Reflector", () => {
  it("mirrors a list and each change after it, in order", async () => {
    const namespace = await freshNamespace(connection, "mirror");
    const maps = configMaps(connection);
    const first = await maps.create(configMap(namespace, "first", { a: "1" }));
    const reflector = new Reflector(maps, { namespace, logger: silent, freeze: true });
    const changes: string[] = [];
    reflector.onChange((change) => changes.push(told(change)));
    expect([reflector.hasSynced, reflector.lastWatchAge()]).toEqual([false, Number.POSITIVE_INFINITY]);
    await start(reflector);
    expect(changes).toEqual(["added first 1"]);
    const second = await maps.create(configMap(namespace, "second", { a: "1" }));
    await maps.update({ ...first, data: { a: "2" } });
    await maps.delete(second.metadata);
    await eventually(() => expect(changes).toHaveLength(4));
    expect(changes.slice(1)).toEqual(["added second 1", "updated first 2", "deleted second 1"]);
    expect(reflector.store.get(`${namespace}/first`)?.data).toEqual({ a: "2" });
    expect(reflector.store.size).toBe(1);
    expect(reflector.lastWatchAge()).toBeLessThan(5_000);
    const late: string[] = [];
    const leave = reflector.onChange((change) => late.push(told(change)));
    expect(late).toEqual(["added first 2"]);
    leave();
    expect(() => Object.assign(reflector.store.get(`${namespace}/first`)?.data ?? {}, { a: "3" })).toThrow(
      TypeError,
    );
  });

  it("tells a list bit by bit, with a turn for others between, and is synced once all is told", async () => {
    const namespace = await freshNamespace(connection, "breath");
    await makeConfigMaps(connection, namespace, 30);
    let [now, turns] = [0, 0];
    const clock = { ...systemClock, monotonic: () => now };
    const breath = Breath.of(clock, async () => {
      turns += 1;
    });
    const reflector = new Reflector(configMaps(connection), { namespace, logger: silent, breath });
    const seen: number[] = [];
    reflector.onChange(() => {
      seen.push(reflector.store.size);
      now += SLICE;
    });
    await start(reflector);
    expect(seen).toEqual(Array.from({ length: 30 }, (_, index) => index + 1));
    expect(turns).toBe(30);
    const later: string[] = [];
    reflector.follow((change) => later.push(told(change)));
    await configMaps(connection).create(configMap(namespace, "later", { a: "1" }));
    await eventually(() => expect(later).toEqual(["added later 1"]));
  });

  it("holds what the selectors select: an object that leaves the selection is deleted", async () => {
    const namespace = await freshNamespace(connection, "select");
    const maps = configMaps(connection);
    const reflector = new Reflector(maps, {
      namespace,
      labelSelector: "in=yes",
      logger: silent,
      indexers: { value: ({ data }) => (data?.a ? [data.a] : []) },
    });
    await start(reflector);
    const made = await maps.create({
      ...configMap(namespace, "x", { a: "7" }),
      metadata: { namespace, name: "x", labels: { in: "yes" } },
    });
    await maps.create(configMap(namespace, "y", { a: "7" }));
    await eventually(() => expect(reflector.store.by("value", "7")).toHaveLength(1));
    await maps.mergePatch(made.metadata, { metadata: { labels: { in: "no" } } });
    await eventually(() => expect(reflector.store.size).toBe(0));
  });

  it("takes the watch up where it was cut, without a new list", async () => {
    const { proxy, connection: proxied } = await connectByProxy();
    const namespace = await freshNamespace(connection, "cut");
    const maps = configMaps(connection);
    const { logger, lines } = recorded();
    const reflector = new Reflector(configMaps(proxied), { namespace, logger, random: () => 0 });
    const blind: number[] = [];
    reflector.onOpen((milliseconds) => blind.push(milliseconds));
    await start(reflector);
    await eventually(() => expect(reflector.watching).toBe(true));
    proxy.cut();
    await eventually(() => expect(reflector.watching).toBe(false));
    await maps.create(configMap(namespace, "meanwhile"));
    await eventually(() => expect(reflector.store.size).toBe(1));
    expect(lines.filter(({ msg }) => msg === "listed")).toHaveLength(1);
    expect(lines.filter(({ msg }) => msg === "watch failed")).toHaveLength(1);
    expect(blind).toHaveLength(2);
    expect(blind[1]).toBeGreaterThan(700);
    stop.abort();
    await Promise.all(running);
    proxied.close();
    await proxy.stop();
  });

  it("leaves no socket, timer or listener behind when it stops", async () => {
    const namespace = await freshNamespace(connection, "leak");
    const { proxy, connection: proxied } = await connectByProxy();
    const reflector = new Reflector(configMaps(proxied), { namespace, logger: silent });
    await start(reflector);
    await eventually(() => expect(reflector.watching).toBe(true));
    stop.abort();
    await Promise.all(running);
    await eventually(() => expect(proxy.open).toBeLessThanOrEqual(1));
    const { signal } = new AbortController();
    const added = vi.spyOn(signal, "addEventListener");
    const removed = vi.spyOn(signal, "removeEventListener");
    for (let i = 0; i < 30; i++) {
      const { resourceVersion } = await configMaps(proxied).list({ namespace, signal });
      const onOpen = () => void setImmediate(() => proxy.cut());
      const watch = configMaps(proxied).watch({
        namespace,
        resourceVersion,
        timeoutSeconds: 60,
        signal,
        onOpen,
      });
      await expect(drain(watch)).rejects.toThrow(ConnectionError);
    }
    await eventually(() => expect(removed.mock.calls.length).toBeGreaterThanOrEqual(added.mock.calls.length));
    await eventually(() => expect(proxy.open).toBe(0));
    proxied.close();
    await proxy.stop();
  });

  it("lists 3,000 objects by one watch, and hears of 1,000 changes on it", async () => {
    const namespace = await freshNamespace(connection, "many");
    const made = await makeConfigMaps(connection, namespace, 3_000);
    let calls = 0;
    const counted = await connectTo({ onAnswer: () => (calls += 1) });
    const reflector = new Reflector(configMaps(counted), { namespace, logger: silent });
    let updates = 0;
    reflector.onChange(({ type }) => (updates += type === "updated" ? 1 : 0));
    await start(reflector);
    expect(reflector.store.size).toBe(3_000);
    expect(calls).toBe(1);
    const changed = made.slice(0, 1_000);
    await Promise.all(
      changed.map(({ metadata }) => configMaps(connection).mergePatch(metadata, { data: { a: "2" } })),
    );
    await eventually(() => expect(updates).toBe(1_000));
    stop.abort();
    await Promise.all(running);
    counted.close();
  });

  it("lists page by page where the server refuses to list by a watch", async () => {
    const namespace = await freshNamespace(connection, "pages");
    await makeConfigMaps(connection, namespace, 250);
    const maps = configMaps(connection);
    const source = { type: maps.type, pages: maps.pages.bind(maps), watch: refusingToList(maps) };
    const reflector = new Reflector(source, { namespace, logger: silent });
    await start(reflector);
    expect(reflector.store.size).toBe(250);
    await eventually(() => expect(reflector.watching).toBe(true));
    const changes: string[] = [];
    reflector.follow((change) => changes.push(told(change)));
    await maps.create(configMap(namespace, "later", { a: "1" }));
    await eventually(() => expect(changes).toEqual(["added later 1"]));
  });

  it("goes on when the server ends a watch in due time, at once and without a new list", async () => {
    const namespace = await freshNamespace(connection, "idle");
    const maps = configMaps(connection);
    const { resourceVersion } = await maps.list({ namespace });
    const started = performance.now();
    const seen: string[] = [];
    for await (const event of maps.watch({ namespace, resourceVersion, timeoutSeconds: 1 }))
      seen.push(event.type);
    expect(performance.now() - started).toBeLessThan(5_000);
    expect(seen.filter((type) => type !== "BOOKMARK")).toEqual([]);
  });

  it("lists again at once when its first watch is told that its version is too old, and waits before a third list", async () => {
    // Of a custom kind: the server's cache of those is younger than its first version.
    const kind = roles(connection);
    const role = (name: string) => ({
      apiVersion: "mesos.dev/v1alpha1" as const,
      kind: "Role" as const,
      metadata: { name },
      spec: roleSpec.parse({ path: name }),
    });
    await kind.create(role("expired-a"));
    let lists = 0;
    const late = {
      type: kind.type,
      watch: refusingToList(kind),
      async *pages(options?: ListOptions) {
        lists += 1;
        for await (const page of kind.pages(options)) {
          yield { ...page, ...(lists < 3 && { resourceVersion: "1" }) };
        }
      },
    };
    const clock = new ManualClock();
    const reflector = new Reflector(late, { logger: silent, clock });
    await start(reflector);
    await eventually(() => expect([lists, clock.pending]).toEqual([2, 1]));
    expect(reflector.watching).toBe(false);
    await clock.advance(2_000);
    // The first wait is the second of the backoff.
    await clock.advance(2_000);
    await eventually(() => expect([lists, reflector.watching]).toEqual([3, true]));
    await kind.create(role("expired-b"));
    await eventually(() => expect(reflector.store.has("expired-b")).toBe(true));
    for (const name of ["expired-a", "expired-b"]) await kind.delete({ name });
  });

  it("tells all handlers even if one of them throws", async () => {
    const namespace = await freshNamespace(connection, "throws");
    const { logger, lines } = recorded();
    const reflector = new Reflector(configMaps(connection), { namespace, logger });
    reflector.onChange(() => {
      throw new Error("clumsy");
    });
    const heard: string[] = [];
    reflector.onChange((change) => heard.push(change.type));
    await start(reflector);
    await configMaps(connection).create(configMap(namespace, "a"));
    await eventually(() => expect(heard).toEqual(["added"]));
    expect(lines).toContainEqual(expect.objectContaining({ msg: "a handler threw" }));
  });
});
