import { describe, expect, it } from "vitest";
import { fromSpec, parseResources, Quantities } from "../../resources/index.ts";
import { capabilities, held } from "../world.fixture.ts";
import { Cluster } from "./cluster.fixture.ts";

const one = () => new Cluster().agent("a1", "cpus:2;mem:1024").framework("f1", "r1");
const WHOLE = ["f1 r1 a1 cpus:2;mem:1024"];

describe("what was declined", () => {
  it("is not offered again before the filter is over", () => {
    const cluster = one();
    expect(cluster.allocate()).toEqual(WHOLE);
    cluster.decline("f1", "a1", 2);
    expect(cluster.filters.size).toBe(1);
    expect(cluster.batch()).toEqual([]);
    expect(cluster.batch()).toEqual(WHOLE);
    cluster.filters.expire(cluster.now);
    expect(cluster.filters.size).toBe(0);
  });

  it("for less than the interval is passed over in the next batch all the same", () => {
    const cluster = new Cluster().framework("f1", "r").framework("f2", "r");
    cluster.agent("a1", "cpus:1;mem:512", { used: [held("f1", "r", "cpus:1;mem:512")] });
    cluster.agent("a2", "cpus:1;mem:512");
    expect(cluster.allocate()).toEqual(["f2 r a2 cpus:1;mem:512"]);
    const interval = 60_000;
    cluster.decline("f2", "a2", 1, interval);
    // Offered to f1 though its share is greater.
    cluster.now += interval - 1;
    expect(cluster.allocate()).toEqual(["f1 r a2 cpus:1;mem:512"]);
    cluster.decline("f1", "a2", 0);
    cluster.now += interval;
    expect(cluster.allocate()).toEqual(["f2 r a2 cpus:1;mem:512"]);
  });

  it("is offered again once offers are revived", () => {
    const cluster = one();
    cluster.allocate();
    cluster.decline("f1", "a1", 1000);
    expect(cluster.batch()).toEqual([]);
    cluster.filters.revive("f1");
    expect(cluster.allocate()).toEqual(WHOLE);
  });

  it("is offered again once the agent's attributes have changed", () => {
    const cluster = one();
    cluster.allocate();
    cluster.decline("f1", "a1", 1000);
    expect(cluster.batch()).toEqual([]);
    cluster.agent("a1", "cpus:2;mem:1024", { attributes: "rack:r2" }).filters.removeAgent("a1");
    expect(cluster.allocate()).toEqual(WHOLE);
  });

  it("in one role says nothing of another role of the framework", () => {
    const cluster = new Cluster().agent("a1", "cpus:2;mem:1024");
    cluster.framework("f1", "r1 r2", { suppressedRoles: new Set(["r1"]) });
    expect(cluster.allocate()).toEqual(["f1 r2 a1 cpus:2;mem:1024"]);
    cluster.decline("f1", "a1", 86_400);
    expect(cluster.batch()).toEqual([]);
    cluster.framework("f1", "r1 r2").filters.revive("f1", ["r1"]);
    expect(cluster.allocate()).toEqual(WHOLE);
    cluster.decline("f1", "a1", 86_400);
    expect(cluster.batch()).toEqual([]);
    expect(cluster.filters.size).toBe(2);
  });
});

describe("frameworks that do not listen", () => {
  it("suppressed ones get nothing until they revive; to revive without need changes nothing", () => {
    const cluster = one();
    cluster.allocate();
    cluster.filters.revive("f1");
    expect(cluster.allocate()).toEqual([]);
    cluster.decline("f1", "a1", 0).framework("f1", "r1", { suppressedRoles: new Set(["r1"]) });
    expect(cluster.batch()).toEqual([]);
    cluster.framework("f1", "r1").filters.revive("f1");
    expect(cluster.allocate()).toEqual(WHOLE);
  });

  it("disconnected ones get nothing until they are back", () => {
    const cluster = one();
    cluster.allocate();
    cluster.decline("f1", "a1", 0).framework("f1", "r1", { active: false });
    expect(cluster.batch()).toEqual([]);
    cluster.framework("f1", "r1");
    expect(cluster.allocate()).toEqual(WHOLE);
  });

  it("one that may have nothing of an agent does not keep it from the next, which has more", () => {
    const cluster = new Cluster().framework("f1", "p/c");
    expect(cluster.agent("a1", "cpus:1;mem:100").allocate()).toEqual(["f1 p/c a1 cpus:1;mem:100"]);
    cluster.framework("f2", "p/c", { capabilities: capabilities() });
    const refined = fromSpec([
      {
        name: "cpus",
        scalar: 1,
        reservations: [
          { type: "STATIC", role: "p" },
          { type: "DYNAMIC", role: "p/c" },
        ],
      },
    ]);
    const [line = ""] = cluster.agent("a2", refined).allocate();
    expect(line).toMatch(/^f1 p\/c a2 cpus/);
  });
});

