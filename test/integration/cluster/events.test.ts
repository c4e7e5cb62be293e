import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Connection } from "../../../src/cluster/connection.ts";
import { type ConfigMap, configMaps, events, namespaces } from "../../../src/cluster/core.ts";
import { EventWriter } from "../../../src/cluster/events.ts";
import { ManualClock } from "../../../src/cluster/manual-clock.ts";
import type { KubeObject, Live } from "../../../src/cluster/object.ts";
import { resource } from "../../../src/cluster/resource.ts";
import { systemClock } from "../../../src/cluster/time.ts";
import { configMap, connectTo, eventually, freshNamespace, silent } from "./fixture.ts";

let connection: Connection;
let namespace: string;
let object: Live<ConfigMap>;
let clock: ManualClock;
let writer: EventWriter;
let stop: AbortController;
let running: Promise<void>;

beforeAll(async () => {
  connection = await connectTo();
});
afterAll(() => connection.close());

beforeEach(async () => {
  namespace = await freshNamespace(connection, "events");
  object = await configMaps(connection).create(configMap(namespace, "regarded"));
  clock = new ManualClock(systemClock.now());
  writer = new EventWriter(events(connection), {
    controller: "example.org/operator",
    instance: "operator-0",
    logger: silent,
    clock,
  });
  stop = new AbortController();
  running = writer.run(stop.signal);
});
afterEach(async () => {
  stop.abort();
  await running;
});

const waiting = { type: "Warning", reason: "NotPlaced", message: "short of cpus on 3 agents" } as const;
const list = async () => (await events(connection).list({ namespace })).items;

describe("EventWriter", () => {
  it("writes what kubectl describe asks for: core/v1 Events by the object's uid", async () => {
    writer.record(object, waiting);
    interface CoreEvent extends KubeObject {
      readonly reason: string;
      readonly message: string;
      readonly type: string;
      readonly reportingComponent: string;
    }
    const type = { group: "", version: "v1", kind: "Event", plural: "events", namespaced: true };
    const core = resource<CoreEvent>(connection, type);
    const fieldSelector = `involvedObject.uid=${object.metadata.uid},involvedObject.kind=ConfigMap`;
    await eventually(async () => {
      const { items } = await core.list({ namespace, fieldSelector });
      expect(items).toEqual([
        expect.objectContaining({ ...waiting, reportingComponent: "example.org/operator" }),
      ]);
    });
  });

  it("counts repeats in one Event, written at most every 10 s", async () => {
    for (let i = 0; i < 5; i++) writer.record(object, waiting);
    await eventually(async () => expect(await list()).toHaveLength(1));
    const count = async () => (await list())[0]?.series?.count ?? 1;
    // What came before the first write is in it; what comes after it waits.
    const first = await count();
    expect(first).toBe(5);
    for (let i = 0; i < 3; i++) writer.record(object, waiting);
    await clock.advance(9_000);
    expect(await count()).toBe(first);
    await clock.advance(1_000);
    await eventually(async () => expect(await count()).toBe(8));
    expect(await list()).toHaveLength(1);
  });

  it("begins another Event after six quiet minutes, or when the old one is gone", async () => {
    writer.record(object, waiting);
    await eventually(async () => expect(await list()).toHaveLength(1));
    await clock.advance(6 * 60_000);
    writer.record(object, waiting);
    await eventually(async () => expect(await list()).toHaveLength(2));
    for (const { metadata } of await list()) await events(connection).delete(metadata);
    writer.record(object, waiting);
    await clock.advance(10_000);
    await eventually(async () => expect((await list())[0]?.series?.count).toBe(2));
  });

  it("keeps other notes apart, and drops what one object has too much of", async () => {
    for (let i = 0; i < 40; i++) writer.record(object, { ...waiting, message: `note ${i}` });
    await eventually(async () => expect(await list()).toHaveLength(25));
    const other = await configMaps(connection).create(configMap(namespace, "other"));
    writer.record(other, waiting);
    await eventually(async () => expect(await list()).toHaveLength(26));
  });

  it("tells of cluster-scoped objects in default, and cuts what is too long between characters", async () => {
    const regarded = await namespaces(connection).get({ name: namespace });
    writer.record(regarded, { type: "Normal", reason: "Told", message: "é".repeat(2_000) });
    const fieldSelector = `reason=Told`;
    await eventually(async () => {
      const { items } = await events(connection).list({ namespace: "default", fieldSelector });
      const event = items.find((item) => item.regarding?.uid === regarded.metadata.uid);
      expect(event?.note).toMatch(/^é+…$/);
      expect(Buffer.byteLength(event?.note ?? "")).toBeGreaterThan(1_000);
    });
  });

  it("writes what is left when it stops", async () => {
    stop.abort();
    await running;
    const late = new EventWriter(events(connection), {
      controller: "example.org/operator",
      instance: "operator-0",
      logger: silent,
    });
    late.record(object, waiting);
    await late.run(AbortSignal.abort());
    expect(await list()).toHaveLength(1);
  });
});
