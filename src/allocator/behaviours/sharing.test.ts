import { describe, expect, it } from "vitest";
import { capabilities, held } from "../world.fixture.ts";
import { Cluster } from "./cluster.fixture.ts";

const gpus = { capabilities: capabilities("GPU_RESOURCES") };

describe("agents that come one by one go to whoever is furthest below its share", () => {
  it("role before framework, framework before framework within the role", () => {
    const cluster = new Cluster().agent("a1", "cpus:2;mem:1024").framework("f1", "r1");
    expect(cluster.allocate()).toEqual(["f1 r1 a1 cpus:2;mem:1024"]);
    cluster.framework("f2", "r2").agent("a2", "cpus:1;mem:512");
    expect(cluster.allocate()).toEqual(["f2 r2 a2 cpus:1;mem:512"]);
    cluster.agent("a3", "cpus:3;mem:2048");
    expect(cluster.allocate()).toEqual(["f2 r2 a3 cpus:3;mem:2048"]);
    cluster.framework("f3", "r1").agent("a4", "cpus:4;mem:4096");
    expect(cluster.allocate()).toEqual(["f3 r1 a4 cpus:4;mem:4096"]);
    // f4 has nothing, but its role has more than r2.
    cluster.framework("f4", "r1").agent("a5", "cpus:1;mem:512");
    expect(cluster.allocate()).toEqual(["f2 r2 a5 cpus:1;mem:512"]);
  });

  it("counts reserved resources once they are held", () => {
    const cluster = new Cluster().agent("a1", "cpus(r1):2;cpus:1;mem:512").framework("f1", "r1");
    expect(cluster.allocate()).toEqual(["f1 r1 a1 cpus:1;cpus(r1):2;mem:512"]);
    cluster.framework("f2", "r2").agent("a2", "cpus:2;mem:512");
    expect(cluster.allocate()).toEqual(["f2 r2 a2 cpus:2;mem:512"]);
    cluster.agent("a3", "cpus:0.5;mem:100");
    expect(cluster.allocate()).toEqual(["f2 r2 a3 cpus:0.5;mem:100"]);
    cluster.framework("f3", "r1").agent("a4", "cpus(r1):2;mem(r1):512");
    expect(cluster.allocate()).toEqual(["f3 r1 a4 cpus(r1):2;mem(r1):512"]);
  });

  it("counts what is reserved to a role for the role, used or not, so that it cannot be had beside a whole fair share", () => {
    const cluster = new Cluster().agent("a2", "cpus:1;mem:100").agent("a1", "cpus(r1):4;mem(r1):100");
    expect(cluster.shares().roles.get("r1")?.dominantShare).toBe(0.8);
    cluster.framework("f1", "r1").framework("f2", "r2");
    expect(cluster.allocate().find((line) => line.includes("a2"))).toBe("f2 r2 a2 cpus:1;mem:100");
  });

  it("leaves excluded names out of every share", () => {
    const cluster = new Cluster({ excludeFromFairness: new Set(["gpus"]) });
    cluster.agent("a1", "cpus:1;mem:1024;gpus:1").framework("f1", "r1", gpus);
    expect(cluster.allocate()).toEqual(["f1 r1 a1 cpus:1;gpus:1;mem:1024"]);
    cluster.framework("f2", "r2").agent("a2", "cpus:3;mem:3072");
    expect(cluster.allocate()).toEqual(["f2 r2 a2 cpus:3;mem:3072"]);
    // All gpus are f1's, and a quarter of the rest: with gpus counted a3 would be f2's.
    cluster.agent("a3", "cpus:1;mem:1024");
    expect(cluster.allocate()).toEqual(["f1 r1 a3 cpus:1;mem:1024"]);
    const shares = cluster.shares(new Set(["gpus"]));
    expect(shares.roles.get("r1")?.dominantShare).toBe(0.4);
    expect(cluster.shares().roles.get("r1")?.dominantShare).toBe(1);
  });

  it("compares branches of the role tree before what is in them", () => {
    const cluster = new Cluster().agent("a1", "cpus:2;mem:1024").framework("f1", "a/b");
    expect(cluster.allocate()).toEqual(["f1 a/b a1 cpus:2;mem:1024"]);
    cluster.framework("f2", "a/c").framework("f3", "d/e").agent("a2", "cpus:1;mem:512");
    expect(cluster.allocate()).toEqual(["f3 d/e a2 cpus:1;mem:512"]);
    cluster.framework("f4", "d/f").agent("a3", "cpus:2;mem:1024");
    expect(cluster.allocate()).toEqual(["f4 d/f a3 cpus:2;mem:1024"]);
  });

  it("an agent is offered whole: two frameworks and two agents make one agent each", () => {
    const cluster = new Cluster().agent("a1", "cpus:2;mem:1024").agent("a2", "cpus:2;mem:1024");
    cluster.framework("f1", "r1").framework("f2", "r2");
    expect(cluster.allocate()).toEqual(["f1 r1 a1 cpus:2;mem:1024", "f2 r2 a2 cpus:2;mem:1024"]);
  });

  it("equal shares take turns, whatever the names are", () => {
    const cluster = new Cluster().agent("a1", "cpus:2;mem:1024").framework("f1", "*").framework("f2", "*");
    const turns = Array.from({ length: 10 }, () => {
      const [line = ""] = cluster.batch();
      const id = line.slice(0, 2);
      cluster.decline(id, "a1", 0);
      return id;
    });
    expect(turns.filter((id) => id === "f1")).toHaveLength(5);
    expect(turns.slice(0, 4)).toEqual(["f1", "f2", "f1", "f2"]);
  });

  it("what is used on an agent counts once, whether agent or framework came first", () => {
    const used = (id: string, role: string) => ({ used: [held(id, role, "cpus:1;mem:512")] });
    const cluster = new Cluster().framework("f1", "r1").agent("a1", "cpus:1;mem:512", used("f1", "r1"));
    cluster.agent("a2", "cpus:1;mem:512", used("f2", "r2")).framework("f2", "r2");
    const { roles } = cluster.shares();
    expect([roles.get("r1")?.dominantShare, roles.get("r2")?.dominantShare]).toEqual([0.5, 0.5]);
    expect(cluster.allocate()).toEqual([]);
  });

  it("weights share agents in proportion, and may change", () => {
    const cluster = new Cluster().framework("f1", "r1").framework("f2", "r2");
    for (let i = 1; i <= 6; i++) cluster.agent(`a${i}`, "cpus:2;mem:1024");
    const parts = () => {
      const offers = cluster.batch().map((line) => line.split(" "));
      for (const [id = "", , name = ""] of offers) cluster.decline(id, name, 0);
      return ["r1", "r2", "r3"].map((role) => offers.filter(([, r]) => r === role).length);
    };
    expect(parts()).toEqual([3, 3, 0]);
    cluster.weight("r2", 2);
    expect(parts()).toEqual([2, 4, 0]);
    cluster.weight("r3", 3).framework("f3", "r3");
    expect(parts()).toEqual([1, 2, 3]);
  });
});

