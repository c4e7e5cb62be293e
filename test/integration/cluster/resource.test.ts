import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Connection } from "../../../src/cluster/connection.ts";
import { configMaps, namespaces, pods, serviceAccounts } from "../../../src/cluster/core.ts";
import {
  ApiError,
  isAlreadyExists,
  isConflict,
  isInvalid,
  isNotFound,
  isTooManyRequests,
} from "../../../src/cluster/errors.ts";
import type { KubeObject } from "../../../src/cluster/object.ts";
import { resource } from "../../../src/cluster/resource.ts";
import { configMap, connectTo, freshNamespace, makeConfigMaps } from "./fixture.ts";

let connection: Connection;
let namespace: string;

beforeAll(async () => {
  connection = await connectTo();
  namespace = await freshNamespace(connection, "resource");
  await serviceAccounts(connection).create({ metadata: { namespace, name: "default" } });
});
afterAll(() => connection.close());

/** What the promise rejects with. */
const failure = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => expect.unreachable("it did not fail"),
    (error: unknown) => error,
  );

const pod = (name: string) => ({
  metadata: { namespace, name, labels: { app: name } },
  spec: {
    containers: [
      { name: "main", image: "none", resources: { requests: { cpu: "10m", memory: "16Mi" } } },
      { name: "side", image: "none" },
    ],
  },
});

describe("objects", () => {
  it("are made, read, changed and deleted; times are text, managedFields are left out", async () => {
    const maps = configMaps(connection);
    const made = await maps.create(configMap(namespace, "life", { a: "1" }));
    expect(made.metadata.creationTimestamp).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    const read = await maps.get(made.metadata);
    expect(read).toEqual(made);
    expect(read.metadata).not.toHaveProperty("managedFields");
    const changed = await maps.update({ ...read, data: { a: "2" } });
    expect(changed.data).toEqual({ a: "2" });
    await maps.delete(changed.metadata);
    expect(isNotFound(await failure(maps.get(made.metadata)))).toBe(true);
  });

  it("are refused with errors that tell code, reason, request and field", async () => {
    const maps = configMaps(connection);
    const made = await maps.create(configMap(namespace, "refused"));
    expect(isAlreadyExists(await failure(maps.create(configMap(namespace, "refused"))))).toBe(true);
    await maps.update({ ...made, data: { x: "1" } });
    const stale = await failure(maps.update({ ...made, data: { x: "2" } }));
    expect(isConflict(stale)).toBe(true);
    expect(String(stale)).toContain(`PUT /api/v1/namespaces/${namespace}/configmaps/refused`);
    const invalid = await failure(namespaces(connection).create({ metadata: { name: "No_Name" } }));
    expect(isInvalid(invalid) && invalid.status.details?.causes?.[0]?.field).toBe("metadata.name");
    expect(await failure(maps.delete({ namespace, name: "none" }))).toMatchObject({
      code: 404,
      reason: "NotFound",
    });
  });

  it("are deleted only if uid and version still hold", async () => {
    const maps = configMaps(connection);
    const { metadata } = await maps.create(configMap(namespace, "conditional"));
    expect(isConflict(await failure(maps.delete(metadata, { uid: "another" })))).toBe(true);
    expect(isConflict(await failure(maps.delete(metadata, { resourceVersion: "1" })))).toBe(true);
    const { uid, resourceVersion } = metadata;
    await maps.delete(metadata, { uid, resourceVersion });
  });

  it("need a namespace if their kind has one", async () => {
    await expect(async () => configMaps(connection).get({ name: "x" })).rejects.toThrow(
      "a namespace is needed",
    );
  });

  it("may have any characters that are not a path's in their names", async () => {
    const error = await failure(configMaps(connection).get({ namespace, name: "../secrets" }));
    expect(error).toBeInstanceOf(ApiError);
    expect(String(error)).toContain("..%2Fsecrets");
  });

  it("are not stored by a dry run", async () => {
    const maps = configMaps(connection);
    await maps.create(configMap(namespace, "dry"), { dryRun: true });
    expect(isNotFound(await failure(maps.get({ namespace, name: "dry" })))).toBe(true);
  });
});

describe("lists", () => {
  it("come page by page, in one version, with apiVersion and kind on each item", async () => {
    const own = await freshNamespace(connection, "pages");
    await makeConfigMaps(connection, own, 25);
    const sizes: number[] = [];
    for await (const page of configMaps(connection).pages({ namespace: own, limit: 10 }))
      sizes.push(page.items.length);
    expect(sizes).toEqual([10, 10, 5]);
    const { items, resourceVersion } = await configMaps(connection).list({ namespace: own, limit: 10 });
    expect(items.map(({ data }) => data?.name)).toEqual(items.map(({ metadata }) => metadata.name));
    expect(items).toHaveLength(25);
    expect(items[0]).toMatchObject({ apiVersion: "v1", kind: "ConfigMap" });
    expect(Number(resourceVersion)).toBeGreaterThan(0);
  });

  it("hold what the selectors select", async () => {
    await configMaps(connection).create({ metadata: { namespace, name: "labelled", labels: { a: "b" } } });
    const byLabel = await configMaps(connection).list({ namespace, labelSelector: "a=b" });
    const byField = await configMaps(connection).list({ namespace, fieldSelector: "metadata.name=labelled" });
    expect([byLabel, byField].map(({ items }) => items.map(({ metadata }) => metadata.name))).toEqual([
      ["labelled"],
      ["labelled"],
    ]);
  });
});

