import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Task } from "../../../src/api/task.ts";
import type { Live } from "../../../src/cluster/object.ts";
import { protobufOf } from "../../../src/wire/fieldnumbers.fixture.ts";
import { Call_TypeSchema } from "../../../src/wire/gen/mesos/v1/agent/agent_pb.ts";
import { Call_Type, Event_Type } from "../../../src/wire/gen/mesos/v1/executor/executor_pb.ts";
import { TaskStateSchema, TaskStatus_SourceSchema } from "../../../src/wire/gen/mesos/v1/mesos_pb.ts";
import { encodeRecord } from "../../../src/wire/recordio.ts";
import { nearly, number, runs, Sender, text, timeFor } from "../fuzzing.ts";
import { ask } from "../gateway/client.ts";
import { EVERYTHING, tokenOf } from "./account.ts";
import { AgentNode } from "./agentNode.ts";
import type { ExecutorClient, ExecutorIdentity } from "./executorClient.ts";
import { ExecutorScene } from "./executorScene.ts";

const RUNS = runs(300);
const LIMIT = timeFor(RUNS);
const EXECUTOR = "/api/v1/executor";
const JSON_TYPE = "application/json";
const PROTOBUF_TYPE = "application/x-protobuf";
const NO_LIMIT = { perSecond: 1e6, burst: 1e6, waiting: 1e6 };

let node: AgentNode;
let scene: ExecutorScene;
let web: Live<Task>;
let authorization: string;
let sender: Sender;
/** Who calls, and who does nothing but subscribe. */
let caller: { identity: ExecutorIdentity; client: ExecutorClient };
let newcomer: { identity: ExecutorIdentity; client: ExecutorClient };

beforeAll(async () => {
  const open = { requests: NO_LIMIT, requestsPerAddress: NO_LIMIT, executorRequests: NO_LIMIT };
  node = await AgentNode.start({ http: { port: 0, plain: true, ...open } });
  scene = await ExecutorScene.on(node);
  await node.sh("web", "echo started; exec sleep 100000");
  for (const name of ["calls", "newcomer"]) {
    await scene.make(name, "env > env; sleep 100000");
    await scene.task(`of-${name}`, name);
  }
  authorization = `Bearer ${await tokenOf(node, "fuzz", EVERYTHING)}`;
  caller = await scene.connect("calls");
  newcomer = await scene.connect("newcomer");
  expect(await caller.client.subscribe()).toBe(200);
  await caller.client.launched("of-calls");
  web = await node.reaches("web", "TASK_RUNNING");
  sender = new Sender(await node.port());
}, 180_000);
afterAll(async () => {
  sender?.close();
  await node?.stop();
});

const names = (values: readonly { readonly name: string }[]) => values.map(({ name }) => name);
const some = (record: Record<string, fc.Arbitrary<unknown>>) => fc.record(record, { requiredKeys: [] });
const id = fc.record({ value: text });
const anything = fc.json({ maxDepth: 2 }).map((value) => JSON.parse(value) as unknown);

