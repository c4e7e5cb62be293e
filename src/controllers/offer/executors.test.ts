import { describe, expect, it } from "vitest";
import { atOnce } from "../../allocator/index.ts";
import { executorTemplate } from "../../api/executor.ts";
import type { TaskTemplate } from "../../api/task.ts";
import { formatResources, fromSpec, parseResources } from "../../resources/index.ts";
import { executor, framework, list, offer, task } from "../objects.fixture.ts";
import { executorObject } from "./executors.ts";
import { decideLaunch } from "./launch.ts";
import { situationOf } from "./situation.fixture.ts";
import { begin, type Situation } from "./situation.ts";

const info = (executorId: string, more: object = {}) =>
  executorTemplate.parse({
    executorId,
    resources: list("cpus:1;mem:32"),
    command: { value: "./executor" },
    ...more,
  });
const run = (executorId: string, more: Partial<TaskTemplate> = {}): TaskTemplate => ({
  resources: list("cpus:1;mem:10"),
  executorId,
  ...more,
});
const situation = (more: Partial<Situation> = {}): Situation =>
  situationOf(parseResources("cpus:4;mem:1024"), more);
const decide = (s: Situation, templates: TaskTemplate[], executors = [info("x")]) => {
  const { endings, progress } = atOnce(decideLaunch(s, begin(s), 0, templates, executors));
  return {
    endings: endings.map((ending) => ending?.reason),
    left: formatResources(progress.resources),
    needed: [...progress.executors],
  };
};
const there = (more: object = {}) =>
  executorObject({ offer: offer("before"), operation: 0, index: 0 }, info("x", more), {
    name: "fw",
    uid: "uid-fw",
  });
const live = (more: object = {}, spec: object = {}) =>
  executor("x", { ...there(more).spec, ...spec }, { state: "Running" });

describe("a LAUNCH with executors", () => {
  it("takes the resources of a new executor once, with its first task", () => {
    expect(decide(situation(), [run("x"), run("x")])).toEqual({
      endings: [undefined, undefined],
      left: "cpus:1;mem:972",
      needed: [0],
    });
  });

  it("takes nothing for one that is there, and makes none", () => {
    const s = situation({ executor: (id) => (id === "x" ? live() : undefined) });
    expect(decide(s, [run("x")])).toEqual({ endings: [undefined], left: "cpus:3;mem:1014", needed: [] });
    expect(decide(s, [run("x")], []).endings).toEqual([undefined]);
  });

  it("refuses another ExecutorInfo for the ExecutorID of one that is there", () => {
    const s = situation({ executor: () => live({ command: { value: "other" } }) });
    expect(decide(s, [run("x")]).endings).toEqual(["REASON_TASK_INVALID"]);
  });

  it("knows an ExecutorInfo again that got the framework's user", () => {
    const s = situation({
      framework: framework("fw", { user: "nobody" }),
      executor: () => live({ container: { user: "nobody" } }),
    });
    expect(decide(s, [run("x")]).endings).toEqual([undefined]);
  });

  it("loses a task for an executor that shuts down", () => {
    const s = situation({ executor: () => live({}, { shutdown: {} }) });
    expect(decide(s, [run("x")]).endings).toEqual(["REASON_EXECUTOR_TERMINATED"]);
  });

  it.each<[string, TaskTemplate, ReturnType<typeof info>[]]>([
    ["a command too", run("x", { command: { shell: true, value: "true" } }), [info("x")]],
    ["an executor that nobody knows", run("y"), [info("x")]],
    ["a default executor", run("x"), [info("x", { type: "DEFAULT", command: undefined })]],
    ["an executor without a command", run("x"), [info("x", { command: undefined })]],
    [
      "an executor that the offer has no room for",
      run("x"),
      [info("x", { resources: list("cpus:4;mem:1") })],
    ],
  ])("refuses %s", (_, template, executors) => {
    expect(decide(situation(), [template], executors).endings).toEqual(["REASON_TASK_INVALID"]);
  });

  it("shows a task's persistent volume in the executor's sandbox, and nowhere else", () => {
    const volume = (containerPath: string) => ({
      name: "disk",
      scalar: 1,
      reservations: [{ type: "DYNAMIC" as const, role: "eng" }],
      disk: { persistence: { id: "v" }, volume: { containerPath, mode: "RW" as const } },
    });
    const ending = (containerPath: string) => {
      const s = situationOf(parseResources("cpus:4;mem:1024").add(fromSpec([volume(containerPath)])));
      const resources = [...list("cpus:1;mem:10"), volume(containerPath)];
      return atOnce(decideLaunch(s, begin(s), 0, [run("x", { resources })], [info("x")])).endings[0];
    };
    expect(ending("data")).toBeUndefined();
    expect(ending("/data")?.message).toContain("has a relative container path");
  });

  it("done again, holds what the first try has made", () => {
    const origin = { name: "o", uid: "uid-o", operation: 0, index: 0 };
    const s = situation({
      made: [task("t", { framework: "fw", agent: "n1", offer: origin })],
      madeExecutors: [executor("x", { ...there().spec, offer: origin })],
      impediment: { reason: "REASON_AGENT_REMOVED", message: "gone" },
    });
    expect(decide(s, [run("x")])).toEqual({ endings: [undefined], left: "cpus:2;mem:982", needed: [0] });
  });
});