describe("shares follow what agents have", () => {
  it("an agent that goes takes what was held there out of the shares", () => {
    const cluster = new Cluster().agent("a1", "cpus:2;mem:200").framework("f1", "r");
    cluster.allocate();
    cluster.framework("f2", "r").agent("a2", "cpus:1;mem:100");
    expect(cluster.allocate()).toEqual(["f2 r a2 cpus:1;mem:100"]);
    cluster.removeAgent("a1").agent("a3", "cpus:1;mem:100");
    expect(cluster.allocate()).toEqual(["f1 r a3 cpus:1;mem:100"]);
  });

  it("resources that are added to an agent in use count for who uses them", () => {
    const cluster = new Cluster().framework("f1", "r1").framework("f2", "r2");
    cluster.agent("a1", "cpus:3;mem:300", { used: [held("f1", "r1", "cpus:2;mem:200")] });
    expect(cluster.allocate()).toEqual(["f2 r2 a1 cpus:1;mem:100"]);
    cluster.agent("a2", "cpus:1;mem:100");
    expect(cluster.allocate()).toEqual(["f2 r2 a2 cpus:1;mem:100"]);
  });

  it("a dominant share falls with a decline and goes with its framework", () => {
    const cluster = new Cluster().agent("a1", "cpus:1;mem:1024").framework("f1", "r1");
    const share = (role: string) => cluster.shares().roles.get(role)?.dominantShare ?? 0;
    cluster.allocate();
    expect(share("r1")).toBe(1);
    cluster.decline("f1", "a1");
    expect(share("r1")).toBe(0);
    cluster.framework("f2", "r2").allocate();
    expect([share("r1"), share("r2")]).toEqual([0, 1]);
    cluster.agent("a2", "cpus:1;mem:1024").allocate();
    expect([share("r1"), share("r2")]).toEqual([0.5, 0.5]);
    cluster.removeFramework("f2");
    expect([share("r1"), share("r2")]).toEqual([0.5, 0]);
  });
});