describe("whatever an executor sends", () => {
  /** Those of the reference: nothing else may come of a body. */
  const known = [200, 202, 400, 401, 403, 406, 415, 501];

  const uuid = fc
    .uint8Array({ minLength: 16, maxLength: 16 })
    // Of version 4: others are refused.
    .map((bytes) => Buffer.from(bytes.with(6, 0x40 | ((bytes[6] ?? 0) & 0x0f))).toString("base64"));
  const must = {
    task_id: fc.oneof(id, fc.constantFrom({ value: "of-calls" }, { value: "of-newcomer" })),
    state: fc.constantFrom(...names(TaskStateSchema.values), "?"),
    source: fc.constantFrom("SOURCE_EXECUTOR", ...names(TaskStatus_SourceSchema.values), "?"),
    uuid: fc.oneof(uuid, text),
  };
  const may = {
    timestamp: number,
    message: fc.oneof(text, fc.constant("x".repeat(10_000))),
    data: fc.oneof(text, fc.base64String()),
    reason: fc.constantFrom("REASON_COMMAND_EXECUTOR_FAILED", "?"),
    healthy: fc.oneof(fc.boolean(), text),
    labels: some({ labels: fc.array(some({ key: text, value: text }), { maxLength: 3 }) }),
    executor_id: fc.oneof(id, fc.constant({ value: "calls" })),
    agent_id: id,
    container_status: anything,
    check_status: anything,
  };
  /** As it should be in all that is needed, so that what else it has is looked at. */
  const right = {
    task_id: must.task_id,
    state: fc.constantFrom(...names(TaskStateSchema.values)),
    source: fc.constant("SOURCE_EXECUTOR"),
    uuid,
    timestamp: number,
    message: may.message,
    healthy: fc.boolean(),
    data: fc.base64String(),
  };
  const status = fc.oneof(
    fc.record(right, { requiredKeys: ["task_id", "state", "source", "uuid"] }),
    some({ ...must, ...may }),
  );
  const update = fc.oneof(
    { weight: 4, arbitrary: fc.record({ status }) },
    { weight: 1, arbitrary: anything },
  );
  const subscribe = fc.oneof(
    some({
      unacknowledged_tasks: fc.array(
        some({ name: text, task_id: id, agent_id: id, resources: fc.array(anything, { maxLength: 1 }) }),
        { maxLength: 2 },
      ),
      unacknowledged_updates: fc.array(update, { maxLength: 2 }),
    }),
    anything,
  );
  const nearlyCall = fc.record(
    {
      type: fc.constantFrom("UPDATE", "UPDATE", "MESSAGE", "HEARTBEAT", "SUBSCRIBE", "UNKNOWN", "?"),
      update,
      message: fc.oneof(some({ data: text }), anything),
      subscribe,
    },
    { requiredKeys: ["type"] },
  );
  const rightCall = fc.oneof(
    fc.record({
      type: fc.constant("UPDATE"),
      update: fc.record({
        status: fc.record(right, { requiredKeys: ["task_id", "state", "source", "uuid"] }),
      }),
    }),
    fc.record({ type: fc.constant("MESSAGE"), message: fc.record({ data: fc.base64String() }) }),
  );
  const call = fc.oneof(rightCall, nearlyCall);
  const stranger = fc.oneof({ weight: 9, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: text });
  /** Of the one who may subscribe as he likes, or of the other. */
  const identityFor = (subscribes: boolean) => (subscribes ? newcomer : caller).identity;
  const send = (body: string | Uint8Array, type: string, { token = "" }: ExecutorIdentity) =>
    sender.status({
      path: EXECUTOR,
      body,
      headers: { "Content-Type": type, Accept: type, Authorization: `Bearer ${token}` },
    });

  test("as JSON that is nearly a call, is answered as the reference says", { timeout: LIMIT }, async () => {
    let taken = 0;
    await fc.assert(
      fc.asyncProperty(call, stranger, async (value, other) => {
        const own = identityFor(value.type === "SUBSCRIBE");
        const executor_id = { value: other ?? own.executorId };
        const body = { framework_id: { value: own.frameworkId }, executor_id, ...value };
        const status = await send(JSON.stringify(body), JSON_TYPE, own);
        expect(known).toContain(status);
        if (status === 202) taken += 1;
      }),
      { numRuns: RUNS },
    );
    // Or nothing of what comes after the checks was tried.
    expect(taken).toBeGreaterThan(RUNS / 10);
  });

  const rightBytes = fc
    .record({
      state: fc.nat(14),
      uuid: fc.uint8Array({ minLength: 16, maxLength: 16 }),
      type: fc.constantFrom(2, 3, 4),
    })
    .map(({ state, uuid, type }) => {
      const ids = { 1: { 1: "calls" }, 2: { 1: caller.identity.frameworkId } };
      const taskStatus = { 1: { 1: "of-none" }, 2: state, 9: 2, 11: Buffer.from(uuid) };
      return protobufOf({ ...ids, 3: type, 5: { 1: taskStatus }, 6: { 2: Buffer.from(uuid) } });
    });

  test("as bytes, is answered as the reference says", { timeout: LIMIT }, async () => {
    const bytes = fc.oneof(nearly(rightBytes), fc.uint8Array({ maxLength: 120 }));
    const type = fc.constantFrom(PROTOBUF_TYPE, PROTOBUF_TYPE, JSON_TYPE);
    await fc.assert(
      fc.asyncProperty(bytes, type, async (body, contentType) => {
        expect(known).toContain(await send(body, contentType, caller.identity));
      }),
      { numRuns: RUNS },
    );
  });

  test("leaves the executors well", async () => {
    // One of the bytes may have been a SUBSCRIBE, by chance.
    const again = await scene.connectAgain("calls");
    const task = "of-late";
    await scene.task(task, "calls");
    expect(await again.client.subscribe()).toBe(200);
    await again.client.event(Event_Type.SUBSCRIBED);
    await again.client.launched(task);
    expect((await again.client.call({ type: Call_Type.HEARTBEAT })).status).toBe(202);
    again.client.close();
  });
});

