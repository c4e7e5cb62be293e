import { describe, expect, it } from "vitest";
import { fromSpec, parseResources } from "../../resources/index.ts";
import { held } from "../world.fixture.ts";
import { Cluster } from "./cluster.fixture.ts";

const mount = (scalar: number) =>
  fromSpec([{ name: "disk", scalar, disk: { source: { type: "MOUNT", root: "/mnt" } } }]);

describe("a guarantee", () => {
  it("keeps what its role has declined away from greedy roles", () => {
    const cluster = new Cluster().framework("f1", "q").framework("f2", "n").quotaOf("q", "cpus:2;mem:1024");
    expect(cluster.agent("a1", "cpus:1;mem:512").allocate()).toEqual(["f1 q a1 cpus:1;mem:512"]);
    expect(cluster.agent("a2", "cpus:1;mem:512").allocate()).toEqual(["f1 q a2 cpus:1;mem:512"]);
    cluster.decline("f1", "a2", 2);
    expect(cluster.batch()).toEqual([]);
    expect(cluster.batch()).toEqual(["f1 q a2 cpus:1;mem:512"]);
  });

  it("that is taken back restores fair sharing with what comes free", () => {
    const cluster = new Cluster().framework("f1", "q").framework("f2", "n").quotaOf("q", "cpus:2;mem:1024");
    const used = { used: [held("f1", "q", "cpus:1;mem:512")] };
    cluster.agent("a1", "cpus:1;mem:512", used).agent("a2", "cpus:1;mem:512", used).removeQuota("q");
    expect(cluster.allocate()).toEqual([]);
    expect(cluster.finish("a1").batch()).toEqual(["f2 n a1 cpus:1;mem:512"]);
  });

  it("is shared fairly by the frameworks of the role; what one declines another may have", () => {
    const cluster = new Cluster().framework("f1a", "q").framework("f2", "n").quotaOf("q", "cpus:4;mem:2048");
    expect(cluster.agent("a1", "cpus:1;mem:512").allocate()).toEqual(["f1a q a1 cpus:1;mem:512"]);
    cluster.framework("f1b", "q").agent("a2", "cpus:2;mem:1024");
    expect(cluster.allocate()).toEqual(["f1b q a2 cpus:2;mem:1024"]);
    expect(cluster.agent("a3", "cpus:1;mem:512").allocate()).toEqual(["f1a q a3 cpus:1;mem:512"]);
    expect(cluster.decline("f1a", "a3", 5).batch()).toEqual(["f1b q a3 cpus:1;mem:512"]);
  });

  it("saves a role from starving beside one that always declines", () => {
    const cluster = new Cluster().framework("f1", "q").framework("f2", "n");
    cluster.agent("a1", "cpus:1;mem:512", { used: [held("f1", "q", "cpus:1;mem:512")] });
    cluster.agent("a2", "cpus:1;mem:512");
    expect(cluster.allocate()).toEqual(["f2 n a2 cpus:1;mem:512"]);
    expect(cluster.decline("f2", "a2", 0).batch()).toEqual(["f2 n a2 cpus:1;mem:512"]);
    cluster.decline("f2", "a2", 0).quotaOf("q", "cpus:2;mem:1024");
    expect(cluster.batch()).toEqual(["f1 q a2 cpus:1;mem:512"]);
  });

  it("of a role without frameworks keeps its part and no more", () => {
    const cluster = new Cluster().quotaOf("q", "cpus:2;mem:1024").framework("f1", "n");
    expect(cluster.agent("a1", "cpus:2;mem:1024").allocate()).toEqual([]);
    expect(cluster.agent("a2", "cpus:2;mem:1024").allocate()).toHaveLength(1);
    expect(cluster.agent("a3", "cpus:2;mem:1024").allocate()).toHaveLength(1);
  });

  it("of a role without frameworks does not stop another role's guarantee", () => {
    const cluster = new Cluster().agent("a1", "cpus:2;mem:2048");
    cluster.quotaOf("q1", "cpus:1;mem:1024").quotaOf("q2", "cpus:2;mem:2048").framework("f", "q2");
    expect(cluster.allocate()).toEqual(["f q2 a1 cpus:2;mem:2048"]);
  });

  it("that is unmet comes before one that is met, though its role has more", () => {
    const cluster = new Cluster().framework("f1", "q1").framework("f2", "q2");
    cluster.quotaOf("q1", "cpus:1;mem:200").quotaOf("q2", "cpus:2;mem:2000");
    cluster.agent("a1", "cpus:1;mem:200", { used: [held("f1", "q1", "cpus:1;mem:200")] });
    cluster.agent("a2", "cpus:1;mem:1024", { used: [held("f2", "q2", "cpus:1;mem:1024")] });
    cluster.agent("a3", "cpus:2;mem:2048");
    expect(cluster.allocate()).toEqual(["f2 q2 a3 cpus:1;mem:976"]);
  });

  it("is not kept from what is reserved for others", () => {
    const cluster = new Cluster().framework("f1", "q").quotaOf("q", "cpus:4;mem:512");
    cluster.agent("a1", "cpus:4;mem:512").agent("a2", "cpus(n):4;mem(n):512");
    expect(cluster.allocate()).toEqual(["f1 q a1 cpus:4;mem:512"]);
    cluster.decline("f1", "a1", 86_400);
    expect(cluster.batch()).toEqual([]);
    expect(cluster.framework("f2", "n").batch()).toEqual(["f2 n a2 cpus(n):4;mem(n):512"]);
    cluster.decline("f2", "a2", 86_400);
    expect(cluster.batch()).toEqual([]);
  });

  it("that is met lets the rest of the cluster be shared by fairness", () => {
    const cluster = new Cluster().framework("f1", "q").framework("f2", "n").quotaOf("q", "cpus:0.25;mem:128");
    cluster.agent("a1", "cpus:1;mem:512", { used: [held("f1", "q", "cpus:0.25;mem:128")] });
    expect(cluster.allocate()).toEqual(["f2 n a1 cpus:0.75;mem:384"]);
    // The quota is a limit too: f1 is passed over though it has less.
    expect(cluster.agent("a2", "cpus:1;mem:512").allocate()).toEqual(["f2 n a2 cpus:1;mem:512"]);
  });
});