describe("patches", () => {
  it("merge, follow RFC 6902, or are strategic", async () => {
    const maps = configMaps(connection);
    const { metadata } = await maps.create(configMap(namespace, "patched", { a: "1", b: "1" }));
    expect((await maps.mergePatch(metadata, { data: { a: null, c: "1" } })).data).toEqual({ b: "1", c: "1" });
    const stale = maps.mergePatch(metadata, {
      metadata: { resourceVersion: metadata.resourceVersion },
      data: {},
    });
    expect(isConflict(await failure(stale))).toBe(true);
    const test = [
      { op: "test", path: "/data/b", value: "1" },
      { op: "replace", path: "/data/b", value: "2" },
    ] as const;
    expect((await maps.jsonPatch(metadata, test)).data?.b).toBe("2");
    expect(await failure(maps.jsonPatch(metadata, test))).toMatchObject({ code: 422 });
    await pods(connection).create(pod("strategic"));
    const image = { spec: { containers: [{ name: "side", image: "other" }] } };
    const patched = await pods(connection).strategicPatch({ namespace, name: "strategic" }, image);
    expect(patched.spec?.containers.map((container) => container.image)).toEqual(["none", "other"]);
  });
});

describe("subresources", () => {
  it("change status apart from spec", async () => {
    const made = await pods(connection).create(pod("status"));
    const changed = await pods(connection).updateStatus({
      ...made,
      status: { ...made.status, message: "said" },
    });
    expect(changed.status?.message).toBe("said");
    const patch = { status: { message: "patched" } };
    await pods(connection).mergePatch(made.metadata, patch, { subresource: "status" });
    expect((await pods(connection).get(made.metadata)).status?.message).toBe("patched");
  });

  it("resize a Pod in place, by merge of the containers' names", async () => {
    const { metadata } = await pods(connection).create(pod("resized"));
    const requests = { cpu: "250m", memory: "64Mi" };
    const patch = { spec: { containers: [{ name: "main", resources: { requests } }] } };
    const resized = await pods(connection).strategicPatch(metadata, patch, { subresource: "resize" });
    expect(resized.spec?.containers[0]?.resources?.requests).toEqual(requests);
    expect(resized.spec?.containers).toHaveLength(2);
  });

  it("evict, and tell at once of a disruption budget that forbids it", async () => {
    const eviction = (name: string) => ({
      apiVersion: "policy/v1",
      kind: "Eviction",
      metadata: { name, namespace },
    });
    const running = { status: { phase: "Running", conditions: [{ type: "Ready", status: "True" }] } };
    const guarded = await pods(connection).create(pod("guarded"));
    await pods(connection).mergePatch(guarded.metadata, running, { subresource: "status" });
    const type = {
      group: "policy",
      version: "v1",
      kind: "PodDisruptionBudget",
      plural: "poddisruptionbudgets",
    };
    const budgets = resource<KubeObject & { spec: object }>(connection, { ...type, namespaced: true });
    const spec = { minAvailable: 1, selector: { matchLabels: { app: "guarded" } } };
    await budgets.create({ metadata: { namespace, name: "guarded" }, spec });
    const started = performance.now();
    const refused = await failure(pods(connection).post(guarded.metadata, "eviction", eviction("guarded")));
    expect(isTooManyRequests(refused)).toBe(true);
    expect(performance.now() - started).toBeLessThan(9_000);
    const free = await pods(connection).create(pod("free"));
    await pods(connection).post(free.metadata, "eviction", eviction("free"));
    expect(isNotFound(await failure(pods(connection).get(free.metadata)))).toBe(true);
  });
});

describe("server-side apply", () => {
  const ref = () => ({ namespace, name: "applied" });

  it("makes the object, lets managers own fields side by side, and removes what is given up", async () => {
    const maps = configMaps(connection);
    await maps.apply(ref(), { data: { a: "1", b: "1" } }, { fieldManager: "one" });
    await maps.apply(ref(), { data: { c: "1" } }, { fieldManager: "two" });
    const left = await maps.apply(ref(), { data: { a: "1" } }, { fieldManager: "one" });
    expect(left.data).toEqual({ a: "1", c: "1" });
  });

  it("conflicts on another's field unless forced", async () => {
    const maps = configMaps(connection);
    const taken = maps.apply(ref(), { data: { c: "2" } }, { fieldManager: "three" });
    expect(isConflict(await failure(taken))).toBe(true);
    const forced = await maps.apply(ref(), { data: { c: "2" } }, { fieldManager: "three", force: true });
    expect(forced.data).toEqual({ a: "1", c: "2" });
  });

  it("conflicts when the uid is another object's", async () => {
    const wrong = { ...ref(), uid: "00000000-0000-0000-0000-000000000000" };
    const error = await failure(configMaps(connection).apply(wrong, { data: {} }, { fieldManager: "one" }));
    expect(isConflict(error)).toBe(true);
  });
});
