import { describe, expect, it } from "vitest";
import { ApiError } from "./errors.ts";
import { createLogger, setLogLevel } from "./logger.ts";

function logged(record: object): Record<string, unknown> {
  const lines: string[] = [];
  createLogger({ name: "test", write: (line) => lines.push(line) }).info(record, "said");
  return JSON.parse(lines[0] ?? "{}");
}

describe("createLogger", () => {
  it("redacts what is named like a secret, at any depth", () => {
    const line = logged({
      token: "t0p",
      config: { headers: { Authorization: "Bearer t0p" }, list: [{ clientPassword: "t0p", user: "me" }] },
    });
    expect(JSON.stringify(line)).not.toContain("t0p");
    expect(line).toMatchObject({
      token: "[redacted]",
      config: { list: [{ user: "me" }] },
      msg: "said",
      level: "info",
    });
  });

  it("logs an object of Kubernetes by name only", () => {
    const secret = {
      kind: "Secret",
      metadata: { namespace: "ns", name: "s", resourceVersion: "7", annotations: { a: "t0p" } },
      data: { password: "t0p" },
    };
    expect(logged({ object: secret })).toMatchObject({
      object: { kind: "Secret", namespace: "ns", name: "s", resourceVersion: "7" },
    });
    expect(JSON.stringify(logged({ all: [secret] }))).not.toContain("t0p");
  });

  it("logs an error with its code and reason", () => {
    const error = new ApiError("PUT /x", 409, { reason: "Conflict", message: "try again" });
    expect(logged({ err: error })).toMatchObject({
      err: { code: 409, reason: "Conflict", message: "PUT /x: try again" },
    });
  });

  it("is of one level with all that were made of it", () => {
    const lines: string[] = [];
    const logger = createLogger({ name: "test", write: (line) => lines.push(line) });
    const child = logger.child({ part: "a" });
    const grandchild = child.child({ part: "b" });
    setLogLevel(child, "debug");
    for (const one of [logger, child, grandchild]) one.debug("told");
    setLogLevel(logger, "info");
    for (const one of [logger, child, grandchild]) one.debug("not told");
    expect(lines.map((line) => JSON.parse(line).msg)).toEqual(["told", "told", "told"]);
  });

  it("survives a value that refers to itself", () => {
    const loop: Record<string, unknown> = {};
    loop.self = loop;
    expect(logged({ loop })).toHaveProperty("loop");
  });
});
