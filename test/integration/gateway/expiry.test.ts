import { afterAll, beforeAll, expect, it } from "vitest";
import { Event_Type } from "../../../src/wire/gen/mesos/v1/scheduler/scheduler_pb.ts";
import { info, Scene } from "./scene.ts";

let scene: Scene;
beforeAll(async () => {
  scene = await Scene.start();
});
afterAll(() => scene.stop());

it("offers that are not answered in time are rescinded, and what was in them is offered anew", async () => {
  const namespace = await scene.cluster.namespace("expiry");
  const { port } = await scene.gateway(namespace, {}, { offers: { timeout: "1s" } });
  for (const node of ["n1", "n2"]) await scene.cluster.join(node);
  const client = scene.client(port);
  await scene.cluster.eventually(() => client.subscribe({ frameworkInfo: info("idle") }));
  const first = await scene.cluster.eventually(() => {
    const offers = client.events.flatMap(({ offers }) => offers?.offers ?? []);
    expect(offers.length).toBeGreaterThanOrEqual(2);
    return offers.map(({ id, agentId }) => ({ id: id?.value ?? "", agent: agentId?.value ?? "" }));
  });
  for (const { id, agent } of first) {
    await client.event(Event_Type.RESCIND, ({ rescind }) => rescind?.offerId?.value === id);
    await client.event(
      Event_Type.OFFERS,
      ({ offers }) =>
        offers?.offers.some((offer) => offer.agentId?.value === agent && offer.id?.value !== id) ?? false,
    );
  }
});
