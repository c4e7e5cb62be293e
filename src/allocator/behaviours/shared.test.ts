import { describe, expect, it } from "vitest";
import { formatResources, fromSpec, parseResources, Resources } from "../../resources/index.ts";
import { capabilities } from "../world.fixture.ts";
import { Cluster } from "./cluster.fixture.ts";

const sharing = { capabilities: capabilities("SHARED_RESOURCES") };
const volume = (scalar: number, role = "r1") =>
  fromSpec([
    {
      name: "disk",
      scalar,
      shared: true,
      reservations: [{ type: "STATIC", role }],
      disk: { persistence: { id: "v" }, volume: { containerPath: "v", mode: "RW" } },
    },
  ]);
const VOLUME = /disk\(r1\)\[v:v\]<SHARED>:5/;

describe("a shared volume", () => {
  it("is offered to frameworks with SHARED_RESOURCES only", () => {
    const cluster = new Cluster().framework("f1", "r1");
    cluster.agent("a1", parseResources("cpus:100;mem:100;disk(r1):95").add(volume(5)));
    expect(cluster.allocate().join()).not.toMatch(VOLUME);
    cluster.decline("f1", "a1").framework("f2", "r1", sharing);
    const [line] = cluster.allocate();
    expect(line).toMatch(/^f2 r1 a1/);
    expect(line).toMatch(VOLUME);
  });

  it.each([true, false])("is offered while it is in use, to one after the other; with quota: %s", (quota) => {
    const cluster = new Cluster().framework("f1", "r1", sharing).framework("f2", "r1", sharing);
    if (quota) cluster.quotaOf("r1", "cpus:8;mem:2048;disk:4096");
    cluster.agent("a1", parseResources("cpus:4;mem:1024;disk(r1):2043").add(volume(5)));
    const [first] = cluster.allocate();
    expect(first).toMatch(/^f1 r1 a1 cpus:4;/);
    cluster.use("f1", "a1", parseResources("cpus:1;mem:5").add(volume(5)));
    const [second] = cluster.allocate();
    expect(second).toMatch(/^f2 r1 a1 cpus:3;/);
    expect(second).toMatch(VOLUME);
  });

  it("goes with CREATE and DESTROY: the offer shows what the agent has now", () => {
    const cluster = new Cluster().framework("f1", "r1", sharing).agent("a1", "cpus:1;mem:100;disk(r1):100");
    expect(cluster.allocate()).toEqual(["f1 r1 a1 cpus:1;disk(r1):100;mem:100"]);
    cluster.decline("f1", "a1", 0).agent("a1", parseResources("cpus:1;mem:100;disk(r1):95").add(volume(5)));
    expect(cluster.allocate().join()).toMatch(VOLUME);
    cluster.decline("f1", "a1", 0).agent("a1", "cpus:1;mem:100;disk(r1):100");
    expect(cluster.allocate()).toEqual(["f1 r1 a1 cpus:1;disk(r1):100;mem:100"]);
  });

  it("counts once against quota, however often it is used", () => {
    const cluster = new Cluster().framework("f", "q", sharing).quotaOf("q", "cpus:3;mem:2048;disk:100");
    const v = volume(50, "q");
    cluster.agent("a1", parseResources("cpus(q):2;mem(q):1024").add(v)).allocate();
    cluster.use("f", "a1", parseResources("cpus(q):1;mem(q):512").add(v));
    const [again = ""] = cluster.allocate();
    expect(again).toMatch(/^f q a1 cpus\(q\):1;disk.*<SHARED>:50;mem\(q\):512$/);
    cluster.use("f", "a1");
    expect(cluster.agent("a2", "cpus:1;mem:1024;disk:50").allocate()).toEqual([
      "f q a2 cpus:1;disk:50;mem:1024",
    ]);
    expect(cluster.agent("a3", "cpus:0.5;mem:512;disk:50").allocate()).toEqual([]);
  });

  it("counts once in a share, and no more when its last use ends", () => {
    const cluster = new Cluster();
    const v = volume(100);
    const total = parseResources("cpus:100;mem:100;disk(r1):900").add(v);
    const used = (copies: number) => {
      const mine = Resources.sum([
        parseResources("cpus:2;mem:2"),
        ...Array.from({ length: copies }, () => v),
      ]);
      const both = [
        { framework: "a", role: "r1", resources: mine },
        { framework: "b", role: "r1", resources: parseResources("cpus:6;mem:6") },
      ];
      const { frameworks } = cluster.agent("a1", total, { used: both }).shares();
      return [frameworks.get("a"), frameworks.get("b")];
    };
    expect(used(3)).toEqual([0.1, 0.06]);
    expect(used(1)).toEqual([0.1, 0.06]);
    expect(used(0)).toEqual([0.02, 0.06]);
  });

  it("that two frameworks hold is in the share of each", () => {
    const v = volume(900);
    const cluster = new Cluster();
    cluster.agent("a1", parseResources("cpus:100;mem:100;disk(r1):100").add(v), {
      used: [
        { framework: "b", role: "r1", resources: parseResources("cpus:5;mem:20").add(v) },
        { framework: "c", role: "r1", resources: parseResources("cpus:10;mem:6").add(v) },
      ],
    });
    expect(Object.fromEntries(cluster.shares().frameworks)).toEqual({ b: 0.9, c: 0.9 });
    expect(formatResources(v)).toContain("<SHARED>");
  });
});
