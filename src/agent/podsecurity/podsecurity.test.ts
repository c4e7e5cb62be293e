import { describe, expect, test } from "vitest";
import type { TaskSpec } from "../../api/task.ts";
import { specWith } from "../lifecycle/fixture.ts";
import { ENFORCE_LABEL, levelOf } from "./level.ts";
import { networkOf, securityOf, userOf } from "./profile.ts";
import { violations } from "./violations.ts";

const container = (fields: Partial<NonNullable<TaskSpec["container"]>>) =>
  specWith({ container: { imagePullPolicy: "IfNotPresent", ...fields } });

test.each([
  [undefined, "privileged"],
  ["privileged", "privileged"],
  ["baseline", "baseline"],
  ["restricted", "restricted"],
  ["nonsense", "restricted"],
])("the label %s means %s", (value, level) => {
  expect(levelOf(value === undefined ? {} : { [ENFORCE_LABEL]: value })).toBe(level);
});

const uri = { extract: true, executable: false, cache: false };
const cases: readonly (readonly [string, TaskSpec, "baseline" | "restricted" | "none"])[] = [
  // From which level on it is forbidden.
  ["nothing special", specWith(), "none"],
  ["privileged", container({ privileged: true }), "baseline"],
  ["host network", container({ network: { mode: "Host" } }), "baseline"],
  ["its own network", container({ network: { mode: "CNI" } }), "none"],
  [
    "ports of the node",
    container({
      network: { mode: "CNI", portMappings: [{ hostPort: 1, containerPort: 1, protocol: "tcp" }] },
    }),
    "baseline",
  ],
  ["a host path", specWith({ volumes: [{ containerPath: "/x", mode: "RO", hostPath: "/etc" }] }), "baseline"],
  ["a secret", specWith({ volumes: [{ containerPath: "/x", mode: "RO", secret: "s" }] }), "none"],
  ["a file of the node", specWith({ uris: [{ value: "file:///etc/shadow", ...uri }] }), "baseline"],
  ["a path of the node", specWith({ uris: [{ value: "/etc/shadow", ...uri }] }), "baseline"],
  ["a URI", specWith({ uris: [{ value: "https://example.com/x", ...uri }] }), "none"],
  ["SYS_ADMIN", container({ addCapabilities: ["SYS_ADMIN"] }), "baseline"],
  ["ALL", container({ addCapabilities: ["ALL"] }), "baseline"],
  ["CAP_CHOWN", container({ addCapabilities: ["CAP_CHOWN"] }), "restricted"],
  ["NET_BIND_SERVICE", container({ addCapabilities: ["net_bind_service"] }), "none"],
  ["root by name", container({ user: "root:staff" }), "restricted"],
  ["root by number", container({ user: "0" }), "restricted"],
  ["another user", container({ user: "1000" }), "none"],
];

describe.each(cases)("%s", (_name, spec, from) => {
  test(`is forbidden from ${from} on`, () => {
    expect(violations("privileged", spec)).toEqual([]);
    expect(violations("baseline", spec).length).toBe(from === "baseline" ? 1 : 0);
    expect(violations("restricted", spec).length).toBe(from === "none" ? 0 : 1);
  });
});

test("a framework's user counts for a task that names none", () => {
  expect(violations("restricted", specWith(), "root")).toHaveLength(1);
  expect(violations("restricted", container({ user: "app" }), "root")).toEqual([]);
});

describe("the container", () => {
  test("of a restricted namespace never runs as root and has no capabilities", () => {
    expect(securityOf("restricted", specWith())).toMatchObject({
      runAsNonRoot: true,
      noNewPrivileges: true,
      seccomp: "default",
      dropCapabilities: ["ALL"],
    });
    expect(userOf("restricted", specWith(), undefined, "")).toBe("65534:65534");
    expect(userOf("restricted", specWith(), undefined, "0:0")).toBe("65534:65534");
    expect(userOf("restricted", specWith(), undefined, "node")).toBe("node");
  });

  test("elsewhere runs as the image says", () => {
    expect(userOf("baseline", specWith(), undefined, "")).toBeUndefined();
    expect(userOf("baseline", specWith(), "app", "node")).toBe("app");
    expect(userOf("baseline", container({ user: "1000" }), "app", "node")).toBe("1000");
  });

  test("is unconfined only when it is privileged", () => {
    expect(securityOf("privileged", container({ privileged: true }))).toMatchObject({
      privileged: true,
      seccomp: "unconfined",
      noNewPrivileges: false,
    });
  });

  test("uses the node's network only where that is allowed", () => {
    expect(networkOf("privileged", specWith(), "mesos")).toEqual({ type: "host" });
    expect(networkOf("baseline", specWith(), "mesos")).toEqual({ type: "cni", name: "mesos" });
    const own = container({ network: { mode: "CNI", name: "blue" } });
    expect(networkOf("privileged", own, "mesos")).toEqual({ type: "cni", name: "blue" });
  });
});
