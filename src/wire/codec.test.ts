import { create } from "@bufbuild/protobuf";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BodyError, decode, encode } from "./codec.ts";
import { ResourceSchema, Value_Type, VolumeSchema } from "./gen/mesos/v1/mesos_pb.ts";
import {
  type Call,
  Call_Type,
  CallSchema,
  Event_Type,
  EventSchema,
} from "./gen/mesos/v1/scheduler/scheduler_pb.ts";
import { missingRequired } from "./required.ts";

const json = (value: unknown) => Buffer.from(typeof value === "string" ? value : JSON.stringify(value));
const read = (value: unknown): Call => decode("json", CallSchema, json(value), "Call");
const problem = (value: unknown): string => {
  try {
    read(value);
  } catch (error) {
    if (error instanceof BodyError) return error.message;
    throw error;
  }
  return "";
};
const convert = "Failed to convert JSON into Call protobuf: ";

describe("calls in JSON", () => {
  it("are read by the names of the proto, and what is unknown is ignored", () => {
    const call = read({
      framework_id: { value: "f", extra: [1, { a: null }] },
      type: "ACKNOWLEDGE",
      nonsense: { deep: [] },
      frameworkId: { value: "camel" },
      acknowledge: { agent_id: { value: "a" }, task_id: { value: "t" }, uuid: "AAEC/w==" },
      accept: null,
    });
    expect(call.frameworkId?.value).toBe("f");
    expect(call.type).toBe(Call_Type.ACKNOWLEDGE);
    expect([...(call.acknowledge?.uuid ?? [])]).toEqual([0, 1, 2, 255]);
    expect(call.accept).toBeUndefined();
  });

  it("keep 64-bit integers exact, as numbers and as text", () => {
    const kill = (grace: string) =>
      read(`{"kill":{"task_id":{"value":"t"},"kill_policy":{"grace_period":{"nanoseconds":${grace}}}}}`).kill
        ?.killPolicy?.gracePeriod?.nanoseconds;
    expect(kill("5000000000")).toBe(5_000_000_000n);
    expect(kill("9223372036854775807")).toBe(9_223_372_036_854_775_807n);
    expect(kill('"9223372036854775807"')).toBe(9_223_372_036_854_775_807n);
    expect(kill("1.9")).toBe(1n);
  });

  it("take an enum value that is unknown as if it were not there, but where one is required", () => {
    expect(read({ type: "NO_SUCH_CALL" }).type).toBe(Call_Type.UNKNOWN);
    const resource = (type: string) =>
      decode("json", ResourceSchema, json({ name: "cpus", type }), "Resource").type;
    expect(resource("SCALAR")).toBe(Value_Type.SCALAR);
    expect(() => resource("NO")).toThrow("Failed to find enum for 'NO'");
  });

  it.each([
    [[], `${convert}Expecting a JSON object`],
    [{ type: 1 }, `${convert}Not expecting a JSON number for field 'type'`],
    [{ type: true }, `${convert}Not expecting a JSON boolean for field 'type'`],
    [{ type: {} }, `${convert}Not expecting a JSON object for field 'type'`],
    [{ type: ["SUBSCRIBE"] }, `${convert}Not expecting a JSON array for field 'type'`],
    [{ framework_id: "f" }, `${convert}Not expecting a JSON string for field 'framework_id'`],
    [{ framework_id: { value: 1 } }, `${convert}Not expecting a JSON number for field 'value'`],
    [{ framework_id: {} }, `${convert}Missing required fields: framework_id.value`],
    [
      { subscribe: { framework_info: { user: "u" } }, kill: {} },
      `${convert}Missing required fields: subscribe.framework_info.name, kill.task_id`,
    ],
    [
      { accept: { offer_ids: [{ value: "a" }, {}] } },
      `${convert}Missing required fields: accept.offer_ids[1].value`,
    ],
    [
      { decline: { offer_ids: [], filters: { refuse_seconds: "soon" } } },
      `${convert}Failed to parse 'soon' as a JSON number for field 'refuse_seconds'`,
    ],
    [
      { message: { data: "a?b" } },
      `${convert}Failed to base64 decode bytes field 'data': Invalid character '?'`,
    ],
    [{ type: {}, accept: [] }, `${convert}Not expecting a JSON array for field 'accept'`],
  ])("say what is wrong with %j as Mesos does", (value, message) => {
    expect(problem(value)).toBe(message);
  });

  it("say what is no JSON", () => {
    expect(problem("{")).toMatch(/^Failed to parse body into JSON: /);
    expect(problem("")).toMatch(/^Failed to parse body into JSON: /);
  });

  it("may nest as deep as they like", () => {
    const deep = `{"accept":{"offer_ids":${"[".repeat(100_000)}${"]".repeat(100_000)}}}`;
    expect(problem(deep)).toMatch(/too deeply nested/);
  });

  it("cannot reach a prototype", () => {
    const call = read(
      '{"subscribe":{"framework_info":{"user":"u","name":"n","offer_filters":{"__proto__":{},"a":{}}}}}',
    );
    const filters = call.subscribe?.frameworkInfo?.offerFilters ?? {};
    expect(Object.getPrototypeOf(filters)).toBe(Object.prototype);
    expect(Object.keys(filters).sort()).toEqual(["__proto__", "a"]);
  });
});

