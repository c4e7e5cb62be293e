import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Offer } from "../../src/api/offer.ts";
import type { Live } from "../../src/cluster/object.ts";
import { type InverseOffer, type Scheduler, SchedulerDriver, toSpec } from "../../src/framework/index.ts";
import { ByHand, launch, SMALL, shell } from "./byhand.ts";
import { until } from "./cluster.ts";
import { on, Scene, sh } from "./scene.ts";

let scene: Scene;
let keeper: ByHand;
let mover: Mover;
beforeAll(async () => {
  scene = await Scene.open("maintenance");
  keeper = await ByHand.connect(scene, "keeper", ["keeper"]);
  // The other nodes are for the mover, and so is for a while what is left of this one.
  for (const node of [scene.node2, scene.node3]) await keeper.decline(await keeper.of(node), "10m");
  const offer = await keeper.of(scene.node1);
  await keeper.accept(offer, [launch(shell("kept", "sleep 3600"))], { refuse: "10s" });
  await scene.running("kept");
  mover = await Mover.connect();
  await scene.running("moved-0");
});
afterAll(async () => {
  await scene.mesos("maintenance", scene.node1, "--clear").catch(() => {});
  await mover?.stop();
  await scene?.close();
});

/** A framework of the SDK with one task at a time: it starts on node1 and leaves when it is asked to, for an agent without maintenance. */
class Mover {
  readonly #driver: SchedulerDriver;
  readonly #run: Promise<void>;
  readonly asked: readonly InverseOffer[];
  /** Ids of what came as ordinary offers. */
  readonly offered: readonly string[];

  static async connect(): Promise<Mover> {
    const asked: InverseOffer[] = [];
    const offered: string[] = [];
    let launched = 0;
    let wanted = 1;
    const scheduler: Scheduler = {
      async resourceOffers(driver, offers) {
        for (const offer of offers) {
          offered.push(offer.id);
          const fits = launched === 0 ? offer.agent === scene.node1 : offer.unavailability === undefined;
          if (!fits || launched >= wanted) {
            await driver.decline(offer, { refuse: "1s" }).catch(() => {});
            continue;
          }
          const name = `moved-${launched++}`;
          await driver.launch(offer, [{ name, resources: SMALL, command: { value: "sleep 3600" } }]);
        }
      },
      async inverseOffers(driver, offers) {
        asked.push(...offers);
        await driver.acceptInverseOffers(offers);
        wanted++;
        await driver.kill("moved-0", "0s");
      },
    };
    const { kubeconfig } = scene.cluster.test;
    const options = { name: "mover", roles: ["mover"], namespace: scene.namespace, kubeconfig };
    return new Mover(await SchedulerDriver.connect(scheduler, options), asked, offered);
  }

  private constructor(driver: SchedulerDriver, asked: readonly InverseOffer[], offered: readonly string[]) {
    this.#driver = driver;
    this.asked = asked;
    this.offered = offered;
    this.#run = driver.run();
    // Looked at by `stop`.
    this.#run.catch(() => {});
  }

  async stop(): Promise<void> {
    this.#driver.stop();
    await this.#run;
  }
}

const agent = () => scene.cluster.kinds.agents.get({ name: scene.node1 });
const answers = async () => (await agent()).status?.maintenance?.frameworks ?? [];
const mine = async (name: string) =>
  (await answers()).find(({ namespace, framework }) => namespace === scene.namespace && framework === name);
const isInverse = ({ spec }: Live<Offer>) => spec.inverse === true;
const question = (unless?: string) =>
  keeper.offer(`a question but ${unless}`, (offer) => isInverse(offer) && offer.metadata.uid !== unless);
const ordinary = () =>
  keeper.offer(
    `an offer of ${scene.node1}`,
    (offer) => !isInverse(offer) && offer.spec.agent === scene.node1,
  );

