import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { until } from "./cluster.ts";
import { ports, resources, Scene, sh } from "./scene.ts";
import { history } from "./tasks.ts";

let scene: Scene;
beforeAll(async () => {
  scene = await Scene.open("life");
  await scene.cluster.kinds.secrets.create({
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: "keys", namespace: scene.namespace },
    stringData: { token: "open sesame" },
  });
  await scene.start({
    hello: sh("echo out; echo err >&2; sleep 1; echo done"),
    named: {
      taskId: "web.1_a",
      ...sh("env | sort"),
      role: "eng/ads",
      ...resources(0.02, 32, ports(20100, 20101)),
    },
    own: {
      ...sh('echo "$GREETING|$TOKEN|$MESOS_ALLOCATION_ROLE|$MESOS_TASK_ID"'),
      env: [
        { name: "GREETING", value: "hi there" },
        { name: "TOKEN", secret: { name: "keys", key: "token" } },
        { name: "MESOS_ALLOCATION_ROLE", value: "forged" },
      ],
    },
    argv: {
      command: { shell: false, value: "/bin/printf", arguments: ["printf", "%s|", "a b", "$HOME", ""] },
    },
    nobody: { ...sh("id -u; id -g; echo mine > here; cat here"), container: { user: "nobody" } },
    numbers: { ...sh("id -u; id -g"), container: { user: "1234:4321" } },
    stranger: { ...sh("true"), container: { user: "nosuchuser" } },
    where: sh("pwd; echo $MESOS_SANDBOX"),
    elsewhere: { ...sh("pwd"), container: { workingDirectory: "/tmp" } },
    fails: sh("echo so sorry >&2; exit 3"),
    crashes: sh("sh -c 'kill -SEGV $$'; exit $?"),
    nowhere: { command: { shell: false, value: "/no/such/program" } },
    keyless: { ...sh("true"), env: [{ name: "X", secret: { name: "keys", key: "absent" } }] },
    secretless: { ...sh("true"), env: [{ name: "X", secret: { name: "absent", key: "x" } }] },
  });
});
afterAll(() => scene?.close());

describe("the life of a task", () => {
  test("goes STAGING, STARTING, RUNNING, FINISHED, as watchers see it", async () => {
    const { status } = await scene.ends("hello");
    expect(status?.state).toBe("TASK_FINISHED");
    const seen = await scene.seenUntil("hello", "TASK_FINISHED");
    expect(seen).toEqual(["TASK_STAGING", "TASK_STARTING", "TASK_RUNNING", "TASK_FINISHED"]);
  });

  test("is kept as updates in order, each with an id of its own and the time it happened", async () => {
    const task = await scene.ends("hello");
    const updates = task.status?.updates ?? [];
    expect(history(task)).toEqual(["TASK_STARTING", "TASK_RUNNING", "TASK_FINISHED"]);
    expect(new Set(updates.map(({ uuid }) => uuid)).size).toBe(3);
    const times = updates.map(({ timestamp }) => Date.parse(timestamp));
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    // It sleeps for a second; that it runs is seen some time after it began.
    expect((times[2] ?? 0) - (times[1] ?? 0)).toBeGreaterThanOrEqual(500);
    expect(updates.map(({ source }) => source)).toEqual([
      "SOURCE_EXECUTOR",
      "SOURCE_EXECUTOR",
      "SOURCE_EXECUTOR",
    ]);
  });

  test("leaves how it ended, and which container it was", async () => {
    const { metadata, spec, status } = await scene.ends("hello");
    expect(status).toMatchObject({ exit: { code: 0 }, message: "Command exited with status 0" });
    const { container } = status ?? {};
    expect(container).toMatchObject({ id: metadata.uid, pid: expect.any(Number) });
    expect(Date.parse(container?.finishedAt ?? "")).toBeGreaterThan(Date.parse(container?.startedAt ?? ""));
    expect(scene.cluster.nodes).toContain(spec.agent);
  });

  test("takes the chart's default image when the task names none", async () => {
    const { status } = await scene.ends("hello");
    const { repository, tag } = (await scene.cluster.chartValues()).taskImage;
    expect(status?.container?.image).toContain(`${repository}:${tag}`);
  });

  test("writes stdout and stderr apart", async () => {
    expect(await scene.finished("hello")).toBe("out\ndone\n");
    expect(await scene.file("hello", "stderr")).toBe("err\n");
  });
});

