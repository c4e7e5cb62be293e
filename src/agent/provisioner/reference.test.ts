import { describe, expect, test } from "vitest";
import { InvalidImageError } from "./provisioner.ts";
import { parseReference } from "./reference.ts";

const DIGEST = `sha256:${"a".repeat(64)}`;

describe("parseReference", () => {
  test.each([
    ["busybox", "docker.io/library/busybox:latest"],
    ["busybox:1.37", "docker.io/library/busybox:1.37"],
    ["team/app", "docker.io/team/app:latest"],
    ["index.docker.io/busybox", "docker.io/library/busybox:latest"],
    ["localhost/app:dev", "localhost/app:dev"],
    ["localhost:5000/a/b/c:x", "localhost:5000/a/b/c:x"],
    ["Registry/app", "Registry/app:latest"],
    ["10.0.0.1:5000/app", "10.0.0.1:5000/app:latest"],
    ["[fd00::1]:5000/app", "[fd00::1]:5000/app:latest"],
    ["quay.io/a/b__c.d-e:V1_2", "quay.io/a/b__c.d-e:V1_2"],
    [`busybox@${DIGEST}`, `docker.io/library/busybox@${DIGEST}`],
    [`quay.io/x/y:tag@${DIGEST}`, `quay.io/x/y@${DIGEST}`],
  ])("%s is %s", (text, name) => {
    expect(parseReference(text).name).toBe(name);
  });

  test("tells the parts", () => {
    expect(parseReference("quay.io:443/x/y:z")).toEqual({
      domain: "quay.io:443",
      path: "x/y",
      tag: "z",
      name: "quay.io:443/x/y:z",
    });
  });

  test.each([
    "",
    "Upper",
    "a b",
    "app:",
    "app:bad tag",
    `app@${DIGEST}@${DIGEST}`,
    "app@sha256:short",
    "https://quay.io/app",
    "quay.io/",
    "/app",
    "a//b",
    "quay.io:port/app",
    `${"a".repeat(260)}`,
  ])("refuses %j", (text) => {
    expect(() => parseReference(text)).toThrow(InvalidImageError);
  });
});
