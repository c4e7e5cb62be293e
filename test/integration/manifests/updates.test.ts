import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { escaped, kubectl, must } from "./kubectl.ts";
import { refusedOperations, resizes } from "./operations.ts";

const namespace = "manifests-updates";
const resources = [
  { name: "cpus", scalar: 1 },
  { name: "mem", scalar: 64 },
];
const program = { command: { value: "sleep 1" }, resources };
const offer = {
  framework: "spark",
  role: "eng",
  agent: "node-1",
  resources,
  expiresAt: "2030-01-01T00:00:00Z",
};
const inverse = { ...offer, role: "*", inverse: true, unavailability: { start: "2030-01-01T00:00:00Z" } };
const accept = (...operations: object[]) => ({ response: { accept: { operations } } });
const launch = (task: object) => accept({ type: "LAUNCH", launch: { tasks: [{ ...program, ...task }] } });

interface Case {
  readonly name: string;
  readonly kind: string;
  readonly before: object;
  /** Merged into status before the change. */
  readonly status?: object;
  /** A JSON merge patch of spec. */
  readonly spec?: object;
  /** A JSON merge patch of status. */
  readonly newStatus?: object;
}
interface Refused extends Case {
  readonly field: string;
  readonly words: string;
}

const refused: Refused[] = [
  {
    name: "another framework",
    kind: "task",
    before: { ...program, framework: "spark", agent: "a" },
    spec: { framework: "flink" },
    field: "spec.framework",
    words: "framework is immutable",
  },
  {
    name: "a framework that comes later",
    kind: "task",
    before: { ...program, agent: "a" },
    spec: { framework: "flink" },
    field: "spec",
    words: "may be added later",
  },
  {
    name: "another role",
    kind: "task",
    before: program,
    spec: { role: "eng" },
    field: "spec.role",
    words: "role is immutable",
  },
  {
    name: "another agent",
    kind: "task",
    before: { ...program, agent: "node-1" },
    spec: { agent: "node-2" },
    field: "spec.agent",
    words: "agent is immutable once set",
  },
  {
    name: "an agent taken back",
    kind: "task",
    before: { ...program, agent: "node-1" },
    spec: { agent: null },
    field: "spec.agent",
    words: "agent is immutable once set",
  },
  {
    name: "an allocation without an agent",
    kind: "task",
    before: program,
    spec: { allocated: resources },
    field: "spec.allocated",
    words: "allocated needs agent",
  },
  {
    name: "an allocation after the agent",
    kind: "task",
    before: { ...program, agent: "node-1" },
    spec: { allocated: resources },
    field: "spec.allocated",
    words: "allocated is set together with agent",
  },
  {
    name: "more resources",
    kind: "task",
    before: program,
    spec: {
      resources: [
        { name: "cpus", scalar: 2 },
        { name: "mem", scalar: 64 },
      ],
    },
    field: "spec.resources",
    words: "resources is immutable",
  },
  {
    name: "another command",
    kind: "task",
    before: program,
    spec: { command: { value: "sleep 2" } },
    field: "spec.command",
    words: "command is immutable",
  },
  {
    name: "a container that comes later",
    kind: "task",
    before: program,
    spec: { container: { image: "busybox" } },
    field: "spec",
    words: "may be added later",
  },
  {
    name: "an environment taken away",
    kind: "task",
    before: { ...program, env: [{ name: "A", value: "1" }] },
    spec: { env: null },
    field: "spec",
    words: "may be added later",
  },
  {
    name: "a kill taken back",
    kind: "task",
    before: { ...program, kill: {} },
    spec: { kill: null },
    field: "spec.kill",
    words: "a kill cannot be taken back",
  },
  {
    name: "a state after the end",
    kind: "task",
    before: program,
    status: { state: "TASK_FINISHED" },
    newStatus: { state: "TASK_RUNNING" },
    field: "status.state",
    words: "the task has ended: its state is final",
  },
  {
    name: "another end",
    kind: "task",
    before: program,
    status: { state: "TASK_LOST" },
    newStatus: { state: "TASK_FAILED" },
    field: "status.state",
    words: "the task has ended: its state is final",
  },
  {
    name: "an end taken for unreachable",
    kind: "task",
    before: program,
    status: { state: "TASK_LOST" },
    newStatus: { unreachableSince: "2030-01-01T00:00:00Z" },
    field: "status.state",
    words: "the task has ended: its state is final",
  },
  {
    name: "a state that Mesos lacks",
    kind: "task",
    before: program,
    newStatus: { state: "TASK_SLEEPING" },
    field: "status.state",
    words: 'supported values: "TASK_STAGING"',
  },

  {
    name: "an offer's agent",
    kind: "offer",
    before: offer,
    spec: { agent: "node-2" },
    field: "spec.agent",
    words: "agent is immutable",
  },
  {
    name: "an offer's resources",
    kind: "offer",
    before: offer,
    spec: { resources: [] },
    field: "spec.resources",
    words: "resources is immutable",
  },
  {
    name: "an offer's end",
    kind: "offer",
    before: offer,
    spec: { expiresAt: "2031-01-01T00:00:00Z" },
    field: "spec.expiresAt",
    words: "expiresAt is immutable",
  },
  {
    name: "a second response",
    kind: "offer",
    before: offer,
    spec: launch({ taskId: "b" }),
    status: {},
    field: "spec.response",
    words: "response is immutable",
  },
  {
    name: "a response taken back",
    kind: "offer",
    before: offer,
    spec: { response: null },
    field: "spec",
    words: "a response cannot be taken back",
  },
  {
    name: "both accept and decline",
    kind: "offer",
    before: offer,
    spec: { response: { accept: {}, decline: {} } },
    field: "spec.response",
    words: "exactly one of accept and decline must be given",
  },
  {
    name: "neither accept nor decline",
    kind: "offer",
    before: offer,
    spec: { response: {} },
    field: "spec.response",
    words: "exactly one of accept and decline must be given",
  },
  {
    name: "an answer to a rescinded offer",
    kind: "offer",
    before: offer,
    status: { state: "Rescinded" },
    spec: launch({}),
    field: "spec.response",
    words: "the offer is no longer outstanding",
  },
  {
    name: "an answer to an expired offer",
    kind: "offer",
    before: offer,
    status: { state: "Expired" },
    spec: launch({}),
    field: "spec.response",
    words: "the offer is no longer outstanding",
  },
  {
    name: "a rescinded offer that comes back",
    kind: "offer",
    before: offer,
    status: { state: "Rescinded" },
    newStatus: { state: "Outstanding" },
    field: "status.state",
    words: "a closed offer stays as it was closed",
  },
  {
    name: "an accepted offer that is rescinded",
    kind: "offer",
    before: offer,
    status: { state: "Accepted" },
    newStatus: { state: "Rescinded" },
    field: "status.state",
    words: "a closed offer stays as it was closed",
  },
  {
    name: "itself among the other offers",
    kind: "offer",
    before: offer,
    spec: { response: { accept: { otherOffers: ["SELF"] } } },
    field: "spec.response.accept.otherOffers",
    words: "otherOffers names offers beside this one",
  },
  {
    name: "operations on an inverse offer",
    kind: "offer",
    before: inverse,
    spec: launch({ taskId: "b" }),
    field: "spec.response.accept",
    words: "an inverse offer asks for resources back and has none to use",
  },
  {
    name: "other offers with an inverse one",
    kind: "offer",
    before: inverse,
    spec: { response: { accept: { otherOffers: ["another"] } } },
    field: "spec.response.accept",
    words: "accept it without operations and otherOffers",
  },
  {
    name: "an offer that becomes an inverse one",
    kind: "offer",
    before: { ...offer, role: "*", unavailability: inverse.unavailability },
    spec: { inverse: true },
    field: "spec.inverse",
    words: "inverse is immutable",
  },
  {
    name: "an inverse offer that becomes an ordinary one",
    kind: "offer",
    before: inverse,
    spec: { inverse: null },
    field: "spec.inverse",
    words: "inverse is immutable",
  },
  ...refusedOperations.map(({ name, operation, field, words }) => ({
    name,
    kind: "offer",
    before: offer,
    spec: accept(operation),
    field: `spec.response.accept.operations[0]${field}`,
    words,
  })),
  {
    name: "LAUNCH of nothing",
    kind: "offer",
    before: offer,
    spec: accept({ type: "LAUNCH", launch: { tasks: [] } }),
    field: "spec.response.accept.operations[0].launch.tasks",
    words: "should have at least 1 items",
  },
  {
    name: "a task without mem",
    kind: "offer",
    before: offer,
    spec: launch({ resources: [{ name: "cpus", scalar: 1 }] }),
    field: "spec.response.accept.operations[0].launch.tasks[0].resources",
    words: "a task needs mem",
  },
  {
    name: "a task with a bad limit",
    kind: "offer",
    before: offer,
    spec: launch({ limits: { cpus: "half" } }),
    field: "spec.response.accept.operations[0].launch.tasks[0].limits.cpus",
    words: "must be a Kubernetes quantity",
  },
  {
    name: "a filter that is no duration",
    kind: "offer",
    before: offer,
    spec: { response: { decline: { filters: { refuse: "5" } } } },
    field: "spec.response.decline.filters.refuse",
    words: "must be a duration such as",
  },

  {
    name: "another principal",
    kind: "framework",
    before: { roles: ["eng"], principal: "a" },
    spec: { principal: "b" },
    field: "spec.principal",
    words: "principal is immutable",
  },
  {
    name: "a principal that comes later",
    kind: "framework",
    before: { roles: ["eng"] },
    spec: { principal: "b" },
    field: "spec.principal",
    words: "principal is immutable",
  },
  {
    name: "another path",
    kind: "role",
    before: { path: "eng" },
    spec: { path: "ads" },
    field: "spec.path",
    words: "path is immutable",
  },
  {
    name: "another role of a quota",
    kind: "quota",
    before: { role: "eng", limits: [{ name: "cpus", scalar: 1 }] },
    spec: { role: "ads" },
    field: "spec.role",
    words: "role is immutable",
  },
  {
    name: "another role of a reservation",
    kind: "reservation",
    before: { role: "eng", agent: "a", resources },
    spec: { role: "ads" },
    field: "spec.role",
    words: "role is immutable",
  },
  {
    name: "another agent of a reservation",
    kind: "reservation",
    before: { role: "eng", agent: "a", resources },
    spec: { agent: "b" },
    field: "spec.agent",
    words: "agent is immutable once set",
  },
];

