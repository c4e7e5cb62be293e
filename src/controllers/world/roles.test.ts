import { describe, expect, it } from "vitest";
import { role } from "../objects.fixture.ts";
import { roleFor, roleRefusal } from "./roles.ts";

const roles = [
  role("eng", "eng", { namespaces: ["a"] }),
  role("eng-ads", "eng/ads"),
  role("young", "ops", { weight: 9 }, { creationTimestamp: "2026-02-01T00:00:00Z" }),
  role("old", "ops", { weight: 2 }),
];
const byPath = (path: string) => roles.filter(({ spec }) => spec.path === path);

describe("roles", () => {
  it("counts the older of two with one path", () => {
    expect(roleFor(byPath, "ops")?.metadata.name).toBe("old");
  });

  it.each([
    ["ops", "b", undefined],
    ["*", "b", undefined],
    ["unlisted", "b", "RoleNotFound"],
    ["eng", "a", undefined],
    ["eng", "b", "RoleNotAllowed"],
    ["eng/ads", "a", undefined],
    // Closed above is closed below.
    ["eng/ads", "b", "RoleNotAllowed"],
  ])("without implicit roles %s is for the namespace %s: %s", (path, namespace, reason) => {
    expect(roleRefusal(byPath, path, namespace, false)?.reason).toBe(reason);
  });

  it("with implicit roles takes any but those below a closed one", () => {
    expect(roleRefusal(byPath, "unlisted", "b", true)).toBeUndefined();
    expect(roleRefusal(byPath, "eng/unlisted", "b", true)?.reason).toBe("RoleNotAllowed");
  });
});
