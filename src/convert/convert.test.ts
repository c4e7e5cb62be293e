import { create, fromJson, type JsonValue } from "@bufbuild/protobuf";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { frameworkSpec as frameworkSchema } from "../api/framework.ts";
import { INFO_ANNOTATION } from "../api/group.ts";
import { type TaskTemplate, taskTemplate as templateSchema } from "../api/task.ts";
import { framework, list, offer, task } from "../controllers/objects.fixture.ts";
import { fromJsonValue } from "../wire/fromjson.ts";
import {
  type FrameworkInfo,
  FrameworkInfoSchema,
  type Offer_Operation,
  Offer_OperationSchema,
  OfferSchema,
  type Resource,
  ResourceSchema,
  type TaskInfo,
  TaskInfoSchema,
} from "../wire/gen/mesos/v1/mesos_pb.ts";
import {
  type OfferConstraints,
  OfferConstraintsSchema,
} from "../wire/gen/mesos/v1/scheduler/scheduler_pb.ts";
import { toJsonValue } from "../wire/tojson.ts";
import { durationOfNanos, durationOfSeconds } from "./amounts.ts";
import { frameworkInfo, frameworkSpec, infoText } from "./framework.ts";
import { offerMessage } from "./offer.ts";
import { convertOperation } from "./operation.ts";
import { resourceMessage, resourceSpec } from "./resources.ts";
import { taskTemplate } from "./task.ts";
import { taskInfo } from "./taskinfo.ts";
import { Unsupported } from "./unsupported.ts";

const scalar = (name: string, value: number) => ({ name, type: "SCALAR", scalar: { value } });
const given = (more: object = {}): TaskInfo =>
  fromJsonValue(TaskInfoSchema, {
    name: "web",
    task_id: { value: "web.1" },
    agent_id: { value: "n1" },
    resources: [scalar("cpus", 1), scalar("mem", 128)],
    command: { value: "run" },
    ...more,
  });
const template = (more: object = {}) => taskTemplate(given(more), "n1");

/** What is told of the Task that a template becomes, read again. */
const andBack = (made: TaskTemplate): TaskTemplate =>
  taskTemplate(taskInfo(task("t", { ...made, role: "*", agent: "n1" }), { refinement: true }), "n1");

