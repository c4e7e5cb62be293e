import { describe, expect, it } from "vitest";
import { decode, encode } from "./codec.ts";
import { type Fields, protobufOf } from "./fieldnumbers.fixture.ts";
import { CallSchema, ResponseSchema } from "./gen/mesos/v1/master/master_pb.ts";
import { UUID } from "./scheduler.fixture.ts";
import { grown, shrunk } from "./volumes.fixture.ts";

const agent = { agent_id: { value: "a" } };

describe("calls on volumes and operations by hand", () => {
  it.each<[string, object, Fields]>([
    ["GET_OPERATIONS", {}, { 1: 33 }],
    [
      "GROW_VOLUME",
      { grow_volume: { ...agent, ...grown.json } },
      { 1: 34, 18: { 1: { 1: "a" }, 2: grown.fields[0], 3: grown.fields[1] } },
    ],
    [
      "SHRINK_VOLUME",
      { shrink_volume: { ...agent, ...shrunk.json } },
      { 1: 35, 19: { 1: { 1: "a" }, 2: shrunk.fields[0], 3: shrunk.fields[1] } },
    ],
  ])("%s is the same call in both encodings", (type, json, fields) => {
    const bytes = protobufOf(fields);
    const fromBytes = decode("protobuf", CallSchema, new Uint8Array(bytes), "Call");
    expect(decode("json", CallSchema, Buffer.from(JSON.stringify({ type, ...json })), "Call")).toEqual(
      fromBytes,
    );
    expect(Buffer.from(encode("protobuf", CallSchema, fromBytes)).toString("hex")).toBe(
      bytes.toString("hex"),
    );
  });

  it.each<[string, object, Fields, string]>([
    [
      "GROW_VOLUME",
      { grow_volume: { ...agent, volume: grown.json.volume } },
      { 1: 34, 18: { 1: { 1: "a" }, 2: grown.fields[0] } },
      "grow_volume.addition",
    ],
    [
      "SHRINK_VOLUME",
      { shrink_volume: { ...agent, volume: shrunk.json.volume } },
      { 1: 35, 19: { 1: { 1: "a" }, 2: shrunk.fields[0] } },
      "shrink_volume.subtract",
    ],
  ])("%s without what it requires is none", (type, json, fields, missing) => {
    const text = Buffer.from(JSON.stringify({ type, ...json }));
    expect(() => decode("json", CallSchema, text, "Call")).toThrow(`Missing required fields: ${missing}`);
    expect(() => decode("protobuf", CallSchema, new Uint8Array(protobufOf(fields)), "Call")).toThrow(
      "Failed to parse body into Call protobuf",
    );
  });

  it("an operation is told byte for byte in both encodings", () => {
    const status = { 1: { 1: "o" }, 2: 2, 5: { 1: UUID }, 6: { 1: "a" } };
    const operation = {
      1: { 1: "f" },
      2: { 1: "a" },
      3: { 1: 3, 12: { 1: "o" } },
      4: status,
      5: status,
      6: { 1: UUID },
    };
    const bytes = protobufOf({ 1: 19, 20: { 1: operation } });
    const response = decode("protobuf", ResponseSchema, new Uint8Array(bytes), "Response");
    const uuid = `"uuid":{"value":"${UUID.toString("base64")}"}`;
    const told = `{"operation_id":{"value":"o"},"state":"OPERATION_FINISHED",${uuid},"agent_id":{"value":"a"}}`;
    const info = `{"type":"UNRESERVE","id":{"value":"o"}}`;
    expect(Buffer.from(encode("json", ResponseSchema, response)).toString()).toBe(
      `{"type":"GET_OPERATIONS","get_operations":{"operations":[{"framework_id":{"value":"f"},"agent_id":{"value":"a"},"info":${info},"latest_status":${told},"statuses":[${told}],${uuid}}]}}`,
    );
    expect(Buffer.from(encode("protobuf", ResponseSchema, response)).toString("hex")).toBe(
      bytes.toString("hex"),
    );
  });
});
