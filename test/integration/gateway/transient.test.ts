import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Call_Type, Event_Type } from "../../../src/wire/gen/mesos/v1/scheduler/scheduler_pb.ts";
import { connectByProxy } from "../cluster/fixture.ts";
import type { FaultyProxy } from "../cluster/proxy.ts";
import { ask, type MesosClient } from "./client.ts";
import { info, type RunningGateway, Scene } from "./scene.ts";

/** To schedulers an ERROR is final: what passes is never told as one. */
describe("while the API server does not answer", () => {
  let scene: Scene;
  let gateway: RunningGateway;
  let proxy: FaultyProxy;
  let namespace: string;

  beforeAll(async () => {
    scene = await Scene.start();
    namespace = await scene.cluster.namespace("transient");
    const { kubeconfig } = scene.cluster;
    const proxied = await connectByProxy({ kubeconfig });
    proxy = proxied.proxy;
    gateway = await scene.gateway(namespace, {}, {}, { connection: proxied.connection });
    await scene.cluster.eventually(() =>
      scene.client(gateway.port).subscribe({ frameworkInfo: info("first") }),
    );
  });
  afterAll(async () => {
    proxy.release();
    await scene.stop();
    await proxy.stop();
  });

  const named = async (name: string) => {
    const { items } = await scene.cluster.clients.frameworks.list({ namespace });
    return items.filter(({ metadata }) => metadata.name.startsWith(`${name}-`));
  };
  const subscribing = (client: MesosClient, name: string) =>
    client.subscribe({ frameworkInfo: info(name, { failoverTimeout: 604_800 }) });

  it("a SUBSCRIBE waits, and makes one framework, also when the answer to the first try is lost", async () => {
    proxy.mute();
    const client = scene.client(gateway.port);
    const subscribed = subscribing(client, "lost");
    const [made] = await scene.cluster.eventually(async () => {
      const found = await named("lost");
      expect(found).toHaveLength(1);
      return found;
    });
    proxy.cut();
    proxy.release();
    expect(await subscribed).toMatchObject({ type: Event_Type.SUBSCRIBED });
    expect(client.id).toBe(made?.metadata.uid);
    expect(await named("lost")).toHaveLength(1);
    client.close();
  });

  it("UPDATE_FRAMEWORK is answered with 503, and a SUBSCRIBE ends without ERROR and leaves no framework", async () => {
    const client = scene.client(gateway.port);
    await subscribing(client, "updated");
    const frameworkInfo = info("renamed", { id: { value: client.id } });
    proxy.mute();
    const refused = ask(gateway.port, {
      headers: { "Content-Type": "application/json", Accept: "application/json" },
      body: JSON.stringify({
        type: "SUBSCRIBE",
        subscribe: { framework_info: { user: "", name: "orphan", failover_timeout: 604_800 } },
      }),
    });
    const update = client.call({ type: Call_Type.UPDATE_FRAMEWORK, updateFramework: { frameworkInfo } });
    await scene.cluster.eventually(async () => expect(await named("orphan")).toHaveLength(1));
    expect(await update).toMatchObject({ status: 503, body: "The framework cannot be updated now" });
    expect(await refused).toMatchObject({ status: 200, body: "" });
    proxy.cut();
    proxy.release();
    await scene.cluster.eventually(async () => expect(await named("orphan")).toEqual([]));
  });

  it("what it refuses for good is an ERROR all the same", async () => {
    const client = scene.client(gateway.port);
    const frameworkInfo = info("refused", { labels: { labels: [{ key: "k".repeat(300_000), value: "" }] } });
    expect(await client.subscribe({ frameworkInfo })).toMatchObject({ type: Event_Type.ERROR });
    await client.ended;
  });
});