describe("a task", () => {
  it("keeps all that it says", () => {
    const converted = template({
      resources: [
        scalar("cpus", 1.0001),
        scalar("mem", 128),
        { name: "ports", type: "RANGES", ranges: { range: [{ begin: 20000, end: 20001 }] } },
      ],
      limits: { cpus: { value: 2.5 }, mem: { value: "Infinity" } },
      command: {
        shell: false,
        value: "/bin/web",
        arguments: ["web", "-v"],
        user: "nobody",
        uris: [{ value: "http://h/a.tgz", executable: false, cache: true, output_file: "a" }],
        environment: {
          variables: [
            { name: "A", value: "1" },
            { name: "A", value: "2" },
            { name: "S", type: "SECRET", secret: { type: "REFERENCE", reference: { name: "s", key: "k" } } },
          ],
        },
      },
      container: {
        type: "DOCKER",
        docker: {
          image: "web:1",
          network: "BRIDGE",
          privileged: true,
          force_pull_image: true,
          port_mappings: [{ host_port: 20000, container_port: 80, protocol: "TCP" }],
        },
        hostname: "web",
        volumes: [
          { container_path: "/a", mode: "RO", host_path: "/srv" },
          { container_path: "b", mode: "RW", host_path: "in/sandbox" },
          {
            container_path: "/c",
            mode: "RO",
            source: { type: "SECRET", secret: { type: "REFERENCE", reference: { name: "tls" } } },
          },
        ],
        linux_info: { effective_capabilities: { capabilities: ["NET_ADMIN"] } },
      },
      health_check: { type: "HTTP", http: { port: 80, path: "/ok", scheme: "https" }, delay_seconds: 0.5 },
      check: { type: "TCP", tcp: { port: 80 } },
      kill_policy: { grace_period: { nanoseconds: 1_500_000_000 } },
      max_completion_time: { nanoseconds: 60_000_000_000 },
      data: "aGk=",
      labels: { labels: [{ key: "a", value: "1" }, { key: "b" }] },
      discovery: {
        visibility: "CLUSTER",
        name: "web",
        ports: { ports: [{ number: 80, name: "http", protocol: "tcp" }] },
      },
    });
    expect(converted).toEqual({
      taskId: "web.1",
      displayName: "web",
      resources: [
        { name: "cpus", scalar: 1 },
        { name: "mem", scalar: 128 },
        { name: "ports", ranges: [{ begin: 20000, end: 20001 }] },
      ],
      limits: { cpus: "2500m", mem: "Infinity" },
      command: { shell: false, value: "/bin/web", arguments: ["web", "-v"] },
      env: [
        { name: "A", value: "2" },
        { name: "S", secret: { name: "s", key: "k" } },
      ],
      uris: [{ value: "http://h/a.tgz", extract: true, executable: false, cache: true, outputFile: "a" }],
      container: {
        image: "web:1",
        imagePullPolicy: "Always",
        privileged: true,
        user: "nobody",
        hostname: "web",
        dropCapabilities: ["ALL"],
        addCapabilities: ["NET_ADMIN"],
        network: { mode: "CNI", portMappings: [{ hostPort: 20000, containerPort: 80, protocol: "tcp" }] },
      },
      volumes: [
        { containerPath: "/a", mode: "RO", hostPath: "/srv" },
        { containerPath: "b", mode: "RW", sandboxPath: "in/sandbox" },
        { containerPath: "/c", mode: "RO", secret: "tls" },
      ],
      healthCheck: {
        type: "HTTP",
        http: { port: 80, path: "/ok", scheme: "https" },
        delay: "500ms",
        interval: "10s",
        timeout: "20s",
        gracePeriod: "10s",
        consecutiveFailures: 3,
      },
      check: { type: "TCP", tcp: { port: 80 }, delay: "15s", interval: "10s", timeout: "20s" },
      killPolicy: { gracePeriod: "1500ms" },
      maxCompletionTime: "60s",
      data: "aGk=",
      labels: { a: "1", b: "" },
      discovery: {
        visibility: "CLUSTER",
        name: "web",
        ports: [{ number: 80, name: "http", protocol: "tcp" }],
      },
    });
    expect(templateSchema.safeParse(converted).error).toBeUndefined();
    expect(andBack(converted)).toEqual(converted);
  });

  it.each<[string, object]>([
    ["on the host's network", { container: { type: "DOCKER", docker: { image: "i" } } }],
    [
      "privileged in a network by name",
      {
        container: {
          type: "DOCKER",
          docker: { image: "i", network: "USER", privileged: true },
          network_infos: [{ name: "net" }],
        },
      },
    ],
    [
      "of the Mesos containerizer",
      {
        container: {
          type: "MESOS",
          mesos: { image: { type: "DOCKER", docker: { name: "i" }, cached: false } },
          network_infos: [{ name: "net", port_mappings: [{ host_port: 1, container_port: 2 }] }],
        },
      },
    ],
    ["with checks by command", { check: { type: "COMMAND", command: { command: { value: "x" } } } }],
    ["without an image", { limits: { mem: { value: 256.5 } }, command: { value: "x", user: "root" } }],
  ])("%s is told as it was given", (_name, more) => {
    const converted = template(more);
    expect(andBack(converted)).toEqual(converted);
  });

  it("without a command runs the image's own", () => {
    const image = { type: "MESOS", mesos: { image: { type: "DOCKER", docker: { name: "web" } } } };
    const converted = template({ command: { shell: false }, container: image });
    expect(converted.command).toBeUndefined();
    expect(converted.container).toEqual({ image: "web", imagePullPolicy: "IfNotPresent" });
    expect(templateSchema.safeParse(converted).error).toBeUndefined();
  });

  it.each<[object, string | RegExp]>([
    [{ task_id: { value: "a/b" } }, "'a/b' contains invalid characters"],
    [{ task_id: { value: "" } }, "ID must not be empty"],
    [{ task_id: { value: ".." } }, "'..' is disallowed"],
    [{ agent_id: { value: "n2" } }, "Task uses invalid agent n2 while agent n1 is expected"],
    [{ resources: [] }, "Task uses no resources"],
    [{ resources: [scalar("cpus", -1)] }, /value < 0/],
    [{ command: null }, /at least one \(but not both\) of CommandInfo or ExecutorInfo/],
    [{ command: {} }, "Shell command is not specified"],
    [{ limits: { disk: { value: 1 } } }, "Only cpus and mem may be included in a task's resource limits"],
    [{ kill_policy: { grace_period: { nanoseconds: -1 } } }, /must be non-negative/],
    [{ health_check: {} }, "HealthCheck must specify 'type'"],
    [{ health_check: { type: "HTTP" } }, "Expecting 'http' to be set for HTTP health check"],
    [{ health_check: { type: "TCP", tcp: { port: 1, protocol: "IPv6" } } }, /'health_check.tcp.protocol'/],
    [{ check: { type: "TCP", tcp: { port: 1 }, delay_seconds: -1 } }, /'delay_seconds' to be non-negative/],
    [{ labels: { labels: [{ key: "a" }, { key: "a" }] } }, /has the key 'a' twice/],
    [{ discovery: { visibility: "CLUSTER", version: "1" } }, "'task.discovery.version' is not supported"],
    [{ container: { type: "DOCKER" } }, "DockerInfo 'docker' is not set for DOCKER typed ContainerInfo"],
    [
      { container: { type: "DOCKER", docker: { image: "i", parameters: [{ key: "a", value: "b" }] } } },
      "'container.docker.parameters' is not supported",
    ],
    [{ container: { type: "MESOS", rlimit_info: {} } }, "'container.rlimit_info' is not supported"],
    [
      { container: { type: "MESOS", volumes: [{ mode: "RW", container_path: "/a" }] } },
      /Only one of them should be set/,
    ],
    [
      {
        command: {
          value: "x",
          environment: {
            variables: [{ name: "S", type: "SECRET", secret: { type: "VALUE", value: { data: "aGk=" } } }],
          },
        },
      },
      /must be of type REFERENCE/,
    ],
    [{ executor: { executor_id: { value: "e" } } }, /at least one \(but not both\)/],
    [
      { resources: [{ ...scalar("cpus", 1), provider_id: { value: "p" } }] },
      "'resource.provider_id' is not supported",
    ],
  ])("%j is refused with a sentence", (more, message) => {
    expect(() => template(more)).toThrow(Unsupported);
    expect(() => template(more)).toThrow(message);
  });

  it("is converted or refused, whatever it says", () => {
    const text = fc.constantFrom("", "a", "/", "x y");
    const number = fc.constantFrom(0, -1, 0.5, 1e300);
    const anything = fc.record(
      {
        limits: fc.dictionary(fc.constantFrom("cpus", "mem"), fc.record({ value: number })),
        resources: fc.array(
          fc.record({
            name: text,
            type: fc.constantFrom("SCALAR", "SET"),
            scalar: fc.record({ value: number }),
          }),
        ),
        command: fc.record({ value: text, shell: fc.boolean(), user: text }, { requiredKeys: [] }),
        max_completion_time: fc.record({ nanoseconds: number }),
        health_check: fc.record({ type: fc.constantFrom("COMMAND", "TCP"), delay_seconds: number }),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(anything, (more) => {
        try {
          template(JSON.parse(JSON.stringify(more)));
        } catch (error) {
          expect(error).toBeInstanceOf(Unsupported);
        }
      }),
      { numRuns: 2_000 },
    );
  });
});

describe("resources", () => {
  const read = (value: object): Resource => fromJsonValue(ResourceSchema, value);
  const refined = { refinement: true };
  const older = { refinement: false };

  it.each([
    ["cpus:1.5", older, { ...scalar("cpus", 1.5), role: "*" }],
    ["cpus:1.5", refined, scalar("cpus", 1.5)],
    ["cpus(eng):2", older, { ...scalar("cpus", 2), role: "eng" }],
    [
      "ports:[1-2,4-4]",
      refined,
      {
        name: "ports",
        type: "RANGES",
        ranges: {
          range: [
            { begin: 1, end: 2 },
            { begin: 4, end: 4 },
          ],
        },
      },
    ],
  ])("%s is told to a framework in its form", (text, form, json) => {
    const [spec] = list(text);
    if (spec === undefined) throw new Error("nothing");
    const message = resourceMessage(spec, form);
    expect(toJsonValue(ResourceSchema, message)).toEqual(json);
    expect(resourceSpec(message)).toEqual(spec);
  });

  it("keep reservations and volumes, in both forms", () => {
    const spec = {
      name: "disk",
      scalar: 10,
      reservations: [{ type: "DYNAMIC" as const, role: "eng", principal: "p", labels: { a: "b" } }],
      disk: {
        persistence: { id: "v", principal: "p" },
        volume: { containerPath: "data", mode: "RW" as const },
      },
      shared: true,
    };
    for (const form of [refined, older]) expect(resourceSpec(resourceMessage(spec, form))).toEqual(spec);
    expect(toJsonValue(ResourceSchema, resourceMessage(spec, older))).toMatchObject({
      role: "eng",
      reservation: { principal: "p", labels: { labels: [{ key: "a", value: "b" }] } },
    });
    const withRole = resourceMessage(spec, { refinement: true, allocationRole: "eng" });
    expect(toJsonValue(ResourceSchema, withRole)).toMatchObject({
      allocation_info: { role: "eng" },
      reservations: [{ type: "DYNAMIC", role: "eng" }],
    });
  });

  it.each([
    [{ name: "a", type: "TEXT" }, /no value of its type TEXT/],
    [{ ...scalar("cpus", 1), role: "a", reservations: [{ type: "STATIC", role: "a" }] }, /must not be set/],
    [{ ...scalar("cpus", 1), reservation: { principal: "p" } }, /cannot be dynamically reserved/],
    [
      { ...scalar("disk", 1), disk: { source: { type: "MOUNT" } } },
      /'resource.disk.source' is not supported/,
    ],
  ])("%j are refused", (json, message) => {
    expect(() => resourceSpec(read(json))).toThrow(message);
  });
});

describe("an offer", () => {
  it("is told with what the framework can read", () => {
    const object = offer("o-1", { resources: "cpus:4;mem:1024", role: "eng" });
    object.spec.attributes = [
      { name: "rack", text: "r1" },
      { name: "n", scalar: 2 },
    ];
    object.spec.unavailability = { start: "2026-01-01T00:00:01Z", duration: "1h" };
    const plain = { id: "f", multiRole: false, refinement: true, partitionAware: false, regionAware: false };
    const message = offerMessage(object, plain, { region: "eu", zone: "a", ip: "10.0.0.1" });
    expect(toJsonValue(OfferSchema, message)).toEqual({
      id: { value: "o-1" },
      framework_id: { value: "f" },
      agent_id: { value: "n1" },
      hostname: "n1",
      url: { scheme: "https", address: { hostname: "n1", ip: "10.0.0.1", port: 5051 }, path: "/slave(1)" },
      resources: [scalar("cpus", 4), scalar("mem", 1024)],
      attributes: [
        { name: "rack", type: "TEXT", text: { value: "r1" } },
        { name: "n", type: "SCALAR", scalar: { value: 2 } },
      ],
      unavailability: {
        start: { nanoseconds: expect.anything() },
        duration: { nanoseconds: 3_600_000_000_000 },
      },
    });
    const aware = { ...plain, multiRole: true, regionAware: true };
    expect(toJsonValue(OfferSchema, offerMessage(object, aware, { region: "eu", zone: "a" }))).toMatchObject({
      allocation_info: { role: "eng" },
      domain: { fault_domain: { region: { name: "eu" }, zone: { name: "a" } } },
      resources: [{ allocation_info: { role: "eng" } }, { allocation_info: { role: "eng" } }],
    });
  });
});

describe("an operation", () => {
  const read = (json: object): Offer_Operation => fromJsonValue(Offer_OperationSchema, json);
  const infos = (...ids: string[]) =>
    ids.map((id) => toJsonValue(TaskInfoSchema, given({ task_id: { value: id } })));

  it("LAUNCH refuses each bad task by itself", () => {
    const { operation, refused } = convertOperation(
      read({ type: "LAUNCH", launch: { task_infos: infos("a", "b/c", "d") } }),
      "n1",
    );
    expect(operation?.launch?.tasks.map(({ taskId }) => taskId)).toEqual(["a", "d"]);
    expect(refused.map(({ info, reason }) => [info.taskId?.value, reason])).toEqual([
      ["b/c", "REASON_TASK_INVALID"],
    ]);
  });

  it("LAUNCH_GROUP is all or nothing", () => {
    const group = (executor: object, ...ids: string[]) =>
      convertOperation(
        read({ type: "LAUNCH_GROUP", launch_group: { executor, task_group: { tasks: infos(...ids) } } }),
        "n1",
      );
    const plain = { type: "DEFAULT", executor_id: { value: "e" } };
    expect(group(plain, "a", "b").operation?.launchGroup?.tasks).toHaveLength(2);
    const bad = group(plain, "a", "b/c");
    expect(bad.operation).toBeUndefined();
    expect(bad.refused.map(({ message, reason }) => [message, reason])).toEqual([
      ["A task of the task group is invalid: 'b/c' contains invalid characters", "REASON_TASK_GROUP_INVALID"],
      ["'b/c' contains invalid characters", "REASON_TASK_GROUP_INVALID"],
    ]);
    expect(group({ ...plain, command: { value: "x" } }, "a").refused[0]?.message).toMatch(
      /ExecutorInfo.command/,
    );
  });

  it.each([
    [{ type: "LAUNCH", id: { value: "x" }, launch: { task_infos: infos("a") } }, undefined, 1],
    [{ type: "GROW_VOLUME" }, "Expecting 'grow_volume' to be present", 0],
    [{ type: "SHRINK_VOLUME" }, "Expecting 'shrink_volume' to be present", 0],
    [{ type: "CREATE_DISK" }, /CREATE_DISK is for disks of a resource provider, of which there are none/, 0],
    [{ type: "DESTROY_DISK" }, /DESTROY_DISK is for disks of a resource provider/, 0],
    [{ type: "RESERVE" }, "Expecting 'reserve' to be present", 0],
    [{ type: "RESERVE", reserve: { resources: [] } }, "No resources specified", 0],
    [
      { type: "RESERVE", reserve: { source: [scalar("cpus", 1)], resources: [scalar("cpus", 1)] } },
      /reserve.source/,
      0,
    ],
    [{}, /UNKNOWN are not supported/, 0],
  ])("%j is refused", (json, problem, refused) => {
    const converted = convertOperation(read(json), "n1");
    expect(converted.operation).toBeUndefined();
    expect(converted.refused).toHaveLength(refused);
    if (problem === undefined) expect(converted.problem).toBeUndefined();
    else expect(converted.problem).toMatch(problem);
  });

  it("RESERVE, GROW_VOLUME and SHRINK_VOLUME carry their resources", () => {
    const reserved = { ...scalar("disk", 5), reservations: [{ type: "DYNAMIC", role: "eng" }] };
    const disk = { persistence: { id: "v" }, volume: { container_path: "data", mode: "RW" } };
    const volume = { ...reserved, disk };
    const spec = { name: "disk", scalar: 5, reservations: [{ type: "DYNAMIC", role: "eng" }] };
    const volumeSpec = {
      ...spec,
      disk: { persistence: { id: "v" }, volume: { containerPath: "data", mode: "RW" } },
    };
    expect(
      convertOperation(read({ type: "GROW_VOLUME", grow_volume: { volume, addition: reserved } }), "n1"),
    ).toEqual({
      refused: [],
      operation: { type: "GROW_VOLUME", growVolume: { volume: volumeSpec, addition: spec } },
    });
    expect(
      convertOperation(
        read({ type: "SHRINK_VOLUME", shrink_volume: { volume, subtract: { value: 2.5 } } }),
        "n1",
      ).operation,
    ).toEqual({
      type: "SHRINK_VOLUME",
      shrinkVolume: { volume: volumeSpec, subtract: { scalar: 2.5 } },
    });
    expect(
      convertOperation(read({ type: "RESERVE", reserve: { resources: [reserved] } }), "n1").operation,
    ).toEqual({
      type: "RESERVE",
      reserve: {
        resources: [{ name: "disk", scalar: 5, reservations: [{ type: "DYNAMIC", role: "eng" }] }],
      },
    });
  });
});

describe("a framework", () => {
  const read = (json: object): FrameworkInfo =>
    fromJsonValue(FrameworkInfoSchema, { user: "u", name: "n", ...json });
  const spec = (json: object, suppressedRoles: string[] = [], constraints?: OfferConstraints) =>
    frameworkSpec({ info: read(json), suppressedRoles, offerConstraints: constraints });

  it("has the role or the roles, by its capability", () => {
    expect(spec({ role: "eng" }).roles).toEqual(["eng"]);
    expect(spec({}).roles).toEqual(["*"]);
    const capabilities = [{ type: "MULTI_ROLE" }, { type: "PARTITION_AWARE" }, {}];
    const made = spec({ roles: ["a", "b"], capabilities, failover_timeout: 1.5, principal: "p" }, ["b"]);
    expect(made).toMatchObject({
      roles: ["a", "b"],
      capabilities: ["MULTI_ROLE", "PARTITION_AWARE"],
      failoverTimeout: "1500ms",
      principal: "p",
      user: "u",
      suppressedRoles: ["b"],
      connection: { type: "Gateway" },
    });
    expect(frameworkSchema.safeParse(made).error).toBeUndefined();
  });

  it("has constraints and smallest offers by role", () => {
    const constraints = fromJson(OfferConstraintsSchema, {
      roleConstraints: {
        a: {
          groups: [
            {
              attributeConstraints: [
                { selector: { pseudoattributeType: "HOSTNAME" }, predicate: { textEquals: { value: "h" } } },
                { selector: { attributeName: "rack" }, predicate: { notExists: {} } },
              ],
            },
          ],
        },
        b: {},
      },
    } as JsonValue);
    const filters = (quantities: object[]) => ({ a: { min_allocatable_resources: { quantities } } });
    const made = spec(
      { role: "a", offer_filters: filters([{ quantities: { cpus: { value: 2 } } }]) },
      [],
      constraints,
    );
    expect(made.offerConstraints).toEqual([
      {
        role: "a",
        groups: [
          {
            constraints: [
              { attribute: "HOSTNAME", operator: "TextEquals", value: "h" },
              { attribute: "rack", operator: "NotExists" },
            ],
          },
        ],
      },
    ]);
    expect(made.minAllocatable).toEqual([{ role: "a", resources: [{ name: "cpus", scalar: 2 }] }]);
    expect(() => spec({ offer_filters: filters([{}, {}]) })).toThrow(/choice of several quantities/);
    expect(() => spec({ capabilities: [{ type: "MULTI_ROLE" }] })).toThrow(/without roles/);
  });

  it("gives back its FrameworkInfo", () => {
    const info = read({ webui_url: "http://x", labels: { labels: [{ key: "a" }] }, checkpoint: true });
    const object = framework("fw", {}, undefined, { annotations: { [INFO_ANNOTATION]: infoText(info) } });
    expect(toJsonValue(FrameworkInfoSchema, frameworkInfo(object, "id"))).toMatchObject({
      user: "u",
      name: "n",
      webui_url: "http://x",
      checkpoint: true,
      id: { value: "id" },
    });
    const strange = framework("fw", { user: "x" }, undefined, { annotations: { [INFO_ANNOTATION]: "{" } });
    expect(frameworkInfo(strange, "id")).toMatchObject({ user: "x", name: "fw" });
  });
});

describe("durations", () => {
  it("are rounded up to milliseconds", () => {
    expect(durationOfSeconds(0, "f")).toBe("0s");
    expect(durationOfSeconds(0.0001, "f")).toBe("1ms");
    expect(durationOfSeconds(Number.POSITIVE_INFINITY, "f")).toBe("10000000000s");
    expect(() => durationOfSeconds(Number.NaN, "f")).toThrow(Unsupported);
    const nanos = (nanoseconds: bigint) =>
      durationOfNanos({ $typeName: "mesos.v1.DurationInfo", nanoseconds }, "f");
    expect(nanos(1n)).toBe("1ms");
    expect(nanos(2n ** 62n)).toMatch(/^[0-9]+ms$/);
  });
});

it("nothing of a message is lost without a word", () => {
  const known = create(ResourceSchema, { name: "cpus" });
  known.providerId = { $typeName: "mesos.v1.ResourceProviderID", value: "p" };
  expect(() => resourceSpec(known)).toThrow("'resource.provider_id' is not supported");
});
