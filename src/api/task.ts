import { z } from "zod";
import { SLACK, units } from "./amounts.ts";
import { conditions, observedGeneration } from "./condition.ts";
import { check, command, healthCheck, programShape, tolerations } from "./container.ts";
import { duration, positiveDuration } from "./duration.ts";
import { BUILT_IN_FRAMEWORK } from "./group.ts";
import { columns, defineKind, type KubernetesObject } from "./kind.ts";
import { mesosId, objectName, rolePath, timestamp } from "./name.ts";
import { placementConstraint } from "./placement.ts";
import { givenResources } from "./resource.ts";
import { INT_OR_STRING, immutable, rules } from "./rule.ts";
import { isTerminal, TASK_STATES, taskState } from "./taskstate.ts";

const limit = rules(z.union([z.int(), z.string()]).meta({ ...INT_OR_STRING, maxLength: 32 }), {
  rule: "type(self) == int ? self >= 0 : self.matches(r'^([0-9]+([.][0-9]*)?([eE][-+]?[0-9]+|m|k|Ki|M|Mi|G|Gi|T|Ti)?|Infinity)$')",
  message: "must be a Kubernetes quantity such as 500m, 2 or 256Mi, or Infinity",
});

const limits = z.object({
  cpus: limit.optional().describe("CFS quota, at least what resources has: 2, 500m, Infinity."),
  mem: limit
    .optional()
    .describe("Hard memory limit, at least what resources has: 512Mi (a bare number is bytes), Infinity."),
  pids: z.int().min(1).max(4194304).optional().describe("Processes and threads at most."),
});

const discovery = z.object({
  visibility: z.enum(["FRAMEWORK", "CLUSTER", "EXTERNAL"]).describe("Who may find it."),
  name: z.string().max(253).optional().describe("Name of the service."),
  ports: z
    .array(
      z.object({
        number: z.int().min(1).max(65535).describe("Port."),
        name: z.string().max(63).optional().describe("Its name."),
        protocol: z.string().max(16).optional().describe("Its protocol."),
      }),
    )
    .max(64)
    .optional()
    .describe("Ports of the service."),
});

const needs = (name: string) => ({
  rule: `self.exists(r, r.name == '${name}' && (!has(r.scalar) || r.scalar > 0.0))`,
  message: `a task needs ${name}, more than 0`,
});

/** What a task is, wherever it is written: in a Task, or in the answer to an Offer (Mesos's TaskInfo). */
const taskInfoShape = {
  taskId: mesosId.optional().describe("Mesos task id, unique in the framework; absent: the object's name."),
  displayName: z.string().max(253).optional().describe("Name for people."),
  resources: rules(givenResources.min(1), needs("cpus"), needs("mem")).describe("What the task holds."),
  limits: limits.optional().describe("Limits above the request."),
  command: command.optional().describe("What to run; absent: the image's own."),
  ...programShape,
  labels: z.record(z.string().max(63), z.string().max(1024)).optional().describe("Mesos labels of the task."),
  discovery: discovery.optional().describe("How others find the task."),
  check: check.optional().describe("A check that only reports."),
  healthCheck: healthCheck.optional().describe("A check that kills after failures."),
  killPolicy: z
    .object({ gracePeriod: duration.default("3s").describe("Time from SIGTERM to SIGKILL.") })
    .optional()
    .describe("How the task is killed."),
  maxCompletionTime: positiveDuration
    .optional()
    .describe("The task is killed and TASK_FAILED after this time."),
  priority: z
    .int()
    .min(-1_000_000_000)
    .max(1_000_000_000)
    .optional()
    .describe("Of two tasks the one with less is taken back first, where the operator reclaims; absent: 0."),
};

const programRule = (executor: string) => ({
  rule: `has(self.command) || has(self.${executor}) || (has(self.container) && has(self.container.image))`,
  message: "a task needs command, or container.image with a command of its own, or an executor",
});