describe("whatever an operator of the agent sends", () => {
  const known = [200, 202, 400, 404, 406, 409, 415, 501];
  const path = fc.oneof(
    text,
    fc.constantFrom("stdout", "../..", "/").map((file) => `${web.status?.container?.sandbox}/${file}`),
  );
  const stranger = fc.record({
    value: text,
    parent: fc.option(fc.record({ value: text }), { nil: undefined }),
  });
  /** None of them is there: what is would be waited for, or ended. */
  const inside = fc.oneof(
    stranger,
    text.map((value) => ({ value: `no-${value}`, parent: { value: web.metadata.uid } })),
  );
  const about = some({ container_id: inside, signal: number });
  const launch = some({
    container_id: stranger,
    command: some({
      shell: fc.boolean(),
      value: text,
      arguments: fc.array(text, { maxLength: 2 }),
      user: text,
    }),
    container: some({ type: fc.constantFrom("MESOS", "DOCKER", "?"), tty_info: anything }),
    resources: fc.array(anything, { maxLength: 1 }),
    limits: fc.dictionary(text, some({ value: number }), { maxKeys: 2 }),
  });
  const bodies: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
    get_metrics: some({ timeout: some({ nanoseconds: number }) }),
    set_logging_level: some({ level: number, duration: some({ nanoseconds: fc.integer({ max: 1000 }) }) }),
    list_files: some({ path }),
    read_file: some({ path, offset: number, length: number }),
    get_containers: some({ show_nested: fc.boolean(), show_standalone: text }),
    launch_nested_container: launch,
    launch_nested_container_session: launch,
    launch_container: launch,
    attach_container_output: about,
    attach_container_input: fc.oneof(about, anything),
    ...Object.fromEntries(
      ["wait", "kill", "remove"].flatMap((verb) => [
        [`${verb}_nested_container`, about],
        [`${verb}_container`, about],
      ]),
    ),
  };
  const call = fc.oneof(
    ...Object.entries(bodies).map(([name, body]) =>
      fc.oneof(body, anything).map((value) => ({ type: name.toUpperCase(), [name]: value })),
    ),
    fc.constantFrom(...names(Call_TypeSchema.values), "?").map((type) => ({ type })),
  );
  const accept = fc.constantFrom<Record<string, string>>(
    {},
    { Accept: JSON_TYPE },
    { Accept: PROTOBUF_TYPE },
    { Accept: "application/recordio", "Message-Accept": JSON_TYPE },
    { Accept: "text/html" },
  );
  const post = (body: string | Uint8Array | readonly Uint8Array[], headers: Record<string, string>) =>
    sender.status({ path: "/api/v1", body, headers: { ...headers, Authorization: authorization } });

  test("as JSON that is nearly a call, is answered as the reference says", { timeout: LIMIT }, async () => {
    await fc.assert(
      fc.asyncProperty(call, accept, async (value, headers) => {
        const body = JSON.stringify(value);
        expect(known).toContain(await post(body, { "Content-Type": JSON_TYPE, ...headers }));
      }),
      { numRuns: RUNS },
    );
  });

  const right = fc.constantFrom(
    { 1: 8, 5: { 1: "/stdout", 2: 0, 3: 10 } },
    { 1: 7, 4: { 1: "/" } },
    { 1: 6, 3: { 1: 0, 2: { 1: 1 } } },
    { 1: 10, 20: { 1: true } },
    { 1: 22, 14: { 1: { 1: "a", 2: { 1: "no" } }, 2: { 3: "true" } } },
    { 1: 23, 15: { 1: { 1: "a", 2: { 1: "no" } } } },
    { 1: 18, 10: { 1: 1, 2: { 1: "a", 2: { 1: "no" } } } },
    { 1: 9 },
  );

  test("as bytes, is answered as the reference says", { timeout: LIMIT }, async () => {
    const bytes = fc.oneof(nearly(right.map(protobufOf)), fc.uint8Array({ maxLength: 120 }));
    const type = fc.constantFrom(PROTOBUF_TYPE, PROTOBUF_TYPE, JSON_TYPE);
    await fc.assert(
      fc.asyncProperty(bytes, type, accept, async (body, contentType, headers) => {
        expect(known).toContain(await post(body, { "Content-Type": contentType, ...headers }));
      }),
      { numRuns: RUNS },
    );
  });

  test("as a stream of records, is answered as the reference says", { timeout: LIMIT }, async () => {
    const containerId = fc.oneof(inside, fc.constant(undefined));
    const message = fc.oneof(
      containerId.map((container_id) => ({
        type: "ATTACH_CONTAINER_INPUT",
        attach_container_input: { type: "CONTAINER_ID", container_id },
      })),
      some({ type: fc.constantFrom("DATA", "CONTROL", "?"), data: anything, control: anything }).map(
        (process_io) => ({
          type: "ATTACH_CONTAINER_INPUT",
          attach_container_input: { type: "PROCESS_IO", process_io },
        }),
      ),
      call,
    );
    const record = fc.oneof(
      message.map((one) => encodeRecord(Buffer.from(JSON.stringify(one)))),
      nearly(right.map((fields) => encodeRecord(protobufOf(fields)))),
      nearly(fc.constant(Buffer.from("99999999999999999999\n"))),
      fc.uint8Array({ maxLength: 30 }),
    );
    const stream = fc.array(record, { maxLength: 4 }).map((records) => Buffer.concat(records));
    const cuts = fc.array(fc.nat(200), { maxLength: 3 });
    const type = fc.constantFrom(JSON_TYPE, PROTOBUF_TYPE);
    await fc.assert(
      fc.asyncProperty(stream, cuts, type, accept, async (body, places, messageType, headers) => {
        const marks = [
          0,
          ...places.map((at) => Math.min(at, body.length)).sort((a, b) => a - b),
          body.length,
        ];
        const chunks = marks.slice(1).map((end, i) => body.subarray(marks[i], end));
        const given = { "Content-Type": "application/recordio", "Message-Content-Type": messageType };
        const sent = chunks.filter(({ length }) => length > 0);
        expect(known).toContain(await post(sent, { ...given, ...headers }));
      }),
      { numRuns: RUNS },
    );
  });

  test("below a path of v0, is answered as the reference says", { timeout: LIMIT }, async () => {
    const paths = ["/state", "/flags", "/metrics/snapshot", "/monitor/statistics", "/containers", "/version"];
    const at = fc.constantFrom(...paths, "/files/browse", "/files/read", "/files/download", "/health");
    const ending = fc.constantFrom("", "", ".json", "/", "x");
    const below = fc.constantFrom("", "", "/slave(1)", "/slave%281%29", "/slave(1");
    const query = fc.dictionary(
      fc.constantFrom(
        "path",
        "offset",
        "length",
        "jsonp",
        "container_id",
        "framework_id",
        "executor_id",
        "?",
      ),
      fc.oneof(path, number.map(String)),
      { maxKeys: 4 },
    );
    const method = fc.constantFrom("GET", "GET", "GET", "POST", "PUT", "HEAD", "OPTIONS");
    await fc.assert(
      fc.asyncProperty(below, at, ending, query, method, async (prefix, name, end, asked, verb) => {
        const search = new URLSearchParams(asked as Record<string, string>);
        const sent = { method: verb, path: `${prefix}${name}${end}?${search}` };
        const code = await sender.status({ ...sent, headers: { Authorization: authorization } });
        expect([200, 400, 404, 405]).toContain(code);
      }),
      { numRuns: RUNS },
    );
  });

  test("leaves the agent well", async () => {
    const port = await node.port();
    const headers = { Authorization: authorization, "Content-Type": JSON_TYPE };
    const state = await ask(port, { path: "/api/v1", headers, body: '{"type":"GET_STATE"}' });
    expect([state.status, state.body]).toEqual([200, expect.stringContaining("web")]);
    expect(node.recoveries()).toBe(1);
    expect(node.log()).not.toContain("a request failed");
  });
});

