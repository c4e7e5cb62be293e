import { expect, test } from "vitest";
import type { TaskRecord } from "../checkpoint/record.ts";
import { Layout } from "../sandbox/layout.ts";
import { placeOf } from "./paths.ts";

const UID = "3f0c5f7e-90a6-4f0e-a6a4-3a2f6c1a9a55";
const layout = new Layout("/var/lib/mesos");
const sandbox = layout.sandbox({ namespace: "prod", framework: "fw", name: "web", uid: UID });
const record = {
  uid: UID,
  namespace: "prod",
  name: "web",
  sandbox,
  spec: { taskId: "web.1" },
  framework: { id: "FID" },
} as unknown as TaskRecord;
const task = { namespace: "prod", name: "web" };

test.each([
  [sandbox, ""],
  [`${sandbox}/`, ""],
  [`${sandbox}/logs/app.log`, "logs/app.log"],
  ["/frameworks/FID/executors/web.1/runs/latest", ""],
  [`/frameworks/FID/executors/web.1/runs/${UID}/stdout`, "stdout"],
])("%s is in the sandbox", (path, inside) => {
  expect(placeOf(path, layout, [record])).toEqual({ task, uid: UID, sandbox, inside });
});

test("a sandbox is found without its record, by its path alone", () => {
  expect(placeOf(`${sandbox}/stdout`, layout, [])).toMatchObject({ task, inside: "stdout" });
  expect(placeOf("/frameworks/FID/executors/web.1/runs/latest", layout, [])).toBeUndefined();
});

test.each([
  "/etc/passwd",
  "/var/lib/mesos/meta/tasks/x",
  layout.sandboxes,
  `${layout.sandboxes}/prod/fw`,
  `${layout.sandboxes}/prod/fw/web`,
  `${sandbox}/../other`,
  `${layout.sandboxes}/../sandboxes/prod`,
  sandbox.slice(1),
  "/frameworks/FID/executors/web.2/runs/latest",
  "/frameworks/FID/executors/web.1/runs/another",
  "",
])("%j is in none", (path) => {
  expect(placeOf(path, layout, [record])).toBeUndefined();
});
