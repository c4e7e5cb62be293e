import { create, toBinary } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { ManualClock } from "../../cluster/manual-clock.ts";
import { agent, list, task, view } from "../../controllers/objects.fixture.ts";
import { endpointResources } from "../../convert/endpoint.ts";
import { Flat } from "../../convert/flat.ts";
import { taskMessage } from "../../convert/taskmessage.ts";
import { parseResources, Resources } from "../../resources/index.ts";
import { parseJson } from "../../wire/fromjson.ts";
import {
  Response_GetTasksSchema,
  Response_Type,
  ResponseSchema,
} from "../../wire/gen/mesos/v1/master/master_pb.ts";
import { TaskState } from "../../wire/gen/mesos/v1/mesos_pb.ts";
import { toldAgent } from "./agents.ts";
import { encodeDocument } from "./document.ts";
import { Pace } from "./pace.ts";
import { acceptsGzip } from "./readers.ts";
import { Renderings } from "./renderings.ts";
import { sumOf } from "./sum.ts";
import { toldTask, toldTasks } from "./tasks.ts";

const owner = { id: "fw-1", user: "root", partitionAware: true };
const running = task(
  "web-1",
  {
    framework: "fw",
    agent: "n1",
    taskId: "web.1",
    displayName: "web",
    resources: list("cpus:0.5;mem:64;ports:[20000-20001]"),
    labels: { tier: "front" },
    discovery: {
      visibility: "EXTERNAL",
      name: "web",
      ports: [{ number: 80, name: "http", protocol: "tcp" }],
    },
  },
  {
    state: "TASK_RUNNING",
    updates: [
      {
        uuid: "00000000-0000-4000-8000-000000000000",
        state: "TASK_RUNNING",
        source: "SOURCE_EXECUTOR",
        timestamp: "2026-01-01T00:00:02Z",
        healthy: true,
      },
    ],
    container: { id: "c1", pid: 7 },
    addresses: ["10.1.2.3"],
  },
);

describe("a task", () => {
  it("is told on v0 paths as Mesos tells it", () => {
    expect(JSON.parse(toldTask(running, owner).v0)).toEqual({
      id: "web.1",
      name: "web",
      framework_id: "fw-1",
      executor_id: "",
      slave_id: "n1",
      state: "TASK_RUNNING",
      resources: { cpus: 0.5, gpus: 0, mem: 64, disk: 0, ports: "[20000-20001]" },
      role: "eng",
      statuses: [
        {
          state: "TASK_RUNNING",
          timestamp: 1767225602,
          container_status: {
            container_id: { value: "c1" },
            network_infos: [{ ip_addresses: [{ protocol: "IPv4", ip_address: "10.1.2.3" }] }],
          },
          healthy: true,
        },
      ],
      user: "root",
      labels: [{ key: "tier", value: "front" }],
      discovery: {
        visibility: "EXTERNAL",
        name: "web",
        ports: { ports: [{ number: 80, name: "http", protocol: "tcp" }] },
      },
    });
  });

  it("is a mesos.v1.Task, lost to who knows no better", () => {
    const lost = task("t", { framework: "fw", agent: "n1" }, { state: "TASK_DROPPED" });
    expect(taskMessage(lost, owner).state).toBe(TaskState.TASK_DROPPED);
    const message = taskMessage(lost, { ...owner, partitionAware: false });
    expect(message.state).toBe(TaskState.TASK_LOST);
    // It was written without an update; there is one status all the same.
    expect(message.statuses.map(({ state }) => state)).toEqual([TaskState.TASK_LOST]);
    expect(message.resources[0]?.allocationInfo?.role).toBe("eng");
  });

  it("is told once for each version, and anew to another owner", () => {
    expect(toldTask(running, owner)).toBe(toldTask(running, { ...owner }));
    expect(toldTask(running, { ...owner, id: "fw-2" })).not.toBe(toldTask(running, owner));
  });

  it("that asks for what nobody understands is passed over", () => {
    const odd = task("odd", { agent: "n1", resources: [{ name: "cpus", quantity: "lots" }] });
    expect([...toldTasks([odd, running], owner)]).toHaveLength(1);
  });
});