/** A limit is at least what is requested; what is malformed another rule refuses. */
const notBelowRequest = (name: "cpus" | "mem") => {
  const field = `self.limits.${name}`;
  const text = `quantity(${field}).asApproximateFloat()`;
  const amount = `(type(${field}) == int ? double(${field}) : isQuantity(${field}) ? ${text} : 1.0e18)`;
  const inUnits = name === "mem" ? `${amount} / 1048576.0` : amount;
  return {
    rule: `!has(self.limits) || !has(${field}) || self.resources.all(r, r.name != '${name}' || ${units("r")} <= ${inUnits} + ${SLACK})`,
    message: `limits.${name} must not be less than the ${name} of resources`,
    fieldPath: `.limits.${name}`,
    cost: 4_000,
  };
};

/** Ports of the node are allocated like all resources: a mapping of another one would take it from who holds it. */
const mapsOwnPorts = {
  rule: "!has(self.container) || !has(self.container.network) || !has(self.container.network.portMappings) || self.container.network.portMappings.all(m, self.resources.exists(r, r.name == 'ports' && has(r.ranges) && r.ranges.exists(x, x.begin <= m.hostPort && m.hostPort <= x.end)))",
  message: "each hostPort must be one of the ports of resources",
  fieldPath: ".container.network.portMappings",
  cost: 600_000,
};

const taskRules = (executor: string) => [
  programRule(executor),
  notBelowRequest("cpus"),
  notBelowRequest("mem"),
  mapsOwnPorts,
];

/** A task in the answer to an Offer; role, framework and agent are the offer's. */
export const taskTemplate = rules(
  z.object({
    name: objectName.optional().describe("Name of the Task object; absent: derived from the offer."),
    ...taskInfoShape,
    executorId: mesosId
      .optional()
      .describe("Who runs the task: one of the operation's executors, or one that runs on the agent."),
    ttlAfterFinished: duration.optional().describe("How long the ended Task is kept."),
  }),
  ...taskRules("executorId"),
);
export type TaskTemplate = z.output<typeof taskTemplate>;

/** Where in the answer to an Offer something was asked for. */
export const origin = z.object({
  name: objectName.describe("The Offer."),
  uid: z.string().max(64).describe("Its uid."),
  operation: z.int().min(0).describe("Index of the operation in the response."),
  index: z.int().min(0).describe("Index of the task, or executor, in the operation."),
});

/** Tasks of one group. */
export const MOST_IN_GROUP = 64;

const group = z.object({
  id: z.string().min(1).max(253).describe("Tasks of one LAUNCH_GROUP share it."),
  size: z.int().min(1).max(MOST_IN_GROUP).describe("How many tasks the group has: all start or none."),
});

const executorRef = z.object({
  name: objectName.describe("The Executor object, of the same namespace."),
  executorId: mesosId.describe("Its Mesos executor id."),
  type: z
    .enum(["CUSTOM", "DEFAULT"])
    .optional()
    .describe("What it is; absent: DEFAULT for a task of a group, else CUSTOM."),
});

const frozenShape = Object.fromEntries(
  Object.entries(taskInfoShape).map(([name, schema]) => [name, immutable(schema, name)]),
) as typeof taskInfoShape;

/** Fields that have a value from the start or never. */
const FIRST = [
  "framework",
  "offer",
  "group",
  "executor",
  "constraints",
  "tolerations",
  ...Object.keys(taskInfoShape),
];
const present = FIRST.map((name) => `has(self.${name}) == has(oldSelf.${name})`).join(" && ");

