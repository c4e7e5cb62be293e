import { isFieldSet } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { decode, encode } from "./codec.ts";
import { type Fields, protobufOf } from "./fieldnumbers.fixture.ts";
import {
  Call_TypeSchema,
  CallSchema,
  Event_TypeSchema,
  EventSchema,
} from "./gen/mesos/v1/scheduler/scheduler_pb.ts";
import { encodeRecord, RecordDecoder } from "./recordio.ts";
import { callInFields, callInJson, WRITTEN_EVENTS, writtenCalls } from "./scheduler.fixture.ts";

const CALLS = writtenCalls("f");
const eventText = ({ type, json }: (typeof WRITTEN_EVENTS)[number]) =>
  `{"type":"${type}"${json === "" ? "" : `,${json}`}}`;
const names = (all: readonly { readonly name: string }[]) => all.map(({ name }) => name).sort();
const known = (all: readonly { readonly type: string }[]) =>
  ["UNKNOWN", ...all.map(({ type }) => type)].sort();

describe("the scheduler API by hand", () => {
  it("has every call and every event of the proto", () => {
    expect(known(CALLS)).toEqual(names(Call_TypeSchema.values));
    expect(known(WRITTEN_EVENTS)).toEqual(names(Event_TypeSchema.values));
  });

  it.each(CALLS)("$type is the same call in both encodings", (call) => {
    const bytes = protobufOf(callInFields(call, "f"));
    const fromBytes = decode("protobuf", CallSchema, new Uint8Array(bytes), "Call");
    const fromText = decode("json", CallSchema, Buffer.from(callInJson(call, "f")), "Call");
    expect(fromText).toEqual(fromBytes);
    expect(Call_TypeSchema.value[fromBytes.type]?.name).toBe(call.type);
    expect(fromBytes.frameworkId?.value).toBe("f");
    expect(Buffer.from(encode("protobuf", CallSchema, fromBytes)).toString("hex")).toBe(
      bytes.toString("hex"),
    );
  });

  it.each(WRITTEN_EVENTS)("$type is told byte for byte in both encodings", (event) => {
    const bytes = protobufOf(event.fields);
    const read = decode("protobuf", EventSchema, new Uint8Array(bytes), "Event");
    expect(Event_TypeSchema.value[read.type]?.name).toBe(event.type);
    expect(Buffer.from(encode("json", EventSchema, read)).toString()).toBe(eventText(event));
    expect(Buffer.from(encode("protobuf", EventSchema, read)).toString("hex")).toBe(bytes.toString("hex"));
    expect(decode("json", EventSchema, Buffer.from(eventText(event)), "Event")).toEqual(read);
  });

  it.each([
    ["JSON", WRITTEN_EVENTS.map((event) => Buffer.from(eventText(event)))],
    ["protobuf", WRITTEN_EVENTS.map(({ fields }) => protobufOf(fields))],
  ])("all events as one stream of records in %s, byte by byte", (_name, records) => {
    const stream = Buffer.concat(records.map(encodeRecord));
    expect(stream.toString("latin1")).toBe(
      records.map((one) => `${one.length}\n${one.toString("latin1")}`).join(""),
    );
    const decoder = new RecordDecoder();
    const read = Array.from(stream, (byte) => decoder.decode(Buffer.from([byte]))).flat();
    expect(read.map((one) => one.toString("hex"))).toEqual(records.map((one) => one.toString("hex")));
    expect(decoder.atBoundary).toBe(true);
  });
});

describe("protobuf of a newer Mesos", () => {
  const read = (fields: Fields, more = "") =>
    decode("protobuf", CallSchema, Buffer.concat([protobufOf(fields), Buffer.from(more, "hex")]), "Call");

  it("may have fields that nobody knows here, of every wire type", () => {
    // 1000: a varint, 8 bytes, a string, 4 bytes, and a group with a varint in it.
    const strange = "c03e01" + "c13e0102030405060708" + "c23e0161" + "c53e01020304" + "c33e0801c43e";
    const call = read({ 1: { 1: "f", 99: "x" }, 2: 5, 15: { 1: "eng", 2: { 1: 7 } } }, strange);
    expect(call.frameworkId?.value).toBe("f");
    expect(call.revive?.roles).toEqual(["eng"]);
  });

  it("has no type when its type is one that nobody knows here", () => {
    const call = read({ 1: { 1: "f" }, 2: 99 });
    expect(isFieldSet(call, CallSchema.field.type)).toBe(false);
  });

  it("merges what comes twice: the last value, all items, one message", () => {
    const call = read({
      2: [5, 6],
      6: [{ 1: { 1: "t" } }, { 1: { 1: "u" }, 2: { 1: "a" } }],
      15: { 1: ["x"] },
    });
    expect(call.type).toBe(6);
    expect(call.kill).toMatchObject({ taskId: { value: "u" }, agentId: { value: "a" } });
  });

  it.each([
    ["a varint that does not end", "08ffffffffffffffffffffff"],
    ["a length beyond the end", "0a05616263"],
    ["a tag alone", "0a"],
    ["field 0", "0001"],
    ["a wire type that does not exist", "0f01"],
    ["the end of a group that did not begin", "0c"],
    ["a required field that is missing below", "0a00"],
  ])("refuses %s", (_name, hex) => {
    expect(() => decode("protobuf", CallSchema, Buffer.from(hex, "hex"), "Call")).toThrow(
      "Failed to parse body into Call protobuf",
    );
  });
});

describe("JSON forms of a call", () => {
  const call = (text: string) => decode("json", CallSchema, Buffer.from(text), "Call");

  it.each([
    ['"/wA="', [255, 0]],
    ['"/wA"', [255, 0]],
    ['"/w\\nA="', [255, 0]],
    ['""', []],
  ])("bytes from %s", (text, bytes) => {
    const { message } = call(
      `{"message":{"agent_id":{"value":"a"},"executor_id":{"value":"e"},"data":${text}}}`,
    );
    expect([...(message?.data ?? [])]).toEqual(bytes);
  });

  it.each([
    ["-9223372036854775808", -9_223_372_036_854_775_808n],
    ["9007199254740993", 9_007_199_254_740_993n],
    ['"1e3"', 1000n],
    ["1e3", 1000n],
    ["-1.9", -1n],
  ])("an int64 from %s", (text, value) => {
    const { kill } = call(
      `{"kill":{"task_id":{"value":"t"},"kill_policy":{"grace_period":{"nanoseconds":${text}}}}}`,
    );
    expect(kill?.killPolicy?.gracePeriod?.nanoseconds).toBe(value);
  });

  it.each([
    ["2", 2],
    ['"2.5"', 2.5],
    ['"Infinity"', Number.POSITIVE_INFINITY],
    ["1e-3", 0.001],
  ])("a double from %s", (text, value) => {
    expect(call(`{"decline":{"filters":{"refuse_seconds":${text}}}}`).decline?.filters?.refuseSeconds).toBe(
      value,
    );
  });
});