describe("an agent", () => {
  const one = {
    agent: { ...agent("n1"), status: { hostname: "host-1", addresses: ["10.0.0.1"] } },
    view: view("cpus:4;mem:1024;ports:[20000-20010]", "cpus:1"),
    port: 5051,
  };

  it("is told on v0 paths as Mesos tells it", () => {
    expect(JSON.parse(toldAgent(one).v0)).toEqual({
      id: "n1",
      hostname: "host-1",
      port: 5051,
      attributes: {},
      pid: "slave(1)@10.0.0.1:5051",
      registered_time: 1767225600,
      resources: { cpus: 4, gpus: 0, mem: 1024, disk: 0, ports: "[20000-20010]" },
      used_resources: { cpus: 1, gpus: 0, mem: 0, disk: 0 },
      offered_resources: { cpus: 0, gpus: 0, mem: 0, disk: 0 },
      reserved_resources: {},
      unreserved_resources: { cpus: 4, gpus: 0, mem: 1024, disk: 0, ports: "[20000-20010]" },
      active: true,
      deactivated: false,
      version: "1.12.0",
      capabilities: [
        ...["MULTI_ROLE", "HIERARCHICAL_ROLE", "RESERVATION_REFINEMENT", "RESIZE_VOLUME"],
        ...["AGENT_OPERATION_FEEDBACK", "AGENT_DRAINING", "TASK_RESOURCE_LIMITS"],
      ],
    });
  });

  it("is told as long as its view is the same", () => {
    expect(toldAgent(one)).toBe(toldAgent({ ...one }));
    expect(toldAgent({ ...one, view: { ...one.view } })).not.toBe(toldAgent(one));
  });
});

describe("resources", () => {
  it("of many are joined as one by one", () => {
    const lists = ["cpus:1;ports:[1-2]", "cpus(eng):2;ports:[3-4]", "cpus:0.5;ports:[8-9];set:{a}"].map(
      parseResources,
    );
    expect(sumOf(lists).equals(Resources.sum(lists))).toBe(true);
    expect(Flat.sum(lists).toJSON()).toEqual({
      cpus: 3.5,
      gpus: 0,
      mem: 0,
      disk: 0,
      ports: "[1-4, 8-9]",
      set: "{a}",
    });
  });

  it("are told in both forms of reservations where the older one has words", () => {
    const [reserved] = endpointResources(parseResources("cpus(eng):1"));
    expect(reserved).toMatchObject({ role: "eng", reservations: [{ role: "eng" }] });
    const [plain] = endpointResources(parseResources("cpus:1"), "ads");
    expect(plain).toMatchObject({ role: "*", reservations: [], allocationInfo: { role: "ads" } });
  });
});

describe("a document", () => {
  const document = {
    schema: ResponseSchema,
    head: create(ResponseSchema, { type: Response_Type.GET_TASKS }),
    fields: [
      [
        "get_tasks",
        {
          schema: Response_GetTasksSchema,
          fields: [
            ["tasks", [toldTask(running, owner)]],
            ["completed_tasks", []],
          ],
        },
      ],
    ],
  } as const;
  const body = async (encoding: "json" | "protobuf") =>
    Buffer.concat(await encodeDocument(encoding, document, new Pace(new ManualClock())));

  it("is the message that it is made of, in both encodings", async () => {
    const message = create(ResponseSchema, {
      type: Response_Type.GET_TASKS,
      getTasks: { tasks: [taskMessage(running, owner)] },
    });
    expect(await body("protobuf")).toEqual(Buffer.from(toBinary(ResponseSchema, message)));
    const json = parseJson((await body("json")).toString());
    expect(json).toMatchObject({
      type: "GET_TASKS",
      get_tasks: { tasks: [{ name: "web" }], completed_tasks: [] },
    });
  });
});

describe("renderings", () => {
  it("are shared by who asks while another one is under way", async () => {
    const clock = new ManualClock();
    const renderings = new Renderings(clock);
    let made = 0;
    const gate = Promise.withResolvers<void>();
    const render = async () => {
      const mine = ++made;
      await gate.promise;
      return [Buffer.from(String(mine))];
    };
    const first = renderings.get("a", render);
    await Promise.resolve();
    await Promise.resolve();
    const [second, third] = [renderings.get("a", render), renderings.get("a", render)];
    gate.resolve();
    expect((await first).chunks.toString()).toBe("1");
    await clock.advance(1);
    expect(await second).toBe(await third);
    expect((await second).chunks.toString()).toBe("2");
    expect(made).toBe(2);
  });

  it("go on after one that failed", async () => {
    const renderings = new Renderings(new ManualClock());
    await expect(renderings.get("a", () => Promise.reject(new Error("no")))).rejects.toThrow("no");
    expect((await renderings.get("a", () => Promise.resolve([Buffer.from("x")]))).size).toBe(1);
  });
});

it.each<[string | undefined, boolean]>([
  ["gzip", true],
  ["deflate, gzip;q=0.5", true],
  ["*", true],
  ["gzip;q=0", false],
  ["identity", false],
  [undefined, false],
])("Accept-Encoding %s", (header, accepted) => {
  expect(acceptsGzip(header)).toBe(accepted);
});