/** Last: it ends the agent, and the next one lets everybody ask but little. */
describe("however often somebody asks", () => {
  const little = (burst: number) => ({ perSecond: 0.5, burst, waiting: 1 });
  const codes = async (asked: readonly Promise<{ status: number; headers: object; body: string }>[]) => {
    const answered = await Promise.all(asked);
    const refused = answered.find(({ status }) => status === 429);
    expect(refused?.headers).toMatchObject({ "retry-after": "2" });
    return { codes: answered.map(({ status }) => status).sort(), refusal: refused?.body };
  };

  test("an executor, a principal and an address are refused beyond their limits", async () => {
    caller.client.close();
    await node.stopAgent("SIGTERM");
    const limits = { requests: little(2), requestsPerAddress: little(8), executorRequests: little(1) };
    await node.startAgent({ http: { port: 0, plain: true, ...limits } });
    const port = await node.port();
    const { client } = await scene.connectAgain("calls");
    const beats = Array.from({ length: 4 }, () => client.call({ type: Call_Type.HEARTBEAT }));
    const asExecutor = await codes(beats);
    expect(asExecutor).toEqual({
      codes: [403, 403, 429, 429],
      refusal: "too many calls of this executor are waiting",
    });
    const state = (token: string) =>
      ask(port, { method: "GET", path: "/state", headers: { Authorization: token } });
    const asPrincipal = await codes(Array.from({ length: 5 }, () => state(authorization)));
    expect(asPrincipal).toEqual({
      codes: [200, 200, 200, 429, 429],
      refusal: "too many of your requests are waiting",
    });
    const asNobody = await codes(Array.from({ length: 8 }, () => state("Bearer made.up.token")));
    expect(asNobody.codes).toEqual(expect.arrayContaining([401, 429]));
  });
});
