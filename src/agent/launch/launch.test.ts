import { describe, expect, test } from "vitest";
import type { TaskSpec } from "../../api/task.ts";
import { ApiError, ConnectionError } from "../../cluster/errors.ts";
import { ManualClock } from "../../cluster/manual-clock.ts";
import { agentConfig } from "../../config/agent.ts";
import { InvalidSpecError } from "../containerizer/errors.ts";
import { FetchError } from "../fetcher/errors.ts";
import { recordWith, specWith } from "../lifecycle/fixture.ts";
import { ImagePullError } from "../provisioner/provisioner.ts";
import { argvOf } from "./argv.ts";
import { containerSpec } from "./containerSpec.ts";
import { dnsFor, parseResolvConf } from "./dns.ts";
import { ForbiddenTaskError, failureOutcome } from "./failure.ts";
import { limitsOf, oomScoreAdj } from "./limits.ts";
import { isApiAway, retry } from "./retry.ts";
import { readSecrets } from "./secrets.ts";

describe("argv", () => {
  test.each([
    [{ shell: true, value: "echo $HOME" }, ["/bin/sh", "-c", "echo $HOME"]],
    [{ shell: false, value: "/bin/ls", arguments: ["ls", "-l"] }, ["/bin/ls", "-l"]],
    [{ shell: false, value: "/bin/ls" }, ["/bin/ls"]],
    [{ shell: false, arguments: ["ls"] }, undefined],
  ])("of %j is %j", (command, argv) => {
    expect(argvOf(command)).toEqual(argv);
  });
});

describe("limits", () => {
  const defaults = { cfsQuota: false, pids: 4096 };

  test("are what the task holds: cpus as weight only, memory hard", () => {
    expect(limitsOf(specWith(), defaults)).toEqual({ cpus: 1, memoryBytes: 64 << 20, pids: 4096 });
  });

  test("cap the cpus of all where the agent is told so", () => {
    expect(limitsOf(specWith(), { ...defaults, cfsQuota: true }).cpuLimit).toBe(1);
  });

  test("may lie above, or be none", () => {
    const limited = specWith({ limits: { cpus: "1500m", mem: "1Gi", pids: 10 } });
    expect(limitsOf(limited, defaults)).toEqual({ cpus: 1, cpuLimit: 1.5, memoryBytes: 2 ** 30, pids: 10 });
    const open = specWith({ limits: { cpus: "Infinity", mem: "Infinity" } });
    expect(limitsOf(open, { ...defaults, cfsQuota: true })).toEqual({ cpus: 1, pids: 4096 });
    expect(limitsOf(specWith({ limits: { cpus: 2, mem: 123456789 } }), defaults)).toMatchObject({
      cpuLimit: 2,
      memoryBytes: 123456789,
    });
  });

  test("the kernel's choice follows the share of memory held", () => {
    expect(oomScoreAdj(0, 100)).toBe(999);
    expect(oomScoreAdj(50, 100)).toBe(500);
    expect(oomScoreAdj(100, 100)).toBe(3);
  });
});

describe("the container", () => {
  const request = (spec: TaskSpec, level: "privileged" | "restricted" = "privileged") => ({
    record: recordWith({ spec }),
    sandbox: "/work/sandbox",
    level,
    user: "1000",
    mounts: [],
    secrets: new Map(),
    cgroup: { path: "/kubepods/pod1", driver: "cgroupfs" as const, version: "v1" as const },
    dns: { nameservers: ["10.0.0.10"] },
    node: { name: "node-1", address: "10.0.0.1", memoryBytes: 2 ** 32 },
    config: agentConfig.parse({}),
  });

  test("is named by the task's uid and can be told without a record", () => {
    expect(containerSpec(request(specWith()))).toMatchObject({
      id: "uid-1",
      labels: { "mesos.dev/task-namespace": "default", "mesos.dev/task-name": "t1" },
      command: ["/bin/sh", "-c", "sleep 100"],
      init: true,
      user: "1000",
      network: { type: "host" },
      stdout: "/work/sandbox/stdout",
      stderr: "/work/sandbox/stderr",
    });
  });

  test("has a name and servers of its own in a network of its own", () => {
    expect(containerSpec(request(specWith(), "restricted"))).toMatchObject({
      network: { type: "cni", name: "mesos" },
      hostname: "t1",
      dns: { nameservers: ["10.0.0.10"] },
    });
    expect(containerSpec(request(specWith()))).not.toHaveProperty("dns");
  });

  describe("below a DEFAULT executor", () => {
    const place = {
      executorId: "pod-1",
      sandbox: { path: "/work/executor", persistent: [] },
      network: { type: "container" as const, id: "executor-uid" },
    };

    test("shares its network and is told its id", () => {
      expect(containerSpec({ ...request(specWith()), place })).toMatchObject({
        network: { type: "container", id: "executor-uid" },
        dns: { nameservers: ["10.0.0.10"] },
        env: { MESOS_EXECUTOR_ID: "pod-1", MESOS_TASK_ID: "t1" },
      });
    });

    test("has a network of its own where it asks for one", () => {
      const network = { mode: "CNI" as const, name: "other" };
      const spec = specWith({ container: { imagePullPolicy: "IfNotPresent", network } });
      expect(containerSpec({ ...request(spec), place }).network).toEqual({ type: "cni", name: "other" });
    });
  });

  test("runs the image's own program with the task's arguments", () => {
    const made = containerSpec(request(specWith({ command: { shell: false, arguments: ["app", "-v"] } })));
    expect(made).not.toHaveProperty("command");
    expect(made).not.toHaveProperty("init");
    expect(made.args).toEqual(["-v"]);
  });

  test("a relative working directory lies in the sandbox", () => {
    const at = (workingDirectory: string) =>
      containerSpec(request(specWith({ container: { imagePullPolicy: "IfNotPresent", workingDirectory } })))
        .cwd;
    expect(at("sub")).toBe("/mnt/mesos/sandbox/sub");
    expect(at("/srv")).toBe("/srv");
  });

  test("without one a task works in its sandbox, one with an image where the image says", () => {
    expect(containerSpec(request(specWith())).cwd).toBe("/mnt/mesos/sandbox");
    const container = { imagePullPolicy: "IfNotPresent" as const, image: "busybox" };
    expect(containerSpec(request(specWith({ container })))).not.toHaveProperty("cwd");
  });
});