describe("what a task runs", () => {
  test("has Mesos's environment", async () => {
    const { metadata, spec, status } = await scene.ends("named");
    const lines = (await scene.finished("named")).trim().split("\n");
    const env = Object.fromEntries(lines.map((line) => line.split(/=(.*)/s)));
    const address = await scene.cluster.address(spec.agent ?? "");
    expect(env).toMatchObject({
      MESOS_TASK_ID: "web.1_a",
      MESOS_EXECUTOR_ID: "web.1_a",
      MESOS_SLAVE_ID: spec.agent,
      MESOS_AGENT_ID: spec.agent,
      MESOS_DIRECTORY: status?.container?.sandbox,
      MESOS_SANDBOX: "/mnt/mesos/sandbox",
      MESOS_ALLOCATION_ROLE: "eng/ads",
      MESOS_FRAMEWORK_ID: expect.stringMatching(/.+/),
      HOST: address,
      LIBPROCESS_IP: address,
      PORT: "20100",
      PORT0: "20100",
      PORT1: "20101",
      PORTS: "20100,20101",
    });
    expect(metadata.name).toBe("named");
  });

  test("has its own environment and Secrets, and cannot forge its role", async () => {
    expect(await scene.finished("own")).toBe("hi there|open sesame|dev|own\n");
  });

  test("has no Secret's value in the Task", async () => {
    await scene.ends("own");
    expect(JSON.stringify(await scene.get("own"))).not.toContain("sesame");
  });

  test("is a program with its arguments, untouched by a shell", async () => {
    expect(await scene.finished("argv")).toBe("a b|$HOME||");
  });

  test("runs as a user by name, to whom the sandbox belongs", async () => {
    expect(await scene.finished("nobody")).toBe("65534\n65534\nmine\n");
  });

  test("runs as a user and a group by number", async () => {
    expect(await scene.finished("numbers")).toBe("1234\n4321\n");
  });

  test("starts in the sandbox, or in the working directory it asks for", async () => {
    expect(await scene.finished("where")).toBe("/mnt/mesos/sandbox\n/mnt/mesos/sandbox\n");
    expect(await scene.finished("elsewhere")).toBe("/tmp\n");
  });
});

describe("the end of a task that fails says why", () => {
  test("an exit code", async () => {
    const { status } = await scene.ends("fails");
    expect(status).toMatchObject({
      state: "TASK_FAILED",
      reason: "REASON_COMMAND_EXECUTOR_FAILED",
      message: "Command exited with status 3",
      exit: { code: 3 },
    });
    expect(await scene.file("fails", "stderr")).toBe("so sorry\n");
  });

  test("an Event, too", async () => {
    await scene.ends("fails");
    const events = () =>
      scene.kubectl("get", "events", "--field-selector=involvedObject.name=fails", "-o", "wide");
    const told = await until("the Event is there", async () => {
      const text = await events();
      return text.includes("TaskFailed") && text;
    });
    expect(told).toMatch(/Warning\s+TaskFailed.*exited with status 3/);
  });

  test("a signal", async () => {
    const { status } = await scene.ends("crashes");
    expect(status).toMatchObject({
      state: "TASK_FAILED",
      message: "Command terminated with signal Segmentation fault",
      exit: { signal: 11 },
    });
    expect(status?.exit?.code).toBeUndefined();
  });

  test("a program that is not there", async () => {
    const { status } = await scene.ends("nowhere");
    expect(status).toMatchObject({ state: "TASK_FAILED", exit: { code: 127 } });
    expect(status?.message).toContain("a program was not found");
    expect(await scene.file("nowhere", "stderr")).toContain("/no/such/program");
  });

  test("a user whom the image does not have", async () => {
    const { status } = await scene.ends("stranger");
    expect(["TASK_FAILED", "TASK_ERROR"]).toContain(status?.state);
    expect(status?.message).toContain("nosuchuser");
  });

  test("a Secret or a key of it that is not there", async () => {
    const [keyless, secretless] = await Promise.all([scene.ends("keyless"), scene.ends("secretless")]);
    expect(keyless.status?.state).toBe("TASK_FAILED");
    expect(keyless.status?.message).toMatch(/keys.*absent|absent.*keys/);
    expect(secretless.status?.state).toBe("TASK_FAILED");
    expect(secretless.status?.message).toContain("absent");
  });
});
