import { describe, expect, it } from "vitest";
import { executor as executorObject } from "../controllers/objects.fixture.ts";
import { fromJsonValue } from "../wire/fromjson.ts";
import {
  type ExecutorInfo,
  ExecutorInfoSchema,
  type Offer_Operation,
  Offer_OperationSchema,
} from "../wire/gen/mesos/v1/mesos_pb.ts";
import { toJsonValue } from "../wire/tojson.ts";
import { executorInfo, executorTemplate } from "./executor.ts";
import { convertOperation } from "./operation.ts";
import { Unsupported } from "./unsupported.ts";

const scalar = (name: string, value: number) => ({ name, type: "SCALAR", scalar: { value }, role: "*" });
const json = {
  type: "CUSTOM",
  executor_id: { value: "worker" },
  framework_id: { value: "fw-1" },
  command: {
    uris: [{ value: "http://a/b.tar.gz", executable: false, extract: true, cache: false }],
    shell: false,
    value: "/bin/executor",
    arguments: ["executor", "-v"],
  },
  resources: [scalar("cpus", 0.1), scalar("mem", 32)],
  name: "Worker",
  source: "build 7",
  data: "aGk=",
  shutdown_grace_period: { nanoseconds: 10_000_000_000 },
  labels: { labels: [{ key: "a", value: "b" }] },
};
const read = (more: object = {}) => fromJsonValue<ExecutorInfo>(ExecutorInfoSchema, { ...json, ...more });

describe("an ExecutorInfo", () => {
  it("comes back as it was given", () => {
    const spec = executorObject("x", executorTemplate(read())).spec;
    const told = toJsonValue(ExecutorInfoSchema, executorInfo({ spec }, "fw-1", { refinement: false }));
    expect(told).toEqual(json);
  });

  it("without a type is CUSTOM, and has five seconds to shut down", () => {
    const { type: _type, shutdown_grace_period: _grace, ...plain } = json;
    const template = executorTemplate(fromJsonValue<ExecutorInfo>(ExecutorInfoSchema, plain));
    expect(template).toMatchObject({ type: "CUSTOM", shutdownGracePeriod: "5s" });
  });

  it.each([
    [{ command: null }, "'ExecutorInfo.command' must be set for 'CUSTOM' executor"],
    [{ type: "DEFAULT" }, "'ExecutorInfo.command' must not be set for 'DEFAULT' executor"],
    [{ executor_id: { value: "a/b" } }, "contains invalid characters"],
    [{ discovery: { visibility: "CLUSTER" } }, "'executor.discovery' is not supported"],
  ])("%j is refused", (more, message) => {
    expect(() => executorTemplate(read(more))).toThrow(Unsupported);
    expect(() => executorTemplate(read(more))).toThrow(message);
  });
});

describe("a LAUNCH", () => {
  const task = (id: string, executor: object = json) => ({
    name: id,
    task_id: { value: id },
    agent_id: { value: "n1" },
    resources: [scalar("cpus", 1), scalar("mem", 32)],
    executor,
  });
  const convert = (...tasks: object[]) =>
    convertOperation(
      fromJsonValue<Offer_Operation>(Offer_OperationSchema, {
        type: "LAUNCH",
        launch: { task_infos: tasks },
      }),
      "n1",
    );

  it("names the executor of several tasks once", () => {
    const { operation, refused } = convert(task("a"), task("b"));
    expect(refused).toEqual([]);
    expect(operation?.launch?.executors).toEqual([executorTemplate(read())]);
    expect(operation?.launch?.tasks.map(({ executorId }) => executorId)).toEqual(["worker", "worker"]);
  });

  it("refuses a task whose ExecutorInfo differs from another's of the same ExecutorID", () => {
    const { operation, refused } = convert(task("a"), task("b", { ...json, name: "Other" }));
    expect(operation?.launch?.tasks).toHaveLength(1);
    expect(refused.map(({ message }) => message)).toEqual([expect.stringContaining("not compatible")]);
  });

  it("refuses a task with a command and an executor", () => {
    const { operation, refused } = convert({ ...task("a"), command: { value: "true" } });
    expect(operation).toBeUndefined();
    expect(refused[0]?.message).toContain("at least one (but not both)");
  });
});
