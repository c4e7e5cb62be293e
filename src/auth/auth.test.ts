import { describe, expect, it } from "vitest";
import { type Authenticator, authenticate } from "./authenticator.ts";
import { describeAction } from "./authorizer.ts";
import { principalOf, readCredentials } from "./basic.ts";

const only = (scheme: string, right: string): Authenticator => ({
  scheme,
  authenticate: async (credentials) =>
    credentials === right ? { name: scheme, user: { username: scheme } } : undefined,
});

describe("authenticate", () => {
  const ways = [only("basic", "a"), only("bearer", "b")];

  it.each([
    ["Basic a", "basic"],
    ["bearer b", "bearer"],
    ["BEARER   b ", "bearer"],
  ])("knows %j", async (header, name) => {
    expect(await authenticate(ways, false, header)).toMatchObject({ kind: "principal", principal: { name } });
  });

  it.each(["Basic b", "Digest a", "a", "", "Basic"])("does not know %j, anonymous or not", async (header) => {
    expect(await authenticate(ways, true, header)).toEqual({ kind: "unauthenticated" });
  });

  it("lets nobody in without credentials, unless that is a choice", async () => {
    expect(await authenticate(ways, false, undefined)).toEqual({ kind: "unauthenticated" });
    expect(await authenticate(ways, true, undefined)).toEqual({ kind: "anonymous" });
  });
});

describe("credentials in Secrets", () => {
  const base64 = (text: string) => Buffer.from(text).toString("base64");
  const secret = (username: string, password: string, type = "kubernetes.io/basic-auth") => ({
    metadata: {
      name: username,
      uid: username,
      resourceVersion: "1",
      creationTimestamp: "",
      annotations: { "mesos.dev/namespace": "team" },
    },
    type,
    data: { username: base64(username), password: base64(password) },
  });
  const known = readCredentials([
    secret("marathon", "s:e:cret"),
    secret("empty", ""),
    secret("opaque", "x", "Opaque"),
  ]);

  it("let in whom they name", () => {
    expect(principalOf(known, base64("marathon:s:e:cret"))).toEqual({
      name: "marathon",
      namespace: "team",
      user: {
        username: "mesos.dev:principal:marathon",
        groups: ["mesos.dev:principals", "system:authenticated"],
      },
    });
  });

  it.each(["marathon:", "marathon:secret", "marathon", ":x", "other:x", "empty:", "opaque:x", ""])(
    "let %j not in",
    (text) => {
      expect(principalOf(known, base64(text))).toBeUndefined();
    },
  );
});

it("an action is said in a sentence", () => {
  expect(describeAction({ verb: "use", resource: "roles", name: "eng/ads" })).toBe(
    "use roles.mesos.dev 'eng/ads'",
  );
  expect(describeAction({ verb: "create", resource: "frameworks", namespace: "team" })).toBe(
    "create frameworks.mesos.dev in the namespace 'team'",
  );
});
