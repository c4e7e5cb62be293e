import { expect, test } from "vitest";
import type { Framework } from "../../src/api/framework.ts";
import type { Role } from "../../src/api/role.ts";
import type { Task, TaskStatus } from "../../src/api/task.ts";
import { converged, countStates, shares } from "./shares.ts";

const base = { apiVersion: "mesos.dev/v1alpha1" };
const framework = (name: string): Framework => ({
  ...base,
  kind: "Framework",
  metadata: { name },
  spec: { roles: [name], connection: { type: "Lease", leaseDuration: "15s" }, failoverTimeout: "10m" },
});
const role = (path: string, weight: number): Role => ({
  ...base,
  kind: "Role",
  metadata: { name: path },
  spec: { path, weight },
});
const task = (owner: string, state: TaskStatus["state"]): Task => ({
  ...base,
  kind: "Task",
  metadata: { name: "t" },
  spec: { framework: owner, role: owner, resources: [{ name: "cpus", scalar: 0.5 }] },
  status: { state },
});

const lost: TaskStatus = { state: "TASK_LOST", unreachableSince: "2026-01-01T00:00:00Z" };

const apps = [framework("ads"), framework("search")];
const weights = [role("ads", 1), role("search", 3)];

test("shares count live tasks only", () => {
  const rows = shares(apps, weights, [
    task("ads", "TASK_RUNNING"),
    task("ads", "TASK_FINISHED"),
    task("search", "TASK_RUNNING"),
    task("search", "TASK_STARTING"),
    task("search", undefined),
  ]);
  expect(rows.map((row) => [row.framework, row.cpusMilli, row.part])).toEqual([
    ["ads", 500, 0.25],
    ["search", 1500, 0.75],
  ]);
  expect(converged(rows, 0.01)).toBe(true);
});

test("shares count a lost task whose agent may come back", () => {
  const rows = shares(apps, weights, [
    { ...task("ads", "TASK_LOST"), status: lost },
    task("ads", "TASK_LOST"),
    task("search", "TASK_RUNNING"),
  ]);
  expect(rows.map((row) => row.tasks)).toEqual([1, 1]);
});

test("equal parts do not follow the weights 1 and 3", () => {
  const rows = shares(apps, weights, [task("ads", "TASK_RUNNING"), task("search", "TASK_RUNNING")]);
  expect(converged(rows, 0.06)).toBe(false);
});

test("a task without a state is staging", () => {
  expect(countStates([task("ads", undefined), task("ads", "TASK_RUNNING")]).get("TASK_STAGING")).toBe(1);
});