describe("too little is not offered", () => {
  it("less than 0.01 cpus and less than 32 MiB, reserved and unreserved together", () => {
    const cluster = new Cluster().framework("f1", "r1").agent("a1", "cpus:0.005;mem:31");
    expect(cluster.allocate()).toEqual([]);
    expect(cluster.agent("a2", "cpus:0.01;mem:1").allocate()).toEqual(["f1 r1 a2 cpus:0.01;mem:1"]);
    expect(cluster.agent("a3", "mem:32").allocate()).toEqual(["f1 r1 a3 mem:32"]);
    expect(cluster.agent("a4", "cpus:0.005;cpus(r1):0.005;mem:16").allocate()).toEqual([
      "f1 r1 a4 cpus:0.005;cpus(r1):0.005;mem:16",
    ]);
  });

  it("a framework's own minimum for the role counts instead, from when it is set", () => {
    const cluster = new Cluster().framework("f1", "r1").agent("a1", "cpus:0.005;mem:16");
    expect(cluster.allocate()).toEqual([]);
    const own = new Map([["r1", [Quantities.fromRecord({ cpus: 0.005 })]]]);
    expect(cluster.framework("f1", "r1", { minAllocatable: own }).batch()).toEqual([
      "f1 r1 a1 cpus:0.005;mem:16",
    ]);
  });

  it("an own minimum that is empty takes whatever there is", () => {
    const cluster = new Cluster().agent("a1", "cpus:0.001");
    cluster.framework("f1", "r1", { minAllocatable: new Map([["r1", []]]) });
    expect(cluster.allocate()).toEqual(["f1 r1 a1 cpus:0.001"]);
  });
});

