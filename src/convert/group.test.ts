import { create } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { task } from "../controllers/objects.fixture.ts";
import { fromJsonValue } from "../wire/fromjson.ts";
import { ExecutorInfoSchema, Offer_OperationSchema } from "../wire/gen/mesos/v1/mesos_pb.ts";
import { convertOperation } from "./operation.ts";
import { taskTemplate } from "./task.ts";
import { taskInfo } from "./taskinfo.ts";

const scalar = (name: string, value: number) => ({ name, type: "SCALAR", scalar: { value } });
const executor = {
  type: "DEFAULT",
  executor_id: { value: "pod" },
  resources: [scalar("cpus", 0.1), scalar("mem", 32)],
  container: {
    type: "MESOS",
    network_infos: [{ name: "tasks", port_mappings: [{ host_port: 20_000, container_port: 80 }] }],
  },
};
const info = (more: object = {}) => ({
  name: "web",
  task_id: { value: "web.1" },
  agent_id: { value: "n1" },
  resources: [scalar("cpus", 1), scalar("mem", 128)],
  command: { value: "run" },
  ...more,
});
const groupOf = (more: object = {}, below: object = executor) => {
  const launch_group = { executor: below, task_group: { tasks: [info(more)] } };
  return convertOperation(fromJsonValue(Offer_OperationSchema, { type: "LAUNCH_GROUP", launch_group }), "n1");
};

describe("LAUNCH_GROUP below an executor", () => {
  it("carries its network and what it holds; its tasks may say it again", () => {
    const { operation, refused } = groupOf({ executor });
    expect(refused).toEqual([]);
    expect(operation?.launchGroup).toMatchObject({
      executor: {
        executorId: "pod",
        type: "DEFAULT",
        resources: [{ name: "cpus" }, { name: "mem" }],
        container: {
          network: { mode: "CNI", name: "tasks", portMappings: [{ hostPort: 20_000, containerPort: 80 }] },
        },
      },
      tasks: [{ taskId: "web.1" }],
    });
    expect(operation?.launchGroup?.tasks[0]).not.toHaveProperty("executorId");
  });

  it("lets a task share, with cgroups of its own", () => {
    const source = { type: "SANDBOX_PATH", sandbox_path: { type: "PARENT", path: "data" } };
    const volumes = [{ mode: "RW", container_path: "/data", source }];
    const container = { type: "MESOS", volumes, linux_info: { share_cgroups: false } };
    const [made] = groupOf({ container }).operation?.launchGroup?.tasks ?? [];
    expect(made?.volumes).toEqual([{ containerPath: "/data", mode: "RW", executorPath: "data" }]);
    const told = taskInfo(task("t", { ...made, role: "*", agent: "n1" }), { refinement: true });
    expect(taskTemplate(told, "n1").volumes).toEqual(made?.volumes);
  });

  it("carries a program of the framework's, which gets its tasks' commands", () => {
    const custom = { ...executor, type: "CUSTOM", command: { value: "./executor" } };
    const { launchGroup } = groupOf({ executor: custom }, custom).operation ?? {};
    expect(launchGroup).toMatchObject({ executor: { type: "CUSTOM", command: { value: "./executor" } } });
    const [made] = launchGroup?.tasks ?? [];
    const one = create(ExecutorInfoSchema, { executorId: { value: "pod" } });
    const told = taskInfo(task("t", { ...made, role: "*", agent: "n1" }), { refinement: true }, one);
    expect(told).toMatchObject({ command: { value: "run" }, executor: one });
  });

  it.each([
    [{ executor_id: executor.executor_id }, "'ExecutorInfo.type' must be set"],
    [{ ...executor, type: "UNKNOWN" }, "Unknown executor type"],
    [{ ...executor, type: "CUSTOM" }, "'ExecutorInfo.command' must be set for 'CUSTOM' executor"],
    [
      { ...executor, container: { type: "DOCKER", docker: { image: "x" } } },
      "Docker ContainerInfo is not supported on the executor",
    ],
  ])("refuses the executor %j", (below, message) => {
    expect(groupOf({}, below).refused[0]?.message).toContain(message);
  });

  it.each([
    [{ executor: { ...executor, name: "another" } }, "is different from executor 'pod'"],
    [{ container: { type: "DOCKER", docker: { image: "x" } } }, "Docker ContainerInfo is not supported"],
  ])("refuses %j", (more, message) => {
    expect(groupOf(more).refused[0]?.message).toContain(message);
  });
});
