import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { fromSpec } from "../../src/resources/index.ts";
import { ByHand, launch, offered, shell } from "./byhand.ts";
import { until } from "./cluster.ts";
import { Scene } from "./scene.ts";

let scene: Scene;
let hand: ByHand;
beforeAll(async () => {
  scene = await Scene.open("offers");
  hand = await ByHand.connect(scene, "hand", ["by-hand"]);
});
afterAll(() => scene.close());

/** A framework beside it: what it is offered shows that an allocation took place. */
const witness = (name: string) => ByHand.connect(scene, name, ["witness"]);

describe("a framework that connects", () => {
  test("is offered all that each agent has, each once", async () => {
    await until("there is an offer of each agent", async () => {
      const open = await hand.open();
      return scene.cluster.nodes.every((node) => open.some(({ spec }) => spec.agent === node));
    });
    const open = await hand.open();
    expect(open.map(({ spec }) => spec.agent).sort()).toEqual(scene.cluster.nodes);
    for (const offer of open) {
      expect(offer.spec).toMatchObject({ role: "by-hand", hostname: offer.spec.agent });
      const names = offer.spec.attributes?.map(({ name }) => name);
      expect(names).toContain("kubernetes.io/arch");
      const agent = await scene.cluster.kinds.agents.get({ name: offer.spec.agent });
      expect(fromSpec(agent.status?.offerable ?? []).contains(offered(offer))).toBe(true);
      expect(Date.parse(offer.spec.expiresAt)).toBeGreaterThan(Date.now());
    }
  });

  test("has a status that says so", async () => {
    const { metadata, status } = await until("the status counts the offers", async () => {
      const now = await hand.get();
      return now.status?.offersOutstanding === scene.cluster.nodes.length ? now : undefined;
    });
    expect(status).toMatchObject({ connected: true, id: metadata.uid, tasks: 0 });
    expect(status?.conditions?.find(({ type }) => type === "Ready")?.status).toBe("True");
  });

  test("shows its offers to a person", async () => {
    const offer = await hand.of(scene.node1);
    const table = await scene.kubectl("get", "offers.mesos.dev");
    expect(table).toMatch(/^NAME +FRAMEWORK +ROLE +AGENT +CPUS +MEM +STATE/);
    const line = table.split("\n").find((text) => text.startsWith(offer.metadata.name));
    expect(line).toMatch(/hand +by-hand +node1/);
    expect(await scene.mesos("get", "offers")).toContain("cpus:");
  });
});

describe("kubectl patch offer", () => {
  test("launches a task, which runs on the offer's agent", async () => {
    const offer = await hand.of(scene.node1);
    const tasks = [shell("patched", "echo by hand on $HOSTNAME")];
    const response = { accept: { operations: [{ ...launch(...tasks), id: "first" }] } };
    const patch = JSON.stringify({ spec: { response } });
    await scene.kubectl("patch", "offers.mesos.dev", offer.metadata.name, "--type=merge", "--patch", patch);
    const { status } = await hand.closed(offer);
    expect(status).toMatchObject({
      state: "Accepted",
      operations: [{ index: 0, id: "first", type: "LAUNCH", status: "FINISHED", tasks: ["patched"] }],
    });
    expect(await scene.finished("patched")).toMatch(/^by hand on /);
    const task = await scene.get("patched");
    expect(task.spec).toMatchObject({
      framework: "hand",
      role: "by-hand",
      agent: scene.node1,
      offer: { name: offer.metadata.name, uid: offer.metadata.uid, operation: 0, index: 0 },
    });
  });

  test("is refused a second answer, and an answer taken back", async () => {
    const offer = await hand.of(scene.node1);
    await hand.decline(offer, "0s");
    const again = hand.respond(offer, { accept: { operations: [] } });
    await expect(again).rejects.toThrow(/immutable|no longer outstanding/);
    const patch = JSON.stringify({ spec: { response: null } });
    const name = offer.metadata.name;
    const back = scene.kubectl("patch", "offers.mesos.dev", name, "--type=merge", "--patch", patch);
    await expect(back).rejects.toThrow(/cannot be taken back/);
  });
});

