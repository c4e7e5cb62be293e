import { describe, expect, test } from "vitest";
import { credentialsFor, DockerConfigError, otherCredentials, parseDockerConfig } from "./dockerConfig.ts";
import type { DockerAuth } from "./provisioner.ts";
import { parseReference } from "./reference.ts";

const basic = (username: string): DockerAuth => ({
  auth: Buffer.from(`${username}:pass:word`).toString("base64"),
});

/** The user whose credentials an image gets. */
function userFor(image: string, auths: Record<string, DockerAuth>): string | undefined {
  const credentials = credentialsFor([{ auths }], parseReference(image));
  return credentials?.kind === "basic" ? credentials.username : credentials?.token;
}

describe("credentialsFor", () => {
  test.each([
    ["quay.io/team/app", "quay.io", true],
    ["quay.io/team/app", "https://quay.io", true],
    ["quay.io/team/app", "https://quay.io/v2/", true],
    ["quay.io/team/app", "quay.io/team", true],
    ["quay.io/team/app", "quay.io/tea", false],
    ["quay.io/team/app", "quay.io/other", false],
    ["quay.io:8443/app", "quay.io", false],
    ["quay.io:8443/app", "quay.io:8443", true],
    ["eu.gcr.io/app", "*.gcr.io", true],
    ["eu.gcr.io/app", "e*.gcr.io", true],
    ["a.eu.gcr.io/app", "*.gcr.io", false],
    ["gcr.io/app", "*.gcr.io", false],
    ["evilquay.io/app", "quay.io", false],
    ["busybox", "https://index.docker.io/v1/", true],
    ["busybox", "docker.io", true],
    ["busybox", "quay.io", false],
  ])("%s by %s: %s", (image, key, expected) => {
    expect(userFor(image, { [key]: basic("u") })).toBe(expected ? "u" : undefined);
  });

  test("the longest path wins, then the first", () => {
    const auths = {
      "quay.io": basic("all"),
      "quay.io/team": basic("team"),
      "https://quay.io/team": basic("later"),
    };
    expect(userFor("quay.io/team/app", auths)).toBe("team");
    expect(userFor("quay.io/other/app", auths)).toBe("all");
  });

  test("reads the three forms", () => {
    const image = parseReference("quay.io/app");
    const of = (entry: DockerAuth) => credentialsFor([{ auths: { "quay.io": entry } }], image);
    expect(of(basic("u"))).toEqual({ kind: "basic", username: "u", password: "pass:word" });
    expect(of({ username: "u", password: "p" })).toEqual({ kind: "basic", username: "u", password: "p" });
    expect(of({ identitytoken: "t", auth: "x" })).toEqual({ kind: "refresh", token: "t" });
    expect(of({ auth: "bm9jb2xvbg==" })).toBeUndefined();
    expect(of({})).toBeUndefined();
  });
});

describe("otherCredentials", () => {
  const configs = [
    { auths: { "quay.io": basic("first"), "ghcr.io": basic("elsewhere") } },
    { auths: { "quay.io": basic("second"), "quay.io/team": {} } },
  ];
  const image = parseReference("quay.io/team/app");

  test("leave out what was tried, and are at an end", () => {
    const next = otherCredentials(configs, image) ?? [];
    expect(credentialsFor(next, image)).toMatchObject({ username: "second" });
    expect(otherCredentials(next, image)).toBeUndefined();
    expect(credentialsFor(next, parseReference("ghcr.io/app"))).toMatchObject({ username: "elsewhere" });
  });

  test("are none where nothing matches", () => {
    expect(otherCredentials(configs, parseReference("busybox"))).toBeUndefined();
  });
});

describe("parseDockerConfig", () => {
  test("takes .dockerconfigjson and the older .dockercfg", () => {
    const auths = { "quay.io": { auth: "x" } };
    expect(parseDockerConfig(JSON.stringify({ auths, credsStore: "ignored" }))).toEqual({ auths });
    expect(parseDockerConfig(JSON.stringify(auths))).toEqual({ auths });
  });

  test.each(["{secret", "[]", '"secret"', '{"auths":"secret"}', '{"quay.io":"secret"}'])(
    "refuses %s without quoting it",
    (text) => {
      try {
        parseDockerConfig(text);
        expect.unreachable();
      } catch (error) {
        expect(error).toBeInstanceOf(DockerConfigError);
        expect(String(error)).not.toContain("secret");
        expect((error as Error).cause).toBeUndefined();
      }
    },
  );
});
