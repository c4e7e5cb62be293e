import { expect, test } from "vitest";
import type { TaskRecord } from "../checkpoint/record.ts";
import { nestedSandbox } from "../sandbox/executorSandbox.ts";
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

const EXECUTOR = "11111111-90a6-4f0e-a6a4-3a2f6c1a9a55";
const executor = layout.executorSandbox({
  namespace: "prod",
  framework: "fw",
  name: "pod",
  uid: EXECUTOR,
});
const nested = nestedSandbox(executor, { name: "web", uid: UID });
const member = {
  ...record,
  sandbox: nested,
  parent: { uid: EXECUTOR, executorId: "pod-1" },
} as unknown as TaskRecord;

test.each([
  [`${nested}/logs/app.log`, "logs/app.log"],
  ["/frameworks/FID/executors/pod-1/runs/latest/tasks/web.1/stdout", "stdout"],
  [`/frameworks/FID/executors/pod-1/runs/${EXECUTOR}/tasks/web.1`, ""],
  // As if it ran alone, too.
  ["/frameworks/FID/executors/web.1/runs/latest/stdout", "stdout"],
])("%s is in the sandbox of a task of a group", (path, inside) => {
  expect(placeOf(path, layout, [member])).toEqual({ task, uid: UID, sandbox: nested, inside });
});

test.each([
  executor,
  `${executor}/containers`,
  `${executor}/cache`,
  "/frameworks/FID/executors/pod-1/runs/latest",
  "/frameworks/FID/executors/pod-1/runs/latest/tasks/other",
  "/frameworks/FID/executors/pod-1/runs/latest/cache/web.1",
])("%s belongs to no task of a group", (path) => {
  expect(placeOf(path, layout, [member])).toBeUndefined();
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
