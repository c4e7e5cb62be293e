import { connect } from "node:net";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Call_Type } from "../../../src/wire/gen/mesos/v1/scheduler/scheduler_pb.ts";
import { runs, Sender, timeFor } from "../fuzzing.ts";
import type { MesosClient } from "./client.ts";
import { info, type RunningGateway, Scene } from "./scene.ts";

const RUNS = runs(1_500);
const LIMIT = timeFor(RUNS);

describe("whatever a client sends", () => {
  let scene: Scene;
  let gateway: RunningGateway;
  let client: MesosClient;
  let sender: Sender;

  beforeAll(async () => {
    scene = await Scene.start();
    gateway = await scene.gateway(await scene.cluster.namespace("fuzz"), {
      requests: { perSecond: 1e6, burst: 1e6 },
      requestsPerAddress: { perSecond: 1e6, burst: 1e6 },
    });
    await scene.cluster.join("n1");
    client = scene.client(gateway.port);
    sender = new Sender(gateway.port);
    await scene.cluster.eventually(() => client.subscribe({ frameworkInfo: info("fuzz") }));
  });
  afterAll(async () => {
    sender.close();
    await scene.stop();
  });

  const send = (body: string | Uint8Array, type: string): Promise<number> => {
    const headers = { "Content-Type": type, "Mesos-Stream-Id": client.streamId };
    return sender.status({ path: "/api/v1/scheduler", headers, body });
  };
  /** Those of the reference: nothing else may come of a body. */
  const known = [202, 400, 403, 501];

  const text = fc.oneof(fc.string(), fc.constantFrom("n1", "*", "o-1", "/", ""));
  const id = fc.record({ value: text });
  const number = fc.oneof(fc.double(), fc.integer(), fc.constantFrom("Infinity", -1, 1e308));
  const resource = fc.record(
    {
      name: fc.constantFrom("cpus", "mem", "disk", "ports", "x"),
      type: fc.constantFrom("SCALAR", "RANGES", "SET", "TEXT", "?"),
      scalar: fc.record({ value: number }),
      ranges: fc.record({ range: fc.array(fc.record({ begin: number, end: number }), { maxLength: 2 }) }),
      reservations: fc.array(fc.record({ type: fc.constantFrom("STATIC", "DYNAMIC"), role: text }), {
        maxLength: 2,
      }),
      disk: fc.record({ persistence: fc.record({ id: text }) }),
    },
    { requiredKeys: ["name", "type"] },
  );
  const task = fc.record(
    {
      name: text,
      task_id: id,
      agent_id: fc.constant({ value: "n1" }),
      resources: fc.array(resource, { maxLength: 3 }),
      command: fc.record({ value: text, shell: fc.boolean(), user: text }, { requiredKeys: [] }),
      labels: fc.record({ labels: fc.array(fc.record({ key: text, value: text }), { maxLength: 2 }) }),
      kill_policy: fc.record({ grace_period: fc.record({ nanoseconds: number }) }),
      limits: fc.dictionary(fc.constantFrom("cpus", "mem", "__proto__"), fc.record({ value: number })),
    },
    { requiredKeys: ["name", "task_id", "agent_id"] },
  );
  const operation = fc.record(
    {
      type: fc.constantFrom("LAUNCH", "RESERVE", "CREATE", "DESTROY", "GROW_VOLUME", "LAUNCH_GROUP", "?"),
      id,
      launch: fc.record({ task_infos: fc.array(task, { maxLength: 2 }) }),
      reserve: fc.record({ resources: fc.array(resource, { maxLength: 2 }) }),
      create: fc.record({ volumes: fc.array(resource, { maxLength: 2 }) }),
    },
    { requiredKeys: ["type"] },
  );
  const types = [
    "ACCEPT",
    "DECLINE",
    "REVIVE",
    "SUPPRESS",
    "KILL",
    "ACKNOWLEDGE",
    "RECONCILE",
    "MESSAGE",
    "?",
  ];
  const filters = fc.record({ refuse_seconds: number }, { requiredKeys: [] });
  const call = fc.record(
    {
      type: fc.constantFrom(...types, "RECONCILE_OPERATIONS", "ACKNOWLEDGE_OPERATION_STATUS"),
      accept: fc.record({ operations: fc.array(operation, { maxLength: 3 }), filters, open: fc.boolean() }),
      decline: fc.record({ offer_ids: fc.array(id, { maxLength: 2 }), filters }, { requiredKeys: [] }),
      revive: fc.record({ roles: fc.array(text, { maxLength: 2 }) }),
      suppress: fc.record({ roles: fc.array(text, { minLength: 1, maxLength: 2 }) }),
      kill: fc.record({ task_id: id, agent_id: id }, { requiredKeys: ["task_id"] }),
      acknowledge: fc.record({ agent_id: id, task_id: id, uuid: text }),
      reconcile: fc.record({ tasks: fc.array(fc.record({ task_id: id, agent_id: id }), { maxLength: 2 }) }),
      message: fc.record({ agent_id: id, executor_id: id, data: text }),
    },
    { requiredKeys: ["type"] },
  );

  it("as JSON that is nearly a call, is answered as the reference says", { timeout: LIMIT }, async () => {
    await fc.assert(
      fc.asyncProperty(call, async (value) => {
        const offers = client.open().slice(0, 1);
        const accept = value.accept && {
          ...value.accept,
          offer_ids: value.accept.open
            ? offers.map((offer) => ({ value: offer.id?.value }))
            : [{ value: "o" }],
        };
        const body = { ...value, framework_id: { value: client.id }, ...(accept && { accept }) };
        expect(known).toContain(await send(JSON.stringify(body), "application/json"));
        // Nobody reads them, and a long run makes many.
        client.events.length = 0;
      }),
      { numRuns: RUNS },
    );
  });

  it("as bytes, is answered as the reference says", { timeout: LIMIT }, async () => {
    const type = fc.constantFrom("application/json", "application/x-protobuf");
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 120 }), type, async (body, contentType) => {
        expect(known).toContain(await send(body, contentType));
      }),
      { numRuns: RUNS },
    );
  });

  it("leaves the gateway well", async () => {
    await client.call({ type: Call_Type.REVIVE, revive: {} });
    await client.offer(0.1);
    expect(client.streamId).not.toBe("");
  });

  it("gets a record a chunk", async () => {
    // What it holds is then offered to the next.
    await client.call({ type: Call_Type.TEARDOWN });
    const body = '{"type":"SUBSCRIBE","subscribe":{"framework_info":{"user":"","name":"raw"}}}';
    const head = `POST /api/v1/scheduler HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n`;
    const socket = connect(gateway.port, "127.0.0.1");
    socket.write(`${head}Content-Length: ${body.length}\r\n\r\n${body}`);
    let raw = "";
    for await (const piece of socket) {
      raw += String(piece);
      if (raw.includes("OFFERS") && raw.endsWith("\r\n")) break;
    }
    const [, chunks = ""] = raw.split("\r\n\r\n");
    for (const line of chunks.split("\r\n")) {
      const records = line.match(/^[0-9]+\n\{"type"/gm) ?? [];
      expect(records.length).toBeLessThan(2);
    }
    expect(chunks).toMatch(/^[0-9a-f]+\r\n[0-9]+\n\{"type":"SUBSCRIBED"/);
  });
});