export const taskSpec = rules(
  z.object({
    framework: immutable(objectName, "framework")
      .optional()
      .describe("Framework of the namespace; absent: the built-in one, which places the task."),
    role: immutable(rolePath, "role").default("*").describe("Role that the resources are allocated to."),
    agent: objectName
      .optional()
      .describe("The agent; set once, by the operator for a task without an offer."),
    offer: immutable(origin, "offer")
      .optional()
      .describe("Set by the operator: the offer that was accepted."),
    allocated: immutable(givenResources, "allocated")
      .optional()
      .describe(
        "Set by the operator with agent: the resources as it took them, when reservations make them differ from resources.",
      ),
    group: immutable(group, "group").optional().describe("Set by the operator for LAUNCH_GROUP."),
    executor: immutable(executorRef, "executor")
      .optional()
      .describe("Set by the operator: the Executor that runs the task."),
    ...frozenShape,
    constraints: immutable(z.array(placementConstraint).max(32), "constraints")
      .optional()
      .describe("For a task without an offer: what the agent must be like, and where its peers may run."),
    tolerations: immutable(tolerations, "tolerations")
      .optional()
      .describe("For a task without an offer: taints of nodes that it tolerates."),
    kill: z
      .object({
        gracePeriod: duration.optional().describe("Instead of the kill policy's."),
        reason: z
          .enum(["REASON_AGENT_DRAINING", "REASON_CONTAINER_PREEMPTED"])
          .optional()
          .describe(
            "Set by the operator when the task has to leave its node, or is taken back for another role: the reason of its end.",
          ),
        message: z
          .string()
          .max(1024)
          .optional()
          .describe("A sentence on why; it goes into the task's status."),
      })
      .optional()
      .describe("Set once, to kill the task. Deleting the Task kills too."),
    acknowledged: z
      .string()
      .max(64)
      .optional()
      .describe(
        "uuid of the last status update that the framework has acknowledged; it covers those before it.",
      ),
    ttlAfterFinished: duration
      .optional()
      .describe("How long the ended Task is kept once acknowledged; absent: the chart's value, 1h."),
  }),
  ...taskRules("executor"),
  {
    rule: `!has(self.framework) || self.framework != '${BUILT_IN_FRAMEWORK}'`,
    message: `${BUILT_IN_FRAMEWORK} is the built-in framework: leave framework out`,
    fieldPath: ".framework",
  },
  {
    // One with an offer and no agent is the record of a launch that was refused.
    rule: "!has(self.framework) || has(self.agent) || has(self.offer)",
    message: "a task of a framework is made from an offer: leave framework out, or answer an Offer",
    fieldPath: ".framework",
  },
  {
    rule: "(!has(self.offer) && !has(self.group) && !has(self.executor)) || has(self.framework)",
    message: "offer, group and executor belong to tasks of a framework",
    fieldPath: ".framework",
  },
  {
    rule: "!has(self.constraints) || self.constraints.all(c, !has(c.peers) || (has(self.labels) && c.peers in self.labels))",
    message: "peers must be the key of one of the task's labels",
    fieldPath: ".constraints",
  },
  { rule: present, message: "only kill, acknowledged, agent and ttlAfterFinished may be added later" },
  {
    rule: "!has(self.allocated) || has(self.agent)",
    message: "allocated needs agent",
    fieldPath: ".allocated",
  },
  {
    rule: "!has(oldSelf.agent) || has(self.allocated) == has(oldSelf.allocated)",
    message: "allocated is set together with agent",
    fieldPath: ".allocated",
  },
  {
    rule: "!has(oldSelf.agent) || (has(self.agent) && self.agent == oldSelf.agent)",
    message: "agent is immutable once set",
    fieldPath: ".agent",
  },
  {
    rule: "!has(oldSelf.kill) || has(self.kill)",
    message: "a kill cannot be taken back",
    fieldPath: ".kill",
  },
);

export const statusUpdate = z.object({
  uuid: z.string().max(64).describe("Id of the update, to acknowledge it by."),
  state: taskState.describe("The state that was entered."),
  reason: z.string().max(128).optional().describe("Mesos's reason, REASON_…"),
  source: z.enum(["SOURCE_MASTER", "SOURCE_AGENT", "SOURCE_EXECUTOR"]).describe("Who says so."),
  message: z.string().max(4096).optional().describe("A sentence."),
  timestamp: timestamp.describe("When it happened."),
  healthy: z.boolean().optional().describe("What the health check says."),
  data: z.base64().max(65536).optional().describe("Bytes that the executor sends along, as base64."),
  labels: z
    .record(z.string().max(63), z.string().max(1024))
    .optional()
    .describe("Mesos labels that the executor sends along."),
});
export type StatusUpdate = z.output<typeof statusUpdate>;

