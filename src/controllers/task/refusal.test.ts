import { expect, it } from "vitest";
import { Framework, type Framework as FrameworkObject } from "../../api/framework.ts";
import { typeMeta } from "../../api/kind.ts";
import { Role, type Role as RoleObject } from "../../api/role.ts";
import { Task, type Task as TaskObject } from "../../api/task.ts";
import type { Live } from "../../cluster/object.ts";
import { refusalOf } from "./refusal.ts";

const metadata = (name: string) => ({
  name,
  namespace: "ns",
  uid: name,
  resourceVersion: "1",
  creationTimestamp: "2026-01-01T00:00:00Z",
});
const task = (spec: Partial<TaskObject["spec"]>): Live<TaskObject> => ({
  ...typeMeta(Task),
  metadata: metadata("t"),
  spec: { role: "ads", resources: [], ...spec },
});
const framework: Live<FrameworkObject> = {
  ...typeMeta(Framework),
  metadata: metadata("f"),
  spec: { roles: ["ads"], connection: { type: "Manual", leaseDuration: "15s" }, failoverTimeout: "10m" },
};
const role = (namespaces?: string[]): Live<RoleObject> => ({
  ...typeMeta(Role),
  metadata: metadata("ads"),
  spec: { path: "ads", weight: 1, ...(namespaces && { namespaces }) },
});

it.each<
  [
    string,
    Partial<TaskObject["spec"]>,
    Live<FrameworkObject> | undefined,
    Live<RoleObject> | undefined,
    string | undefined,
  ]
>([
  ["nothing against it", {}, undefined, role(), undefined],
  ["a framework that is not there", { framework: "f" }, undefined, role(), "FrameworkNotFound"],
  ["a framework that is there", { framework: "f", agent: "n1" }, framework, role(), undefined],
  ["a framework that is gone", { framework: "f", agent: "n1" }, undefined, role(), "FrameworkNotFound"],
  ["a role that was taken away after the task was placed", { agent: "n1" }, undefined, undefined, undefined],
  ["an unlisted role", {}, undefined, undefined, "RoleNotFound"],
  ["a role of other namespaces", {}, undefined, role(["other"]), "RoleNotAllowed"],
  ["a role of this namespace", {}, undefined, role(["ns"]), undefined],
])("refusalOf: %s", (_name, spec, by, listed, reason) => {
  const roles = (path: string) => (listed && path === "ads" ? [listed] : []);
  expect(refusalOf(task(spec), by, roles, false)?.reason).toBe(reason);
});