const taken: Case[] = [
  { name: "an agent, once", kind: "task", before: program, spec: { agent: "node-1" } },
  {
    name: "an agent and an allocation, once",
    kind: "task",
    before: program,
    spec: { agent: "node-1", allocated: resources },
  },
  { name: "a kill", kind: "task", before: program, spec: { kill: { gracePeriod: "0s" } } },
  {
    name: "a shorter grace for a kill",
    kind: "task",
    before: { ...program, kill: { gracePeriod: "1h" } },
    spec: { kill: { gracePeriod: "1s" } },
  },
  {
    name: "an acknowledgement after the end",
    kind: "task",
    before: program,
    status: { state: "TASK_FINISHED" },
    spec: { acknowledged: "u" },
  },
  { name: "another time to live", kind: "task", before: program, spec: { ttlAfterFinished: "1d" } },
  {
    name: "a message after the end",
    kind: "task",
    before: program,
    status: { state: "TASK_FAILED" },
    newStatus: { message: "exit code 1" },
  },
  {
    name: "the return of a lost task's agent",
    kind: "task",
    before: program,
    status: { state: "TASK_LOST", unreachableSince: "2030-01-01T00:00:00Z" },
    newStatus: { state: "TASK_RUNNING", unreachableSince: null },
  },
  {
    name: "the return of an unreachable task's agent",
    kind: "task",
    before: program,
    status: { state: "TASK_UNREACHABLE", unreachableSince: "2030-01-01T00:00:00Z" },
    newStatus: { state: "TASK_FINISHED", unreachableSince: null },
  },
  { name: "a response", kind: "offer", before: offer, spec: launch({ name: "t1", taskId: "1" }) },
  { name: "volumes of another size", kind: "offer", before: offer, spec: accept(...resizes) },
  {
    name: "an inverse offer's acceptance",
    kind: "offer",
    before: inverse,
    spec: { response: { accept: { operations: [], filters: { refuse: "1h" } } } },
  },
  {
    name: "a response to an offer that says Outstanding",
    kind: "offer",
    before: offer,
    status: { state: "Outstanding" },
    spec: { response: { decline: {} } },
  },
  {
    name: "a result",
    kind: "offer",
    before: offer,
    status: { state: "Accepted" },
    newStatus: { operations: [{ index: 0, type: "LAUNCH", status: "FINISHED" }] },
  },
  {
    name: "other roles of a framework",
    kind: "framework",
    before: { roles: ["eng"] },
    spec: { roles: ["ads"] },
  },
  { name: "another weight", kind: "role", before: { path: "eng" }, spec: { weight: 0.5 } },
];

