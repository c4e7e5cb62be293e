import { describe, expect, it } from "vitest";
import { type KubeObject, keyOf, type Live } from "./object.ts";
import { type Change, Store } from "./store.ts";

interface Pod extends KubeObject {
  readonly node?: string;
}

const pod = (name: string, version: number, node?: string, uid = `uid-${name}`): Live<Pod> => ({
  metadata: {
    name,
    namespace: "ns",
    uid,
    resourceVersion: `${version}`,
    creationTimestamp: "2026-01-01T00:00:00Z",
  },
  ...(node ? { node } : {}),
});

const storeOf = () => new Store<Pod, "node">({ node: (object) => (object.node ? [object.node] : []) });

const byKey = (pods: readonly Live<Pod>[]) => new Map(pods.map((one) => [keyOf(one.metadata), one]));

const told = (changes: readonly Change<Pod>[]) =>
  changes.map(
    (change) => `${change.type} ${change.object.metadata.name}@${change.object.metadata.resourceVersion}`,
  );

describe("Store", () => {
  it("tells nothing of an object that is the same to whoever reads it", () => {
    const store = new Store<Pod>({}, (object, old) => object.node === old.node);
    store.put(pod("a", 1, "n1"));
    expect(told(store.put(pod("a", 2, "n1")))).toEqual([]);
    expect(told(store.put(pod("a", 3, "n2")))).toEqual(["updated a@3"]);
    expect(told(store.put(pod("a", 4, "n2", "another")))).toEqual(["deleted a@3", "added a@4"]);
    expect(told(store.remove("ns/a", pod("a", 5, "n2", "another")))).toEqual(["deleted a@5"]);
  });

  it("keeps the newest state by key and by index", () => {
    const store = storeOf();
    store.put(pod("a", 1, "n1"));
    store.put(pod("b", 2, "n1"));
    store.put(pod("c", 3));
    store.put(pod("a", 4, "n2"));
    expect(store.size).toBe(3);
    expect(store.get("ns/a")?.metadata.resourceVersion).toBe("4");
    expect(store.by("node", "n1").map(({ metadata }) => metadata.name)).toEqual(["b"]);
    expect(store.by("node", "n2").map(({ metadata }) => metadata.name)).toEqual(["a"]);
    expect([...store.indexed("node")].sort()).toEqual(["n1", "n2"]);
  });

  it("leaves no empty index value behind", () => {
    const store = storeOf();
    store.put(pod("a", 1, "n1"));
    store.remove("ns/a");
    expect([...store.indexed("node")]).toEqual([]);
    expect(store.by("node", "n1")).toEqual([]);
  });

  it("refuses an index that was never named", () => {
    const store = new Store<Pod, string>({});
    expect(() => store.by("phase", "x")).toThrow("no index is named phase");
  });

  it("tells added, updated with the old one, deleted with the last state", () => {
    const store = storeOf();
    const [first, second, last] = [pod("a", 1), pod("a", 2), pod("a", 3)];
    expect(store.put(first)).toEqual([{ type: "added", object: first, initial: false }]);
    expect(store.put(second)).toEqual([{ type: "updated", object: second, old: first }]);
    expect(store.remove("ns/a", last)).toEqual([{ type: "deleted", object: last }]);
    expect(store.remove("ns/a", last)).toEqual([]);
  });

  it("tells nothing of a version that it has", () => {
    const store = storeOf();
    store.put(pod("a", 1));
    expect(store.put(pod("a", 1))).toEqual([]);
  });

  it("tells an object made anew under its name as deleted and added", () => {
    const store = storeOf();
    store.put(pod("a", 1, "n1", "first"));
    expect(told(store.put(pod("a", 5, "n2", "second")))).toEqual(["deleted a@1", "added a@5"]);
    expect(store.by("node", "n1")).toEqual([]);
    expect(store.size).toBe(1);
  });

  it("replaces the content by a list: what is missing is deleted, what is equal is not told", () => {
    const store = storeOf();
    for (const object of [pod("a", 1), pod("b", 2), pod("c", 3)]) store.put(object);
    const changes = store.replace(byKey([pod("b", 2), pod("c", 7), pod("d", 8)]), false);
    expect(told([...changes])).toEqual(["deleted a@1", "updated c@7", "added d@8"]);
    expect([...store.keys()].sort()).toEqual(["ns/b", "ns/c", "ns/d"]);
  });

  it("replaces step by step: a change is made when it is asked for", () => {
    const store = storeOf();
    store.put(pod("a", 1));
    const changes = store.replace(byKey([pod("b", 2), pod("c", 3)]), false);
    expect(store.has("ns/a")).toBe(true);
    changes.next();
    expect([...store.keys()]).toEqual([]);
    changes.next();
    expect([...store.keys()]).toEqual(["ns/b"]);
  });
});
