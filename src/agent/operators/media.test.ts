import { expect, test } from "vitest";
import { negotiate } from "./media.ts";

const JSON_TYPE = "application/json";
const PROTOBUF = "application/x-protobuf";
const RECORDIO = "application/recordio";

test.each([
  [{ "content-type": JSON_TYPE }, { content: "json", streamsIn: false, accept: "json", streamsOut: false }],
  [
    { "content-type": PROTOBUF, accept: PROTOBUF },
    { content: "protobuf", streamsIn: false, accept: "protobuf", streamsOut: false },
  ],
  [
    { "content-type": RECORDIO, "message-content-type": PROTOBUF },
    { content: "protobuf", streamsIn: true, accept: "json", streamsOut: false },
  ],
  [
    { "content-type": JSON_TYPE, accept: RECORDIO, "message-accept": PROTOBUF },
    { content: "json", streamsIn: false, accept: "protobuf", streamsOut: true },
  ],
  [
    { "content-type": JSON_TYPE, accept: RECORDIO },
    { content: "json", streamsIn: false, accept: "json", streamsOut: true },
  ],
])("%j is understood", (headers, media) => {
  expect(negotiate(headers)).toEqual(media);
});

test.each([
  [{}, 400, "Expecting 'Content-Type' to be present"],
  [{ "content-type": "text/plain" }, 415, "Expecting 'Content-Type' of application/json or"],
  [{ "content-type": RECORDIO }, 400, "Expecting 'Message-Content-Type' to be set for streaming requests"],
  [
    { "content-type": RECORDIO, "message-content-type": "text/plain" },
    415,
    "Expecting 'Message-Content-Type' of application/json or application/x-protobuf",
  ],
  [
    { "content-type": JSON_TYPE, "message-content-type": JSON_TYPE },
    415,
    "Expecting 'Message-Content-Type' to be not set for non-streaming requests",
  ],
  [{ "content-type": JSON_TYPE, accept: "text/html" }, 406, "Expecting 'Accept' to allow application/json"],
  [
    { "content-type": JSON_TYPE, accept: JSON_TYPE, "message-accept": JSON_TYPE },
    406,
    "Expecting 'Message-Accept' to be not set for non-streaming responses",
  ],
  [
    { "content-type": JSON_TYPE, accept: RECORDIO, "message-accept": "text/html" },
    406,
    "Expecting 'Message-Accept' to allow application/json or application/x-protobuf",
  ],
])("%j is refused", (headers, status, body) => {
  expect(negotiate(headers)).toEqual({ status, body: expect.stringContaining(body) });
});