const plural = (kind: string) => `${kind}s.mesos.dev`;
const scoped = (kind: string) => (["role", "quota", "reservation"].includes(kind) ? [] : ["-n", namespace]);

function patchOf(part: object, name: string): string {
  return JSON.stringify(part).replaceAll("SELF", name);
}

/** Makes the object, sets its status and sends the change; kubectl's answer to the change. */
async function change(one: Case, name: string) {
  const target = [plural(one.kind), name, ...scoped(one.kind)];
  const merge = (part: object) => ["patch", ...target, "--type=merge", "-p", patchOf(part, name)];
  const kind = one.kind[0]?.toUpperCase() + one.kind.slice(1);
  const object = { apiVersion: "mesos.dev/v1alpha1", kind, metadata: { name }, spec: one.before };
  await must(["create", ...scoped(one.kind), "-f", "-"], JSON.stringify(object));
  if (one.name === "a second response" || one.name === "a response taken back") {
    await must(merge({ spec: launch({ taskId: "a" }) }));
  }
  if (one.status) await must([...merge({ status: one.status }), "--subresource=status"]);
  return one.newStatus
    ? kubectl([...merge({ status: one.newStatus }), "--subresource=status"])
    : kubectl(merge({ spec: one.spec }));
}

const slug = (one: Case) => `${one.kind}-${one.name.toLowerCase().replaceAll(/[^a-z]+/g, "-")}`;

describe("updates", () => {
  beforeAll(async () => {
    await must(["create", "namespace", namespace]);
  });
  afterAll(async () => {
    await must(["delete", "namespace", namespace, "--wait=false"]);
    for (const kind of ["role", "quota", "reservation"]) await must(["delete", plural(kind), "--all"]);
  });

  test.concurrent.each(refused.map((one) => [one.kind, one.name, one] as const))(
    "%s: %s is refused",
    async (_kind, _name, one) => {
      const { ok, stderr } = await change(one, slug(one));
      expect(ok).toBe(false);
      expect(stderr).toContain(one.words);
      expect(stderr).toMatch(new RegExp(`["\\s]${escaped(one.field)}["\\s:,]`));
    },
  );

  test.concurrent.each(taken.map((one) => [one.kind, one.name, one] as const))(
    "%s: %s is taken",
    async (_kind, _name, one) => {
      const { ok, stderr } = await change(one, slug(one));
      expect({ ok, stderr }).toEqual({ ok: true, stderr: "" });
    },
  );
});