describe("what an agent has to give", () => {
  it("is offered again as it comes free, reserved or not", () => {
    const cluster = new Cluster().agent("a1", "cpus(r1):1;mem(r1):200;cpus:1;mem:200").framework("f1", "r1");
    expect(cluster.allocate()).toEqual(["f1 r1 a1 cpus:1;cpus(r1):1;mem:200;mem(r1):200"]);
    cluster.use("f1", "a1", "cpus:1;mem:200");
    expect(cluster.batch()).toEqual(["f1 r1 a1 cpus(r1):1;mem(r1):200"]);
    cluster.use("f1", "a1").finish("a1");
    expect(cluster.batch()).toEqual(["f1 r1 a1 cpus:1;cpus(r1):1;mem:200;mem(r1):200"]);
  });

  it("reserved goes to its role alone, and to nobody if the role has no framework", () => {
    const cluster = new Cluster().framework("f1", "r1").agent("a1", "cpus(r1):2;mem(r1):1024");
    cluster.agent("a2", "cpus(r2):2;mem(r2):1024;cpus:1;mem:1024").agent("a3", "cpus(r3):1;mem(r3):1024");
    expect(cluster.allocate()).toEqual(["f1 r1 a1 cpus(r1):2;mem(r1):1024", "f1 r1 a2 cpus:1;mem:1024"]);
    expect(cluster.framework("f2", "r2").allocate()).toEqual(["f2 r2 a2 cpus(r2):2;mem(r2):1024"]);
  });

  it("reserved to an ancestor is offered below it", () => {
    const cluster = new Cluster().framework("f1", "a/b/c").agent("a1", "cpus(a):1;mem(a):512");
    expect(cluster.allocate()).toEqual(["f1 a/b/c a1 cpus(a):1;mem(a):512"]);
    cluster.agent("a2", "cpus:2;mem:1024;cpus(a/b):4;mem(a/b):2048");
    expect(cluster.allocate()).toEqual(["f1 a/b/c a2 cpus:2;cpus(a/b):4;mem:1024;mem(a/b):2048"]);
  });

  it("of an agent that is cordoned is offered once it is not", () => {
    const cluster = new Cluster()
      .framework("f1", "*")
      .agent("a1", "cpus:2;mem:1024", { withheld: "Cordoned" });
    expect(cluster.batch()).toEqual([]);
    expect(cluster.agent("a1", "cpus:2;mem:1024").batch()).toEqual(["f1 * a1 cpus:2;mem:1024"]);
  });

  it("grows and shrinks; with more in use than there is nothing is offered", () => {
    const cluster = new Cluster().framework("f1", "r1").agent("a1", "cpus:100;mem:100");
    cluster.allocate();
    cluster.use("f1", "a1").agent("a1", "cpus:200;mem:200");
    expect(cluster.allocate()).toEqual(["f1 r1 a1 cpus:100;mem:100"]);
    cluster.use("f1", "a1").agent("a1", "cpus:50;mem:50");
    expect(cluster.allocate()).toEqual([]);
    cluster.finish("a1");
    expect(cluster.allocate()).toEqual(["f1 r1 a1 cpus:50;mem:50"]);
    cluster.use("f1", "a1").agent("a1", "cpus:100;mem:100");
    expect(cluster.allocate()).toEqual(["f1 r1 a1 cpus:50;mem:50"]);
  });

  it("changed by an operation is offered as it is now", () => {
    const cluster = new Cluster().framework("f1", "r1").agent("a1", "cpus:100;mem:100;disk:100");
    expect(cluster.allocate()).toEqual(["f1 r1 a1 cpus:100;disk:100;mem:100"]);
    cluster.decline("f1", "a1", 0).agent("a1", "cpus:100;mem:100;disk(r1):60;disk:40");
    expect(cluster.allocate()).toEqual(["f1 r1 a1 cpus:100;disk:40;disk(r1):60;mem:100"]);
    cluster.decline("f1", "a1", 0).agent("a1", "cpus:100;mem:100");
    expect(cluster.allocate()).toEqual(["f1 r1 a1 cpus:100;mem:100"]);
  });

  it("in use by a framework that is not known yet is not offered, nor is an agent in maintenance", () => {
    const cluster = new Cluster().framework("f1", "r");
    const used = [held("unknown", "r", "cpus:2;mem:1024")];
    cluster.agent("a1", "cpus:2;mem:1024", { used, withheld: "Maintenance" }).agent("a2", "cpus:2;mem:1024");
    expect(cluster.allocate()).toEqual(["f1 r a2 cpus:2;mem:1024"]);
    cluster.framework("unknown", "r").decline("f1", "a2", 0);
    // What it holds is known of its first allocation on.
    expect(cluster.allocate()).toEqual(["f1 r a2 cpus:2;mem:1024"]);
  });
});

describe("revocable resources", () => {
  const extra = (cpus: number) =>
    parseResources("cpus:100;mem:100").add(fromSpec([{ name: "cpus", scalar: cpus, revocable: true }]));
  const willing = { capabilities: capabilities("REVOCABLE_RESOURCES") };

  it("are offered as far as they grow, and not offered while more is in use than there is", () => {
    const cluster = new Cluster().framework("f1", "r1", willing).agent("a1", "cpus:100;mem:100");
    cluster.allocate();
    cluster.use("f1", "a1").agent("a1", extra(10));
    expect(cluster.allocate()).toEqual(["f1 r1 a1 cpus{REV}:10"]);
    cluster.use("f1", "a1").agent("a1", extra(12));
    expect(cluster.allocate()).toEqual(["f1 r1 a1 cpus{REV}:2"]);
    cluster.use("f1", "a1").agent("a1", extra(5));
    expect(cluster.allocate()).toEqual([]);
  });

  it("are not offered to a framework that has not asked for them", () => {
    const cluster = new Cluster().framework("f1", "r1").agent("a1", "cpus:100;mem:100");
    cluster.allocate();
    cluster.agent("a1", extra(10));
    expect(cluster.allocate()).toEqual([]);
  });

  it("come back in part beside others", () => {
    const cluster = new Cluster().framework("f1", "r1", willing).agent("a1", extra(10));
    cluster.allocate();
    const kept = parseResources("cpus:98;mem:100").add(
      fromSpec([{ name: "cpus", scalar: 4, revocable: true }]),
    );
    cluster.use("f1", "a1", kept);
    expect(cluster.allocate()).toEqual(["f1 r1 a1 cpus:2;cpus{REV}:6"]);
  });
});
