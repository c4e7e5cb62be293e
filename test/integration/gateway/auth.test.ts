import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { secrets, serviceAccounts } from "../../../src/cluster/core.ts";
import { Call_Type, Event_Type } from "../../../src/wire/gen/mesos/v1/scheduler/scheduler_pb.ts";
import { SYSTEM } from "../bareCluster.ts";
import { ask } from "./client.ts";
import { info, type RunningGateway, Scene } from "./scene.ts";

const basic = (user: string, password: string) => ({
  Authorization: `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`,
});

describe("who may do what", () => {
  let scene: Scene;
  let gateway: RunningGateway;
  let team: string;
  let fallback: string;
  let token: string;

  beforeAll(async () => {
    scene = await Scene.start();
    const { cluster } = scene;
    team = await cluster.namespace("team");
    fallback = await cluster.namespace("fallback");
    gateway = await scene.gateway(fallback, { anonymous: false });
    await cluster.join("n1");
    const credential = (name: string, password: string, annotations: Record<string, string>) =>
      secrets(cluster.connection).create({
        metadata: { name, namespace: SYSTEM, labels: { "mesos.dev/credential": "true" }, annotations },
        type: "kubernetes.io/basic-auth",
        stringData: { username: name, password },
      });
    await credential("marathon", "s3cret", { "mesos.dev/namespace": team });
    await credential("nobody", "s3cret", {});
    // Labelled otherwise, it is no credential.
    await secrets(cluster.connection).create({
      metadata: { name: "other", namespace: SYSTEM },
      type: "kubernetes.io/basic-auth",
      stringData: { username: "other", password: "x" },
    });
    await serviceAccounts(cluster.connection).create({ metadata: { name: "scheduler", namespace: team } });
    const review = await serviceAccounts(cluster.connection).post<{ status: { token: string } }>(
      { name: "scheduler", namespace: team },
      "token",
      { apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", spec: {} },
    );
    token = review.status.token;
    const group = "rbac.authorization.k8s.io";
    const rbac = (plural: string, body: object, namespace?: string) =>
      cluster.connection.call({
        method: "POST",
        path: `/apis/${group}/v1/${namespace === undefined ? "" : `namespaces/${namespace}/`}${plural}`,
        body: { apiVersion: `${group}/v1`, ...body },
      });
    await rbac("clusterroles", {
      kind: "ClusterRole",
      metadata: { name: "mesos-eng" },
      rules: [
        { apiGroups: ["mesos.dev"], resources: ["frameworks"], verbs: ["create", "update"] },
        { apiGroups: ["mesos.dev"], resources: ["roles"], resourceNames: ["eng", "eng/ads"], verbs: ["use"] },
      ],
    });
    await rbac("clusterrolebindings", {
      kind: "ClusterRoleBinding",
      metadata: { name: "mesos-eng" },
      roleRef: { apiGroup: group, kind: "ClusterRole", name: "mesos-eng" },
      subjects: [
        { kind: "User", apiGroup: group, name: "mesos.dev:principal:marathon" },
        { kind: "ServiceAccount", name: "scheduler", namespace: team },
      ],
    });
  });
  afterAll(() => scene.stop());

  const subscribe = async (headers: Record<string, string>, more: object) => {
    const client = scene.client(gateway.port, { headers });
    const event = await scene.cluster.eventually(() => client.attempt({ frameworkInfo: info("fw", more) }));
    return { client, event };
  };

  it.each<[string, Record<string, string>]>([
    ["no credentials", {}],
    ["a wrong password", basic("marathon", "guess")],
    ["an unknown user", basic("root", "s3cret")],
    ["a Secret that is no credential", basic("other", "x")],
    ["a wrong token", { Authorization: "Bearer abc" }],
    ["another scheme", { Authorization: "Digest abc" }],
  ])("lets nobody in with %s, before anything else is looked at", async (_name, headers) => {
    const answered = await ask(gateway.port, { method: "GET", headers });
    expect(answered.status).toBe(401);
    expect(answered.headers["www-authenticate"]).toMatch(/^Basic realm=".*", Bearer realm=/);
  });

  it("knows a principal by its Secret, and what RBAC lets it do", async () => {
    const { client, event } = await subscribe(basic("marathon", "s3cret"), { roles: ["eng/ads"] });
    expect(event.type).toBe(Event_Type.SUBSCRIBED);
    const { items } = await scene.cluster.clients.frameworks.list({ namespace: team });
    expect(items[0]?.spec).toMatchObject({ principal: "marathon", roles: ["eng/ads"] });
    await client.offer(1);
    const refused = await subscribe(basic("marathon", "s3cret"), { roles: ["eng", "ops"] });
    expect(refused.event.error?.message).toBe("Not authorized to use roles.mesos.dev 'ops'");
    const nobody = await subscribe(basic("nobody", "s3cret"), { roles: ["eng"] });
    expect(nobody.event.error?.message).toBe(
      `Not authorized to create frameworks.mesos.dev in the namespace '${fallback}'`,
    );
    // Another's framework is not its to use.
    const stolen = await ask(gateway.port, {
      headers: {
        ...basic("nobody", "s3cret"),
        "Content-Type": "application/json",
        "Mesos-Stream-Id": client.streamId,
      },
      body: JSON.stringify({ framework_id: { value: client.id }, type: "TEARDOWN" }),
    });
    expect(stolen).toMatchObject({
      status: 400,
      body: "Authenticated principal 'nobody' does not match principal 'marathon' set in `FrameworkInfo`",
    });
    const taken = await subscribe(basic("nobody", "s3cret"), { roles: ["eng"], id: { value: client.id } });
    expect(taken.event.type).toBe(Event_Type.ERROR);
    const update = await client.call({
      type: Call_Type.UPDATE_FRAMEWORK,
      updateFramework: {
        frameworkInfo: info("fw", { roles: ["ops"], id: { value: client.id }, principal: "marathon" }),
      },
    });
    expect(update).toMatchObject({ status: 403, body: "Not authorized to use roles.mesos.dev 'ops'" });
    expect((await client.call({ type: Call_Type.REVIVE })).status).toBe(202);
  });

  it("knows a service account by its token, and its namespace", async () => {
    const headers = { Authorization: `Bearer ${token}` };
    const { event } = await subscribe(headers, { roles: ["eng"] });
    expect(event.type).toBe(Event_Type.SUBSCRIBED);
    const { items } = await scene.cluster.clients.frameworks.list({ namespace: team });
    const principals = items.map(({ spec }) => spec.principal);
    expect(principals).toContain(`system:serviceaccount:${team}:scheduler`);
    const other = await ask(gateway.port, {
      headers: { ...headers, "Content-Type": "application/json" },
      body: JSON.stringify({
        type: "SUBSCRIBE",
        subscribe: { framework_info: { user: "", name: "n", principal: "somebody" } },
      }),
    });
    expect(other.status).toBe(400);
    expect(other.body).toMatch(/does not match principal 'somebody' set in `FrameworkInfo`$/);
  });
});