describe("how finely guarantees and limits are cut", () => {
  it("to the exact amount; the rest of the agent is for others", () => {
    const cluster = new Cluster().framework("f1", "q").quotaOf("q", "cpus:0.5;mem:200");
    expect(cluster.agent("a1", "cpus:1;mem:512").allocate()).toEqual(["f1 q a1 cpus:0.5;mem:200"]);
    expect(cluster.framework("f2", "n").allocate()).toEqual(["f2 n a1 cpus:0.5;mem:312"]);
  });

  it("a limit of 0 gives nothing, a higher one as much, and the rest is for others", () => {
    const cluster = new Cluster().framework("f1", "*").quota("*", { limits: "cpus:0;mem:0;disk:0" });
    expect(cluster.agent("a1", "cpus:2;mem:1024;disk:1024").allocate()).toEqual([]);
    expect(cluster.framework("f2", "n").allocate()).toEqual(["f2 n a1 cpus:2;disk:1024;mem:1024"]);
    cluster.quota("*", { limits: "cpus:1;mem:512;disk:512" }).agent("a2", "cpus:2;mem:1024;disk:1024");
    expect(cluster.allocate().sort()).toEqual([
      "f1 * a2 cpus:1;disk:512;mem:512",
      "f2 n a2 cpus:1;disk:512;mem:512",
    ]);
  });

  it("what cannot be split is given whole or not at all", () => {
    const cluster = new Cluster().framework("f", "q").quotaOf("q", "cpus:2;mem:2048;disk:150");
    const some = parseResources("cpus:0.5;mem:512").add(mount(100));
    expect(cluster.agent("a1", some).allocate()).toEqual(["f q a1 cpus:0.5;disk[MOUNT:/mnt]:100;mem:512"]);
    expect(cluster.agent("a2", some).allocate()).toEqual(["f q a2 cpus:0.5;mem:512"]);
    expect(cluster.agent("a3", "cpus:2;mem:2048;disk:150").allocate()).toEqual([
      "f q a3 cpus:1;disk:50;mem:1024",
    ]);
  });

  it("disks of two kinds meet one guarantee in one offer", () => {
    const cluster = new Cluster().framework("f", "q").quotaOf("q", "cpus:1;mem:512;disk:100");
    cluster.agent("a1", parseResources("cpus:1;mem:512;disk:50").add(mount(50)));
    expect(cluster.allocate()).toEqual(["f q a1 cpus:1;disk:50;disk[MOUNT:/mnt]:50;mem:512"]);
  });

  it("names that the quota lacks come along, unless another guarantee needs them", () => {
    const total = "cpus:1;mem:1024;ports:[31000-31005]";
    const cluster = new Cluster().framework("f", "q1").quotaOf("q1", "cpus:2");
    expect(cluster.agent("a1", total).allocate()).toEqual([`f q1 a1 ${total}`]);
    cluster.use("f", "a1").quotaOf("q2", "mem:1024");
    expect(cluster.agent("a2", total).allocate()).toEqual(["f q1 a2 cpus:1;ports:[31000-31005]"]);
    cluster.use("f", "a2");
    // The guarantee of cpus is met; one agent's mem is kept for q2, and ports alone are too little to offer.
    expect(cluster.agent("a3", total).allocate()).toEqual(["f q1 a2 mem:1024"]);
  });

  it("one name is met before the other: only what is missing is given", () => {
    const cluster = new Cluster().framework("f", "q").quotaOf("q", "cpus:4;mem:1024");
    expect(cluster.agent("a1", "cpus:2;mem:1024").allocate()).toEqual(["f q a1 cpus:2;mem:1024"]);
    expect(cluster.agent("a2", "cpus:2;mem:1024").allocate()).toEqual(["f q a2 cpus:2"]);
  });
});