/** A container as its agent reports it. */
export const containerState = z.object({
  id: z.string().max(128).describe("Id in containerd's namespace mesos."),
  pid: z.int().optional().describe("Its first process on the node."),
  image: z.string().max(1024).optional().describe("Image it runs."),
  sandbox: z.string().max(1024).optional().describe("Sandbox directory on the node."),
  startedAt: timestamp.optional().describe("When its process started."),
  finishedAt: timestamp.optional().describe("When its process ended."),
});

/** The end of a process. */
export const exitState = z.object({
  code: z.int().optional().describe("Exit code."),
  signal: z.int().optional().describe("Signal that ended it."),
  oom: z.boolean().optional().describe("Whether memory ran out."),
});

export const taskStatus = z.object({
  observedGeneration,
  state: taskState.optional().describe("Mesos's task state; absent: TASK_STAGING."),
  reason: z.string().max(128).optional().describe("Mesos's reason of the state."),
  source: z.enum(["SOURCE_MASTER", "SOURCE_AGENT", "SOURCE_EXECUTOR"]).optional().describe("Who says so."),
  message: z.string().max(4096).optional().describe("A sentence on the state."),
  healthy: z.boolean().optional().describe("What the health check says."),
  checkStatus: z
    .object({
      exitCode: z.int().optional().describe("COMMAND."),
      statusCode: z.int().optional().describe("HTTP."),
      succeeded: z.boolean().optional().describe("TCP."),
    })
    .optional()
    .describe("What the check last saw."),
  updates: z
    .array(statusUpdate)
    .max(64)
    .optional()
    .describe("Transitions, oldest first; trimmed once acknowledged."),
  container: containerState.optional().describe("The container."),
  addresses: z.array(z.string().max(64)).max(8).optional().describe("Addresses of the task."),
  exit: exitState.optional().describe("How its process ended."),
  unreachableSince: timestamp.optional().describe("Set by the operator while the agent's Lease has lapsed."),
  conditions,
});

const TERMINAL = TASK_STATES.filter((state) => isTerminal(state)).map((state) => `'${state}'`);

export const Task = defineKind({
  kind: "Task",
  plural: "tasks",
  singular: "task",
  shortNames: ["mtask"],
  scope: "Namespaced",
  description: "A Mesos task: launched at most once, its end reported at least once.",
  spec: taskSpec,
  status: taskStatus,
  admission: true,
  rules: [
    {
      // What has ended, stays ended, whoever writes: see hasEnded in taskstate.ts.
      rule: `!has(oldSelf.status) || !has(oldSelf.status.state) || !(oldSelf.status.state in [${TERMINAL.join(", ")}]) || has(oldSelf.status.unreachableSince) || (has(self.status) && has(self.status.state) && self.status.state == oldSelf.status.state && !has(self.status.unreachableSince))`,
      message: "the task has ended: its state is final",
      fieldPath: ".status.state",
      reason: "FieldValueForbidden",
    },
  ],
  printerColumns: columns(
    ["State", ".status.state"],
    ["Role", ".spec.role"],
    ["Framework", ".spec.framework"],
    ["Agent", ".spec.agent"],
    ["Reason", ".status.reason"],
    ["Placed", '.status.conditions[?(@.type=="Placed")].reason', "string", 1],
    ["Exit", ".status.exit.code", "integer", 1],
    ["Message", ".status.message", "string", 1],
  ),
  selectableFields: [".spec.agent", ".spec.framework", ".spec.role", ".status.state"],
});
export type TaskSpec = z.output<typeof taskSpec>;
export type TaskStatus = z.output<typeof taskStatus>;
export type Task = KubernetesObject<TaskSpec, TaskStatus>;