describe("events in JSON", () => {
  it("are told by the names of the proto, with defaults that are not deprecated", () => {
    const resource = create(ResourceSchema, {
      name: "cpus",
      type: Value_Type.SCALAR,
      scalar: { value: 1.5 },
    });
    expect(Buffer.from(encode("json", ResourceSchema, resource)).toString()).toBe(
      '{"name":"cpus","type":"SCALAR","scalar":{"value":1.5}}',
    );
    const call = create(CallSchema, { type: Call_Type.DECLINE, decline: { filters: {} } });
    expect(Buffer.from(encode("json", CallSchema, call)).toString()).toBe(
      '{"type":"DECLINE","decline":{"filters":{"refuse_seconds":5}}}',
    );
  });

  it("carry bytes as base64 and large integers as numbers", () => {
    const event = create(EventSchema, {
      type: Event_Type.MESSAGE,
      message: { agentId: { value: "a" }, executorId: { value: "e" }, data: new Uint8Array([255, 0]) },
    });
    expect(Buffer.from(encode("json", EventSchema, event)).toString()).toBe(
      '{"type":"MESSAGE","message":{"agent_id":{"value":"a"},"executor_id":{"value":"e"},"data":"/wA="}}',
    );
    const call = create(CallSchema, {
      kill: { taskId: { value: "t" }, killPolicy: { gracePeriod: { nanoseconds: 2n ** 62n } } },
    });
    expect(Buffer.from(encode("json", CallSchema, call)).toString()).toContain(
      '"nanoseconds":4611686018427387904',
    );
  });
});

describe("protobuf", () => {
  it("has the numbers of the proto: bytes written by hand", () => {
    // type (2) = KILL (6); kill (6) { task_id (1) { value (1) "t1" } }; framework_id (1) { value (1) "f" }
    const call = decode("protobuf", CallSchema, Buffer.from("0a030a0166100632060a040a027431", "hex"), "Call");
    expect(call).toMatchObject({
      frameworkId: { value: "f" },
      type: Call_Type.KILL,
      kill: { taskId: { value: "t1" } },
    });
    const event = create(EventSchema, { type: Event_Type.ERROR, error: { message: "no" } });
    expect(Buffer.from(encode("protobuf", EventSchema, event)).toString("hex")).toBe("080742040a026e6f");
  });

  it("says what it cannot read, and what is missing", () => {
    expect(() => decode("protobuf", CallSchema, Buffer.from("0aff", "hex"), "Call")).toThrow(
      "Failed to parse body into Call protobuf",
    );
    expect(() => decode("protobuf", CallSchema, Buffer.from("0a00", "hex"), "Call")).toThrow(
      "Failed to parse body into Call protobuf",
    );
    const volume = create(VolumeSchema, {});
    expect(missingRequired(VolumeSchema, volume)).toEqual(["mode", "container_path"]);
  });
});

describe("whatever comes", () => {
  const attempt = (encoding: "json" | "protobuf", body: Uint8Array) => {
    try {
      const call = decode(encoding, CallSchema, body, "Call");
      missingRequired(CallSchema, call);
    } catch (error) {
      expect(error).toBeInstanceOf(BodyError);
    }
  };
  const runs = Number(process.env.FUZZ_RUNS ?? 1500);

  it("is a call or a BodyError", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (body) => attempt("protobuf", body)),
      { numRuns: runs },
    );
    fc.assert(
      fc.property(fc.json({ maxDepth: 6 }), (body) => attempt("json", Buffer.from(body))),
      { numRuns: runs },
    );
  });

  it("is one also when it looks like a call", () => {
    const names = fc.constantFrom(
      ...[
        "type",
        "framework_id",
        "value",
        "subscribe",
        "framework_info",
        "accept",
        "offer_ids",
        "operations",
      ],
      ...["launch", "task_infos", "resources", "scalar", "filters", "kill", "uuid", "limits", "labels"],
    );
    const leaf = fc.oneof(
      fc.string(),
      fc.double(),
      fc.boolean(),
      fc.constant(null),
      fc.constant("SUBSCRIBE"),
    );
    const { tree } = fc.letrec((tie) => ({
      tree: fc.oneof(
        { maxDepth: 7, depthIdentifier: "t" },
        leaf,
        fc.array(tie("tree"), { maxLength: 3 }),
        fc.dictionary(names, tie("tree"), { maxKeys: 5 }),
      ),
    }));
    fc.assert(
      fc.property(tree, (value) => attempt("json", json(JSON.stringify(value ?? null)))),
      { numRuns: runs },
    );
  });
});