describe("reservations and quota", () => {
  it("count as consumed while nobody uses them", () => {
    const cluster = new Cluster().framework("f", "q").quotaOf("q", "cpus:1;mem:1024");
    expect(cluster.agent("a1", "cpus(q):1;mem(q):1024").allocate()).toEqual(["f q a1 cpus(q):1;mem(q):1024"]);
    cluster.decline("f", "a1", 86_400);
    expect(cluster.agent("a2", "cpus:1;mem:1024").batch()).toEqual([]);
  });

  it("count as consumed, once, while they are used", () => {
    const cluster = new Cluster().framework("f", "q").quotaOf("q", "cpus:2;mem:2048");
    cluster.agent("a1", "cpus(q):1;mem(q):1024").allocate();
    cluster.use("f", "a1");
    expect(cluster.agent("a2", "cpus:1;mem:1024").allocate()).toEqual(["f q a2 cpus:1;mem:1024"]);
    expect(cluster.agent("a3", "cpus:1;mem:1024").allocate()).toEqual([]);
  });

  it("of a role without quota are offered while others' guarantees wait", () => {
    const cluster = new Cluster().framework("f1", "q").quotaOf("q", "cpus:2;mem:2048");
    cluster.agent("a1", "cpus:2;mem:2048;cpus(n):2;mem(n):2048");
    expect(cluster.allocate()).toEqual(["f1 q a1 cpus:2;mem:2048"]);
    cluster.decline("f1", "a1", 86_400).framework("f2", "n");
    expect(cluster.allocate()).toEqual(["f2 n a1 cpus(n):2;mem(n):2048"]);
  });

  it("beyond the quota of their role leave the headroom of others as it is", () => {
    const cluster = new Cluster().quotaOf("q1", "cpus:1;mem:1024").quotaOf("q2", "cpus:1;mem:1024");
    cluster.agent("a1", "cpus(q1):2;mem(q1):2048").agent("a2", "cpus:1;mem:1024").framework("f", "n");
    expect(cluster.allocate()).toEqual([]);
    expect(cluster.agent("a3", "cpus:1;mem:1024").allocate()).toHaveLength(1);
  });

  it("made of what is held, or taken off it, change nothing for the quota", () => {
    const cluster = new Cluster().framework("f", "q").quotaOf("q", "cpus:10;mem:1024");
    cluster.agent("a1", "cpus:5;mem:512").allocate();
    const reserved = { used: [held("f", "q", "cpus(q):5;mem(q):512")] };
    cluster.decline("f", "a1", 0).agent("a1", "cpus(q):5;mem(q):512", reserved);
    expect(cluster.agent("a2", "cpus:10;mem:1024").allocate()).toEqual(["f q a2 cpus:5;mem:512"]);
    cluster.use("f", "a2").agent("a1", "cpus:5;mem:512", { used: [held("f", "q", "cpus:5;mem:512")] });
    expect(cluster.batch()).toEqual([]);
  });

  it("are part of what a guarantee gives, and of the share that ranks the role", () => {
    const cluster = new Cluster().framework("f1", "q").framework("f2", "n").quotaOf("q", "mem:256");
    cluster.agent("a1", "cpus:8;mem(q):256", { used: [held("f1", "q", "mem(q):256")] });
    expect(cluster.allocate()).toEqual(["f2 n a1 cpus:8"]);
    expect(cluster.agent("a2", "cpus:4").allocate()).toEqual(["f2 n a2 cpus:4"]);
  });

  it("of an ancestor that a child holds are no headroom", () => {
    const cluster = new Cluster().quotaOf("q", "cpus:1;mem:1024").agent("a1", "cpus(a):1;mem(a):1024");
    expect(cluster.framework("f1", "a/b").allocate()).toEqual(["f1 a/b a1 cpus(a):1;mem(a):1024"]);
    expect(cluster.framework("f2", "n").allocate()).toEqual([]);
    const offers = cluster.agent("a2", "cpus:1;mem:1024").agent("a3", "cpus:1;mem:1024").allocate();
    expect(offers).toEqual([expect.stringMatching(/^f2 n a[23] cpus:1;mem:1024$/)]);
  });
});