describe("DNS", () => {
  const agent = parseResolvConf(
    "# made by the kubelet\nsearch mesos-system.svc.cluster.local svc.cluster.local lan\nnameserver 10.96.0.10\noptions ndots:5\n",
  );

  test("of a task is the agent's with the task's namespace", () => {
    expect(dnsFor(agent, "mesos-system", "default")).toEqual({
      nameservers: ["10.96.0.10"],
      searches: ["default.svc.cluster.local", "svc.cluster.local", "lan"],
      options: ["ndots:5"],
    });
  });

  test("a server on the node's loopback is of no use", () => {
    expect(dnsFor(parseResolvConf("nameserver 127.0.0.53"), "mesos-system", "default")).toBeUndefined();
  });
});

test.each([
  [new ImagePullError("denied", { retryable: false }), "TASK_FAILED", "REASON_CONTAINER_LAUNCH_FAILED"],
  [new FetchError("404"), "TASK_FAILED", "REASON_CONTAINER_LAUNCH_FAILED"],
  [new InvalidSpecError("no such user"), "TASK_ERROR", "REASON_TASK_INVALID"],
  [new ForbiddenTaskError("root"), "TASK_ERROR", "REASON_TASK_UNAUTHORIZED"],
  [new Error("?"), "TASK_FAILED", "REASON_CONTAINER_LAUNCH_FAILED"],
])("%s ends as %s with %s", (error, state, reason) => {
  expect(failureOutcome(error)).toMatchObject({ state, reason });
});

describe("retry", () => {
  test("goes on while the error may go away, with growing pauses", async () => {
    const clock = new ManualClock();
    const { signal } = new AbortController();
    let tries = 0;
    const call = async () => {
      tries += 1;
      if (tries < 4) throw new ConnectionError("GET /", new Error("refused"));
      return "done";
    };
    const result = retry(call, { clock, signal, when: isApiAway });
    await clock.advance(5_000);
    expect(await result).toBe("done");
    expect(tries).toBe(4);
  });

  test("gives up on other errors and when it is told to stop", async () => {
    const clock = new ManualClock();
    const stop = new AbortController();
    const away = () => Promise.reject(new ConnectionError("GET /", new Error("refused")));
    const options = { clock, signal: stop.signal, when: isApiAway };
    await expect(retry(() => Promise.reject(new ApiError("GET /", 404, {})), options)).rejects.toThrow("404");
    const waiting = retry(away, options);
    waiting.catch(() => {});
    await clock.advance(100);
    stop.abort(new Error("stopped"));
    await expect(waiting).rejects.toThrow("stopped");
  });
});

describe("secrets", () => {
  const stored = (data: Record<string, string>) => ({
    get: () =>
      Promise.resolve({
        metadata: { name: "s", uid: "u", resourceVersion: "1", creationTimestamp: "" },
        data: Object.fromEntries(
          Object.entries(data).map(([key, value]) => [key, Buffer.from(value).toString("base64")]),
        ),
      }),
  });
  const { signal } = new AbortController();
  const read = (data: Record<string, string>, spec: Partial<TaskSpec>) =>
    readSecrets(stored(data), "default", specWith(spec), signal);

  test("come as variables, files and registry credentials", async () => {
    const config = JSON.stringify({ auths: { "registry.local": { username: "u", password: "p" } } });
    const found = await read(
      { token: "t", ".dockerconfigjson": config },
      {
        env: [{ name: "TOKEN", secret: { name: "s", key: "token" } }],
        volumes: [{ containerPath: "/s", mode: "RO", secret: "s" }],
        container: { imagePullPolicy: "Always", imagePullSecrets: ["s"] },
      },
    );
    expect(found.env.get("TOKEN")).toBe("t");
    expect(found.volumes.get("s")?.get("token")?.toString()).toBe("t");
    expect(found.pull[0]?.auths).toHaveProperty(["registry.local"]);
  });

  test("a missing key is told by name", async () => {
    const env = [{ name: "TOKEN", secret: { name: "s", key: "nope" } }];
    await expect(read({ token: "t" }, { env })).rejects.toThrow("the Secret s has no key nope");
  });

  test("what is no registry configuration is not repeated", async () => {
    const container = { imagePullPolicy: "Always" as const, imagePullSecrets: ["s"] };
    const error = await read({ ".dockerconfigjson": "hunter2" }, { container }).catch((cause) => cause);
    expect(String(error)).not.toContain("hunter2");
  });
});