describe("an accepted offer", () => {
  test("runs several tasks; what is left is offered again, what they hold is not", async () => {
    const offer = await hand.of(scene.node2);
    const held = [
      { name: "cpus", scalar: 0.5 },
      { name: "mem", scalar: 64 },
    ];
    const [one, two] = await hand.accept(offer, [
      launch(shell("first", "sleep 600", { resources: held }), shell("second", "sleep 600")),
      launch(shell("third", "echo third")),
    ]);
    expect(one).toMatchObject({ status: "FINISHED", tasks: ["first", "second"] });
    expect(two).toMatchObject({ status: "FINISHED", tasks: ["third"] });
    await Promise.all(["first", "second"].map((name) => scene.running(name)));
    expect(await scene.finished("third")).toBe("third\n");
    const fits = ({ spec }: typeof offer) => spec.agent === scene.node2;
    const next = await hand.offer("the rest of the agent", fits);
    const before = offered(offer).scalarQuantities().get("cpus");
    expect(offered(next).scalarQuantities().get("cpus")).toBeLessThanOrEqual(before - 520);
  });

  test("gives back what its tasks held once they have ended", async () => {
    const [killed] = await Promise.all(
      ["first", "second"].map(async (name) => {
        await scene.kill(name, "0s");
        return scene.ends(name);
      }),
    );
    expect(killed?.status?.state).toBe("TASK_KILLED");
    await hand.whole(scene.node2);
  });
});

describe("a declined offer", () => {
  test("does not come again before the filter's time, and comes then", async () => {
    const offer = await hand.whole(scene.node1);
    const { status } = await hand.decline(offer, "4s");
    expect(status?.state).toBe("Declined");
    const next = await hand.of(scene.node1);
    const after = Date.parse(next.metadata.creationTimestamp) - Date.parse(status?.closedAt ?? "");
    // A creationTimestamp is cut to whole seconds.
    expect(after).toBeGreaterThan(2900);
    expect(after).toBeLessThan(15_000);
  });

  test("that is declined for long goes to others, until a revive", async () => {
    await hand.declineAll("1h");
    const other = await witness("other");
    await other.of(scene.node1);
    await other.remove();
    // Of the other agents more may have become free than what was declined.
    expect((await hand.open()).filter(({ spec }) => spec.agent === scene.node1)).toEqual([]);
    await hand.patch({ revive: { id: "again" } });
    await hand.of(scene.node1);
    const { status } = await until("the revive is seen", async () => {
      const now = await hand.get();
      return now.status?.observedRevive === "again" ? now : undefined;
    });
    expect(Date.parse(status?.revivedAt ?? "")).toBeGreaterThan(0);
  });
});

describe("a suppressed role", () => {
  test("is offered nothing, while others are, until it is suppressed no more", async () => {
    await hand.patch({ suppressedRoles: ["by-hand"] });
    await until("the suppression is seen", async () => {
      const { metadata, status } = await hand.get();
      return status?.observedGeneration === metadata.generation;
    });
    await hand.declineAll("0s");
    const other = await witness("while-suppressed");
    await Promise.all(scene.cluster.nodes.map((node) => other.of(node)));
    expect(await hand.open()).toEqual([]);
    await other.remove();
    await hand.patch({ suppressedRoles: [] });
    await hand.of(scene.node1);
  });
});

describe("an offer that nobody answers", () => {
  let slow: ByHand;
  beforeAll(async () => {
    await hand.patch({ suppressedRoles: ["by-hand"] });
    await hand.declineAll("1h");
    slow = await ByHand.connect(scene, "slow", ["slow"], { offerTimeout: "3s" });
  });
  afterAll(async () => {
    await slow.remove();
    await hand.patch({ suppressedRoles: [] });
  });

  test("expires after the framework's offer timeout, and the resources are offered anew", async () => {
    const offer = await slow.of(scene.node1);
    const { metadata, spec, status } = await slow.closed(offer);
    expect(status?.state).toBe("Expired");
    const stood = Date.parse(status?.closedAt ?? "") - Date.parse(metadata.creationTimestamp);
    expect(stood).toBeGreaterThan(1900);
    expect(Date.parse(status?.closedAt ?? "")).toBeGreaterThanOrEqual(Date.parse(spec.expiresAt) - 50);
    const next = await slow.of(scene.node1);
    expect(next.metadata.name).not.toBe(offer.metadata.name);
    const late = slow.respond(offer, { accept: { operations: [launch(shell("late", "true"))] } });
    await expect(late).rejects.toThrow(/no longer outstanding/);
  });

  test("is accounted for when another answer uses it: its tasks are dropped, with a reason", async () => {
    const gone = await slow.closed(await slow.of(scene.node1));
    const offer = await slow.of(scene.node1);
    const [result] = await slow.accept(offer, [launch(shell("too-late", "true"))], {
      otherOffers: [gone.metadata.name],
    });
    expect(result).toMatchObject({ status: "DROPPED", tasks: ["too-late"] });
    expect(result?.message).toMatch(/no longer valid/);
    const { status } = await scene.ends("too-late");
    expect(status).toMatchObject({ state: "TASK_DROPPED", reason: "REASON_INVALID_OFFERS" });
  });
});
