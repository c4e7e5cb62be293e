import { describe, expect, it } from "vitest";
import { acceptedEncoding, contentEncoding } from "./media.ts";

describe("content negotiation", () => {
  it.each([
    ["application/json", "json"],
    ["application/x-protobuf", "protobuf"],
    ["application/json; charset=utf-8", undefined],
    ["Application/JSON", undefined],
    ["text/plain", undefined],
    ["", undefined],
  ])("takes a body of %j as %j", (header, expected) => {
    expect(contentEncoding(header)).toBe(expected);
  });

  it.each([
    [undefined, "json"],
    ["*/*", "json"],
    ["application/*", "json"],
    ["application/json", "json"],
    ["APPLICATION/JSON ; q=0.1, application/x-protobuf", "json"],
    ["application/x-protobuf", "protobuf"],
    ["application/x-protobuf, */*;q=0", "protobuf"],
    ["application/json;q=0, application/x-protobuf", "protobuf"],
    ["application/json;q=0.0,*/*", "protobuf"],
    ["application/json;q=zero,text/html", undefined],
    ["text/html", undefined],
    ["", undefined],
    ["application/json;q=0", undefined],
  ])("answers Accept %j with %j", (header, expected) => {
    expect(acceptedEncoding(header)).toBe(expected);
  });
});
