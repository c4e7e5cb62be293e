import { describe, expect, it } from "vitest";
import { atOnce } from "../../allocator/index.ts";
import type { ExecutorTemplate } from "../../api/executor.ts";
import type { TaskTemplate } from "../../api/task.ts";
import { formatResources, parseResources, Quantities } from "../../resources/index.ts";
import { framework, list, task } from "../objects.fixture.ts";
import { holdings } from "../world/holdings.ts";
import { decideLaunchGroup, decideLaunch as deciding } from "./launch.ts";
import { situationOf } from "./situation.fixture.ts";
import { begin, type Situation } from "./situation.ts";

const decideLaunch = (...args: Parameters<typeof deciding>) => atOnce(deciding(...args));

const template = (text: string, more: Partial<TaskTemplate> = {}): TaskTemplate => ({
  resources: list(text),
  command: { shell: true, value: "true" },
  ...more,
});

const situation = (more: Partial<Situation> = {}): Situation =>
  situationOf(more.offered ?? parseResources("cpus:4;mem:1024"), more);

const made = (index: number, agent?: string, reason?: string) =>
  task(
    `made-${index}`,
    {
      framework: "fw",
      offer: { name: "o", uid: "uid-o", operation: 0, index },
      ...(agent !== undefined && { agent }),
    },
    reason === undefined ? undefined : { state: "TASK_ERROR", reason },
  );

const endings = (s: Situation, ...templates: TaskTemplate[]) =>
  decideLaunch(s, begin(s), 0, templates).endings.map((ending) => ending && [ending.state, ending.reason]);

const INVALID = ["TASK_ERROR", "REASON_TASK_INVALID"];

describe("LAUNCH", () => {
  it("takes each task by itself, in order, from what is left", () => {
    const s = situation();
    const { endings, progress } = decideLaunch(s, begin(s), 0, [
      template("cpus:3;mem:10"),
      template("cpus:2;mem:10"),
      template("cpus:1;mem:10"),
    ]);
    expect(endings.map((ending) => ending?.reason)).toEqual([undefined, "REASON_TASK_INVALID", undefined]);
    expect(formatResources(progress.resources)).toBe("mem:1004");
  });

  it("decides thousands of tasks by steps, and leaves the progress it was given as it was", () => {
    const s = situation({ offered: parseResources("cpus:100;mem:100000") });
    const templates = Array.from({ length: 1000 }, () => template("cpus:0.1;mem:10"));
    const before = begin(s);
    const steps = [...deciding(s, before, 0, templates)].length;
    expect(steps).toBeGreaterThan(10);
    expect(before.taskIds.size).toBe(0);
    expect(decideLaunch(s, before, 0, templates).progress.taskIds.size).toBe(1000);
  });

  it.each([
    ["without cpus", template("mem:1")],
    ["with half a gpu", template("cpus:1;mem:1;gpus:0.5")],
    ["with a limit below its request", template("cpus:2;mem:1", { limits: { cpus: 1 } })],
    ["with a memory limit below its request", template("cpus:1;mem:128", { limits: { mem: "64Mi" } })],
    ["with a bare number of bytes as its limit", template("cpus:1;mem:128", { limits: { mem: 128 } })],
    ["with resources of another kind than offered", template("cpus(eng):1;mem:1")],
    ["with what the schema refuses", template("cpus:1;mem:1", { taskId: "a/b" })],
  ])("refuses a task %s", (_, bad) => {
    expect(endings(situation({ offered: parseResources("cpus:4;mem:1024;gpus:2") }), bad)).toEqual([INVALID]);
  });

  it("takes limits at or above the request, and no limit", () => {
    const limits = [
      { cpus: 2 },
      { cpus: "1500m" },
      { mem: "1Gi" },
      { mem: 134217728 },
      { cpus: "Infinity" as const },
    ];
    const tasks = limits.map((one) => template("cpus:1;mem:128", { limits: one }));
    expect(endings(situation({ offered: parseResources("cpus:9;mem:9999") }), ...tasks)).toEqual(
      tasks.map(() => undefined),
    );
  });

  it("refuses an id that another task has, of the framework or of the same answer", () => {
    const same = template("cpus:1;mem:1", { taskId: "x" });
    expect(endings(situation({ isTaken: (id) => id === "x" }), same)).toEqual([INVALID]);
    expect(endings(situation(), same, same)).toEqual([undefined, INVALID]);
  });

  it("drops all when the offers are not valid: LOST, or DROPPED for who knows of partitions", () => {
    const impediment = { reason: "REASON_INVALID_OFFERS" as const, message: "gone" };
    expect(endings(situation({ impediment }), template("cpus:1;mem:1"))).toEqual([
      ["TASK_LOST", "REASON_INVALID_OFFERS"],
    ]);
    const aware = framework("fw", { capabilities: ["PARTITION_AWARE"] });
    expect(endings(situation({ impediment, framework: aware }), template("cpus:1;mem:1"))).toEqual([
      ["TASK_DROPPED", "REASON_INVALID_OFFERS"],
    ]);
  });

  it("drops what the node has no room for any more", () => {
    const room = Quantities.fromRecord({ cpus: 1, mem: 9999 });
    expect(endings(situation({ room }), template("cpus:1;mem:1"), template("cpus:1;mem:1"))).toEqual([
      undefined,
      ["TASK_LOST", "REASON_INVALID_OFFERS"],
    ]);
  });

  it("done again, keeps to what the first try has made", () => {
    const s = situation({
      made: [made(0, "n1"), made(1)],
      // The world has moved on since.
      impediment: { reason: "REASON_AGENT_REMOVED", message: "gone" },
    });
    expect(endings(s, template("cpus:1;mem:1"), template("cpus:1;mem:1"), template("cpus:1;mem:1"))).toEqual([
      undefined,
      ["TASK_LOST", "REASON_INVALID_OFFERS"],
      ["TASK_LOST", "REASON_AGENT_REMOVED"],
    ]);
  });

  it("lets several tasks use one shared volume", () => {
    const reservations = [{ type: "DYNAMIC" as const, role: "eng" }];
    const volume = {
      name: "disk",
      scalar: 10,
      shared: true,
      reservations,
      disk: { persistence: { id: "v" }, volume: { containerPath: "d", mode: "RW" as const } },
    };
    const plain = list("cpus:1;mem:1");
    const offered = task("x", { resources: [...list("cpus:4;mem:1024"), volume] });
    const s = situation({ offered: holdings(offered) });
    const one = template("cpus:1;mem:1", { resources: [...plain, volume] });
    expect(endings(s, one, one)).toEqual([undefined, undefined]);
  });
});

