import { expect, it } from "vitest";
import { decode } from "./codec.ts";
import { type Fields, protobufOf } from "./fieldnumbers.fixture.ts";
import { CallSchema } from "./gen/mesos/v1/master/master_pb.ts";
import { grown, shrunk } from "./volumes.fixture.ts";

const agent = { agent_id: { value: "a" } };

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
])("%s without what it requires is no call", (type, json, fields, missing) => {
  const text = Buffer.from(JSON.stringify({ type, ...json }));
  expect(() => decode("json", CallSchema, text, "Call")).toThrow(`Missing required fields: ${missing}`);
  expect(() => decode("protobuf", CallSchema, new Uint8Array(protobufOf(fields)), "Call")).toThrow(
    "Failed to parse body into Call protobuf",
  );
});
