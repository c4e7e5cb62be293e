import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Event_Type } from "../../../src/wire/gen/mesos/v1/scheduler/scheduler_pb.ts";
import { type Asked, ask, type MesosClient, open } from "./client.ts";
import { info, type RunningGateway, Scene } from "./scene.ts";

const JSON_TYPE = { "Content-Type": "application/json" };
const PROTOBUF_TYPE = { "Content-Type": "application/x-protobuf" };
const failed = "Failed to validate scheduler::Call: ";
const uuid = Buffer.from("00112233445546778899aabbccddeeff", "hex").toString("base64");

describe("the scheduler API", () => {
  let scene: Scene;
  let gateway: RunningGateway;
  let client: MesosClient;

  beforeAll(async () => {
    scene = await Scene.start();
    const namespace = await scene.cluster.namespace("protocol");
    gateway = await scene.gateway(namespace, { heartbeat: "500ms", maxBodyBytes: 100_000 });
    client = scene.client(gateway.port);
    await scene.cluster.eventually(() => client.subscribe({ frameworkInfo: info("protocol") }));
    await scene.cluster.framework(namespace, "lease", { connection: { type: "Lease" } });
  });
  afterAll(() => scene.stop());

  /** A call of the subscribed framework, unless it says otherwise. */
  const call = (value: object, headers: Record<string, string> = {}) =>
    ask(gateway.port, {
      headers: { ...JSON_TYPE, "Mesos-Stream-Id": client.streamId, ...headers },
      body: JSON.stringify({ framework_id: { value: client.id }, ...value }),
    });

  it.each<[string, Asked, number, string | RegExp]>([
    ["another path", { path: "/api/v2/scheduler" }, 404, ""],
    [
      "another method",
      { method: "GET" },
      405,
      "405 Method Not Allowed. Expecting one of { 'POST' }, but received 'GET'.",
    ],
    ["no content type", { body: "{}" }, 400, "Expecting 'Content-Type' to be present"],
    [
      "an unknown content type",
      { headers: { "Content-Type": "text/plain" }, body: "{}" },
      415,
      "Expecting 'Content-Type' of application/json or application/x-protobuf",
    ],
    ["no JSON", { headers: JSON_TYPE, body: "{" }, 400, /^Failed to parse body into JSON: /],
    ["no body", { headers: JSON_TYPE }, 400, /^Failed to parse body into JSON: /],
    [
      "JSON that is no object",
      { headers: JSON_TYPE, body: "[]" },
      400,
      "Failed to convert JSON into Call protobuf: Expecting a JSON object",
    ],
    [
      "no protobuf",
      { headers: PROTOBUF_TYPE, body: Buffer.from([0x0a, 0xff]) },
      400,
      "Failed to parse body into Call protobuf",
    ],
    ["an empty protobuf", { headers: PROTOBUF_TYPE }, 400, `${failed}Expecting 'type' to be present`],
    ["no type", { headers: JSON_TYPE, body: "{}" }, 400, `${failed}Expecting 'type' to be present`],
    [
      "a type that nobody knows",
      { headers: JSON_TYPE, body: '{"type":"EAT"}' },
      400,
      `${failed}Expecting 'type' to be present`,
    ],
    [
      "SUBSCRIBE without its field",
      { headers: JSON_TYPE, body: '{"type":"SUBSCRIBE"}' },
      400,
      `${failed}Expecting 'subscribe' to be present`,
    ],
    [
      "two framework ids",
      {
        headers: JSON_TYPE,
        body: JSON.stringify({
          type: "SUBSCRIBE",
          framework_id: { value: "a" },
          subscribe: { framework_info: { user: "u", name: "n", id: { value: "b" } } },
        }),
      },
      400,
      `${failed}'framework_id' differs from 'subscribe.framework_info.id'`,
    ],
    [
      "no framework id",
      { headers: JSON_TYPE, body: '{"type":"REVIVE"}' },
      400,
      `${failed}Expecting 'framework_id' to be present`,
    ],
    ["a body that is too long", { headers: JSON_TYPE, body: " ".repeat(200_000) }, 413, /at most 100000/],
    [
      "an Accept for nothing that there is",
      {
        headers: { ...JSON_TYPE, Accept: "text/html" },
        body: JSON.stringify({ type: "SUBSCRIBE", subscribe: { framework_info: { user: "u", name: "n" } } }),
      },
      406,
      "Expecting 'Accept' to allow 'application/x-protobuf' or 'application/json'",
    ],
    [
      "a stream id on SUBSCRIBE",
      {
        headers: { ...JSON_TYPE, "Mesos-Stream-Id": "x" },
        body: JSON.stringify({ type: "SUBSCRIBE", subscribe: { framework_info: { user: "u", name: "n" } } }),
      },
      400,
      "Subscribe calls should not include the 'Mesos-Stream-Id' header",
    ],
  ])("answers %s as Mesos does", async (_name, asked, status, body) => {
    const answered = await ask(gateway.port, asked);
    expect(answered.status).toBe(status);
    if (body instanceof RegExp) expect(answered.body).toMatch(body);
    else expect(answered.body).toBe(body);
    if (status === 405) expect(answered.headers.allow).toBe("POST");
  });

  it("wants each call of a framework on its own stream", async () => {
    const revive = { type: "REVIVE" };
    expect(await call(revive)).toMatchObject({ status: 202, body: "" });
    expect(await call({ ...revive, framework_id: { value: "nobody" } })).toMatchObject({
      status: 400,
      body: "Framework cannot be found",
    });
    expect(await call(revive, { "Mesos-Stream-Id": "other" })).toMatchObject({
      status: 400,
      body: `The stream ID 'other' included in this request didn't match the stream ID currently associated with framework ID ${client.id}`,
    });
    const body = JSON.stringify({ framework_id: { value: client.id }, type: "REVIVE" });
    expect(await ask(gateway.port, { headers: JSON_TYPE, body })).toMatchObject({
      status: 400,
      body: "All non-subscribe calls should include the 'Mesos-Stream-Id' header",
    });
    const { items } = await scene.cluster.clients.frameworks.list();
    const lease = items.find(({ metadata }) => metadata.name === "lease");
    expect(await call({ ...revive, framework_id: { value: lease?.metadata.uid } })).toMatchObject({
      status: 403,
      body: "Framework is not connected via HTTP",
    });
  });

  it.each([
    ["ACCEPT", "accept"],
    ["DECLINE", "decline"],
    ["ACCEPT_INVERSE_OFFERS", "accept_inverse_offers"],
    ["DECLINE_INVERSE_OFFERS", "decline_inverse_offers"],
    ["KILL", "kill"],
    ["SHUTDOWN", "shutdown"],
    ["ACKNOWLEDGE", "acknowledge"],
    ["ACKNOWLEDGE_OPERATION_STATUS", "acknowledge_operation_status"],
    ["RECONCILE", "reconcile"],
    ["RECONCILE_OPERATIONS", "reconcile_operations"],
    ["MESSAGE", "message"],
    ["REQUEST", "request"],
    ["UPDATE_FRAMEWORK", "update_framework"],
  ])("wants the field of %s", async (type, field) => {
    expect(await call({ type })).toMatchObject({
      status: 400,
      body: `${failed}Expecting '${field}' to be present`,
    });
  });

  it.each<[string, object, number, string]>([
    ["UNKNOWN", {}, 501, ""],
    ["SUPPRESS", {}, 202, ""],
    ["SUPPRESS", { suppress: { roles: ["not its"] } }, 202, ""],
    ["REVIVE", { revive: { roles: [] } }, 202, ""],
    ["ACCEPT", { accept: {} }, 202, ""],
    ["DECLINE", { decline: { offer_ids: [{ value: "x" }] } }, 202, ""],
    ["REQUEST", { request: {} }, 202, ""],
    ["SHUTDOWN", { shutdown: { executor_id: { value: "e" }, agent_id: { value: "a" } } }, 202, ""],
    [
      "MESSAGE",
      { message: { executor_id: { value: "e" }, agent_id: { value: "a" }, data: "aGk=" } },
      202,
      "",
    ],
    ["ACCEPT_INVERSE_OFFERS", { accept_inverse_offers: {} }, 202, ""],
    ["ACKNOWLEDGE", { acknowledge: { agent_id: { value: "a" }, task_id: { value: "t" }, uuid } }, 202, ""],
    [
      "ACKNOWLEDGE",
      { acknowledge: { agent_id: { value: "a" }, task_id: { value: "t" }, uuid: "AAAA" } },
      400,
      `${failed}Not a valid UUID`,
    ],
    [
      "ACKNOWLEDGE_OPERATION_STATUS",
      { acknowledge_operation_status: { operation_id: { value: "o" }, uuid } },
      400,
      `${failed}Expecting 'agent_id' to be present`,
    ],
    [
      "UPDATE_FRAMEWORK",
      { update_framework: { framework_info: { user: "", name: "n" } } },
      400,
      `${failed}'framework_id' differs from 'update_framework.framework_info.id'`,
    ],
  ])("answers %s %j", async (type, fields, status, body) => {
    expect(await call({ type, ...fields })).toMatchObject({ status, body });
  });

  it("tells refusals of a subscription on the stream, and ends it", async () => {
    const refusals: [object, RegExp][] = [
      [{ roles: ["a", "a"] }, /'FrameworkInfo.roles' contains duplicate items: { a }/],
      [{ roles: ["-a"] }, /invalid role: Role component '-a' is invalid because it starts with a dash/],
      [{ role: "a" }, /'FrameworkInfo.role' must not be set when the framework is MULTI_ROLE capable/],
      [{ capabilities: [], roles: ["a"] }, /'FrameworkInfo.roles' must not be set/],
      [{ failoverTimeout: Number.POSITIVE_INFINITY }, /failover_timeout \(Infinity\) is invalid/],
    ];
    for (const [more, message] of refusals) {
      const refused = scene.client(gateway.port);
      const event = await refused.attempt({ frameworkInfo: info("refused", more) });
      expect(event.type).toBe(Event_Type.ERROR);
      expect(event.error?.message).toMatch(message);
      await refused.ended;
      expect(refused.events).toHaveLength(1);
    }
    const suppressed = scene.client(gateway.port);
    const event = await suppressed.attempt({ frameworkInfo: info("s"), suppressedRoles: ["x"] });
    expect(event.error?.message).toBe("Suppressed roles { x } are not contained in the set of roles");
  });

  it("speaks RecordIO: bytes as they come", async () => {
    const response = await open(gateway.port, {
      headers: JSON_TYPE,
      body: '{"type":"SUBSCRIBE","subscribe":{"framework_info":{"user":"","name":"bytes","failover_timeout":60}}}',
    });
    expect(response.headers).toMatchObject({
      "content-type": "application/json",
      "transfer-encoding": "chunked",
    });
    expect(response.headers["mesos-stream-id"]).toMatch(/^[-0-9a-f]{36}$/);
    let text = "";
    for await (const chunk of response) {
      text += chunk;
      if (text.includes("HEARTBEAT")) break;
    }
    const [, id] = /"framework_id":\{"value":"([^"]+)"\}/.exec(text) ?? [];
    const [, master = ""] = /"master_info":(.*)\}\}20\n/.exec(text) ?? [];
    expect(JSON.parse(master)).toMatchObject({ port: gateway.port, hostname: "127.0.0.1", ip: 16777343 });
    const subscribed = `{"type":"SUBSCRIBED","subscribed":{"framework_id":{"value":"${id}"},"heartbeat_interval_seconds":0.5,"master_info":${master}}}`;
    expect(text).toBe(`${subscribed.length}\n${subscribed}20\n{"type":"HEARTBEAT"}`);
  });

  it("changes a framework all or not at all", async () => {
    const update = (fields: object) =>
      call({
        type: "UPDATE_FRAMEWORK",
        update_framework: {
          framework_info: {
            user: "",
            name: "renamed",
            id: { value: client.id },
            roles: ["*", "eng"],
            capabilities: [{ type: "MULTI_ROLE" }],
            ...fields,
          },
          suppressed_roles: ["eng"],
        },
      });
    expect(await update({ user: "other" })).toMatchObject({
      status: 400,
      body: "FrameworkInfo update is not valid: Updating 'FrameworkInfo.user' is unsupported; attempted to update from '' to 'other'",
    });
    expect(await update({ checkpoint: true })).toMatchObject({ status: 400 });
    expect(await update({ principal: "p" })).toMatchObject({
      status: 400,
      body: "FrameworkInfo update is not valid: Changing framework's principal is not allowed.",
    });
    expect(await update({ roles: ["*"] })).toMatchObject({
      status: 400,
      body: "'UpdateFramework' call is not valid: Suppressed roles { eng } are not contained in the set of roles",
    });
    expect(await update({})).toMatchObject({ status: 200, body: "" });
    const { items } = await scene.cluster.clients.frameworks.list();
    const framework = items.find(({ metadata }) => metadata.uid === client.id);
    expect(framework?.spec).toMatchObject({
      roles: ["*", "eng"],
      capabilities: ["MULTI_ROLE"],
      suppressedRoles: ["eng"],
      failoverTimeout: "0s",
    });
    expect(framework?.metadata.annotations?.["mesos.dev/framework-info"]).toContain("renamed");
  });
});