describe("LAUNCH_GROUP", () => {
  const group = (s: Situation, ...templates: TaskTemplate[]) => decideLaunchGroup(s, begin(s), 0, templates);

  it("takes all, or none and all of the offer stays", () => {
    const good = group(situation(), template("cpus:1;mem:1"), template("cpus:1;mem:1"));
    expect(good.endings).toEqual([undefined, undefined]);
    const bad = group(situation(), template("cpus:1;mem:1"), template("cpus:9;mem:1"));
    expect(bad.endings.map((ending) => ending?.reason)).toEqual([
      "REASON_TASK_GROUP_INVALID",
      "REASON_TASK_GROUP_INVALID",
    ]);
    expect(formatResources(bad.progress.resources)).toBe("cpus:4;mem:1024");
  });

  it("done again, follows the first task that is on its way", () => {
    const s = situation({
      made: [made(0, "n1")],
      impediment: { reason: "REASON_AGENT_REMOVED", message: "gone" },
    });
    expect(group(s, template("cpus:1;mem:1"), template("cpus:1;mem:1")).endings).toEqual([
      undefined,
      undefined,
    ]);
  });

  it("done again, does not start what an earlier try gave up", () => {
    const s = situation({ made: [made(0, "n1", "REASON_TASK_GROUP_INVALID")] });
    const { endings } = group(s, template("cpus:1;mem:1"), template("cpus:1;mem:1"));
    expect(endings.map((ending) => ending?.reason)).toEqual([
      "REASON_TASK_GROUP_INVALID",
      "REASON_TASK_GROUP_INVALID",
    ]);
  });

  describe("with an executor", () => {
    const executor = (more: object = {}): ExecutorTemplate => ({
      executorId: "pod",
      type: "DEFAULT",
      resources: list("cpus:0.5;mem:32"),
      shutdownGracePeriod: "5s",
      ...more,
    });
    const below = (s: Situation, one: ExecutorTemplate, ...templates: TaskTemplate[]) =>
      decideLaunchGroup(s, begin(s), 0, templates, one);
    const messages = (s: Situation, one: ExecutorTemplate, ...templates: TaskTemplate[]) =>
      below(s, one, ...templates).endings.map((ending) => ending?.message);

    it("takes what the executor holds too, once", () => {
      const { endings, progress } = below(
        situation(),
        executor(),
        template("cpus:1;mem:100", { volumes: [{ containerPath: "/x", mode: "RW", executorPath: "x" }] }),
        template("cpus:1;mem:100"),
      );
      expect(endings).toEqual([undefined, undefined]);
      expect(formatResources(progress.resources)).toBe("cpus:1.5;mem:792");
      expect(progress.executors).toEqual(new Set([0]));
    });

    it("is refused as a whole when the executor does not fit", () => {
      const { endings, progress } = below(situation(), executor(), template("cpus:4;mem:1"));
      expect(endings[0]?.message).toContain("the task needs cpus:4.5;mem:33");
      expect(formatResources(progress.resources)).toBe("cpus:4;mem:1024");
    });

    it.each([
      [{ type: "CUSTOM" }, "'ExecutorInfo.command' must be set for 'CUSTOM' executor"],
      [{ resources: list("cpus:0.001;mem:32") }, "uses less CPUs (0.001) than the minimum required (0.01)"],
      [{ resources: list("cpus:1") }, "uses less memory (None) than the minimum required (32MB)"],
      [{ uris: [{ value: "http://x/" }] }, "'ExecutorInfo.uris' must not be set"],
      [
        {
          container: {
            imagePullPolicy: "Never",
            network: { mode: "CNI", portMappings: [{ hostPort: 1, containerPort: 1, protocol: "tcp" }] },
          },
        },
        "hostPort 1 must be one of its ports",
      ],
    ])("cannot have one of %j", (more, message) => {
      const [told, other] = messages(
        situation(),
        executor(more),
        template("cpus:1;mem:1"),
        template("cpus:1;mem:1"),
      );
      expect(told).toContain(message);
      expect(other).toContain(message);
    });

    it("may have one of the framework's own, that takes what it likes and shares nothing", () => {
      const custom = executor({ type: "CUSTOM", command: { value: "x" }, uris: [{ value: "http://x/" }] });
      const one = template("cpus:1;mem:1");
      expect(messages(situation(), custom, one, one)).toEqual([undefined, undefined]);
      const sharing = { ...one, volumes: [{ containerPath: "/x", mode: "RW" as const, executorPath: "x" }] };
      expect(messages(situation(), custom, sharing)[0]).toContain("with a DEFAULT executor");
      expect(messages(situation(), { ...custom, resources: list("cpus:1") }, one)[0]).toContain(
        "less memory",
      );
    });

    it("may map the ports of its tasks", () => {
      const container = {
        imagePullPolicy: "Never",
        network: { mode: "CNI", portMappings: [{ hostPort: 20_001, containerPort: 1, protocol: "tcp" }] },
      };
      const offered = task("x", { resources: list("cpus:4;mem:1024;ports:[20000-20002]") });
      const s = situation({ offered: holdings(offered) });
      expect(messages(s, executor({ container }), template("cpus:1;mem:1;ports:[20001-20001]"))).toEqual([
        undefined,
      ]);
    });

    it("has one executor", () => {
      const one = template("cpus:1;mem:1", { executorId: "other" });
      expect(messages(situation(), executor(), one)[0]).toContain("is different from executor 'pod'");
      expect(group(situation(), one).endings[0]?.message).toContain("have the executor of the group");
    });

    it("runs nothing but groups", () => {
      const { command: _, ...one } = template("cpus:1;mem:1", { executorId: "pod" });
      const { endings } = decideLaunch(situation(), begin(situation()), 0, [one], [executor()]);
      expect(endings[0]?.message).toBe("'ExecutorInfo.type' must be 'CUSTOM'");
    });

    it("alone can share", () => {
      const one = template("cpus:1;mem:1", {
        volumes: [{ containerPath: "/x", mode: "RW", executorPath: "x" }],
      });
      expect(group(situation(), one).endings[0]?.message).toContain("executorPath");
      expect(endings(situation(), one)).toEqual([INVALID]);
    });
  });
});