describe("quota in the role tree", () => {
  it("a child's reservation is part of what the parent consumes", () => {
    const cluster = new Cluster().quotaOf("a", "cpus:2;mem:200").agent("a1", "cpus(a/b):1;mem(a/b):100");
    cluster.agent("a2", "cpus:10;mem:1000").framework("f1", "a");
    expect(cluster.allocate()).toEqual(["f1 a a2 cpus:1;mem:100"]);
  });

  it("a child is bound by the parent's limit", () => {
    const cluster = new Cluster().framework("f1", "a/b").agent("a1", "cpus:1;mem:1024");
    cluster.allocate();
    cluster.quotaOf("a", "cpus:1;mem:1024").framework("f2", "a").agent("a2", "cpus:1;mem:1024");
    expect(cluster.allocate()).toEqual([]);
  });

  it("what children hold does not eat the headroom of other branches", () => {
    const cluster = new Cluster().framework("f1", "a/b").agent("a1", "cpus:1;mem:100");
    cluster.allocate();
    expect(cluster.framework("f2", "a").agent("a2", "cpus:1;mem:100").allocate()).toEqual([
      "f2 a a2 cpus:1;mem:100",
    ]);
    cluster.quotaOf("q", "cpus:1;mem:100").agent("a3", "cpus:1;mem:100");
    expect(cluster.allocate()).toEqual([]);
    expect(cluster.agent("a4", "cpus:1;mem:100").allocate()).toHaveLength(1);
  });

  it("a parent's guarantee may be used by a child without one, and by one with its own", () => {
    const cluster = new Cluster().framework("f1", "a/b").quota("a/b", { guarantees: "cpus:2;mem:1024" });
    expect(cluster.agent("a1", "cpus:1;mem:512").allocate()).toEqual(["f1 a/b a1 cpus:1;mem:512"]);
    cluster.decline("f1", "a1", 100).framework("f2", "a/b/c").framework("other", "n");
    expect(cluster.allocate()).toEqual(["f2 a/b/c a1 cpus:1;mem:512"]);
    cluster.decline("f2", "a1", 100).quota("a/b/d", { guarantees: "cpus:1;mem:512" });
    expect(cluster.framework("f3", "a/b/d").allocate()).toEqual(["f3 a/b/d a1 cpus:1;mem:512"]);
  });

  it("a parent that has part of its guarantee leaves the child's part to the child", () => {
    const cluster = new Cluster().framework("f1", "a/b").quota("a/b", { guarantees: "cpus:4;mem:2048" });
    expect(cluster.agent("a1", "cpus:2;mem:1024").allocate()).toEqual(["f1 a/b a1 cpus:2;mem:1024"]);
    cluster.framework("f2", "a/b/c").quota("a/b/c", { guarantees: "cpus:1;mem:512" });
    expect(cluster.agent("a2", "cpus:1;mem:512").allocate()).toEqual(["f2 a/b/c a2 cpus:1;mem:512"]);
    // Both may have the rest; the child has the smaller share.
    expect(cluster.agent("a3", "cpus:1;mem:512").allocate()).toEqual(["f2 a/b/c a3 cpus:1;mem:512"]);
  });

  it("what a child holds counts against the parent's guarantee too", () => {
    const cluster = new Cluster().framework("f1", "aaa").quota("x/b", { guarantees: "cpus:3;mem:300" });
    cluster.framework("f2", "x/b").agent("a1", "cpus:2;mem:200");
    expect(cluster.allocate()).toEqual(["f2 x/b a1 cpus:2;mem:200"]);
    cluster.quota("x/b/c", { guarantees: "cpus:1;mem:100" }).framework("f3", "x/b/c");
    expect(cluster.agent("a2", "cpus:1;mem:100").allocate()).toEqual(["f3 x/b/c a2 cpus:1;mem:100"]);
    expect(cluster.agent("a3", "cpus:1;mem:100").allocate()).toEqual(["f1 aaa a3 cpus:1;mem:100"]);
  });
});