describe("maintenance that is planned", () => {
  test("takes offers back and makes them anew, with the window", async () => {
    const before = await ordinary();
    expect(before.spec.unavailability).toBeUndefined();
    const said = await scene.mesos("maintenance", scene.node1, "--start", "+1h", "--duration", "2h");
    expect(said).toMatch(/maintenance is planned from .* for 2h/);
    expect((await keeper.closed(before)).status).toMatchObject({
      state: "Rescinded",
      reason: "MaintenanceChanged",
    });
    expect((await ordinary()).spec.unavailability).toEqual((await agent()).spec.maintenance);
  });

  test("is asked of a framework of the SDK, which agrees and moves its task", async () => {
    await until("the mover has agreed", async () => (await mine("mover"))?.response === "ACCEPT");
    const [asked] = mover.asked;
    expect(asked).toMatchObject({ agent: scene.node1, unavailability: { duration: "2h" } });
    expect(asked && toSpec(asked.resources)).toEqual(SMALL);
    // It came by its own callback and by no other.
    expect(mover.offered).not.toContain(asked?.id);
    expect((await scene.ends("moved-0")).status?.state).toBe("TASK_KILLED");
    expect((await scene.running("moved-1")).spec.agent).not.toBe(scene.node1);
  });

  test("is asked of a framework by hand, which objects and is asked again", async () => {
    const asked = await question();
    expect(asked.spec).toMatchObject({ role: "*", agent: scene.node1, resources: SMALL });
    const patch = JSON.stringify({ spec: { response: { decline: { filters: { refuse: "2s" } } } } });
    await scene.kubectl("patch", "offers.mesos.dev", asked.metadata.name, "--type=merge", "--patch", patch);
    const closed = await keeper.closed(asked);
    expect(closed.status?.state).toBe("Declined");
    await until("the objection is shown", async () => (await mine("keeper"))?.response === "DECLINE");
    const again = await question(asked.metadata.uid);
    const waited = Date.parse(again.metadata.creationTimestamp) - Date.parse(closed.status?.closedAt ?? "");
    // Creation is told in whole seconds.
    expect(waited).toBeGreaterThan(1000);
  });

  test("shows a person who has answered what", async () => {
    const view = await scene.mesos("maintenance", scene.node1);
    expect(view).toMatch(/Phase: +Planned/);
    expect(view).toMatch(/keeper +DECLINE .* 1\n/);
    expect(view).toMatch(/mover +ACCEPT .* 0\n/);
    expect(await scene.kubectl("get", "agents.mesos.dev", scene.node1)).toContain("Planned");
  });

  test("refuses an acceptance that would launch something", async () => {
    const asked = await question();
    const operations = [launch(shell("never", "true"))];
    const answer = keeper.respond(asked, { accept: { operations } });
    await expect(answer).rejects.toThrow(/an inverse offer asks for resources back/);
  });

  test("is asked anew when it moves, and not any more when it is withdrawn", async () => {
    const asked = await question();
    await scene.mesos("maintenance", scene.node1, "--start", "+3h");
    expect((await keeper.closed(asked)).status).toMatchObject({
      state: "Rescinded",
      reason: "MaintenanceChanged",
    });
    const next = await question(asked.metadata.uid);
    await until("the answer is void", async () => (await mine("keeper"))?.response === "UNKNOWN");
    await scene.mesos("maintenance", scene.node1, "--clear");
    expect((await keeper.closed(next)).status?.reason).toBe("MaintenanceWithdrawn");
    await until("the Agent is as before", async () => (await agent()).status?.maintenance === undefined);
  });
});

describe("maintenance that has started", () => {
  test("offers nothing of the agent and leaves its tasks alone", async () => {
    await scene.mesos("maintenance", scene.node1, "--start", "now", "--duration", "1h");
    await until("it has started", async () => (await agent()).status?.maintenance?.phase === "InProgress");
    await until("no offer of it stands", async () => {
      const open = await keeper.open();
      return open.every((offer) => isInverse(offer) || offer.spec.agent !== scene.node1);
    });
    await scene.create("waits", { ...sh("true"), ...on(scene.node1) });
    const waits = await scene.becomes("waits", "is told to wait", ({ status }) =>
      (status?.conditions ?? []).some(
        ({ type, message }) => type === "Placed" && message.includes("in maintenance"),
      ),
    );
    expect(waits.spec.agent).toBeUndefined();
    expect((await scene.get("kept")).status?.state).toBe("TASK_RUNNING");
  });

  test("ends with its window: the agent is offered again", async () => {
    const { maintenance } = (await agent()).spec;
    const elapsed = Math.ceil((Date.now() - Date.parse(maintenance?.start ?? "")) / 1000);
    const patch = { spec: { maintenance: { ...maintenance, duration: `${elapsed + 2}s` } } };
    await scene.cluster.kinds.agents.mergePatch({ name: scene.node1 }, patch);
    await until("it is over", async () => (await agent()).status?.maintenance?.phase === "Over");
    await scene.ends("waits");
    expect((await ordinary()).spec.unavailability).toBeUndefined();
    expect((await scene.get("kept")).status?.state).toBe("TASK_RUNNING");
  });
});
