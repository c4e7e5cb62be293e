import { z } from "zod";
import { observedGeneration } from "./condition.ts";
import { command, programShape } from "./container.ts";
import { duration } from "./duration.ts";
import { columns, defineKind, type KubernetesObject } from "./kind.ts";
import { mesosId, objectName, rolePath, timestamp } from "./name.ts";
import { givenResources } from "./resource.ts";
import { immutable, rules } from "./rule.ts";
import { containerState, exitState, origin } from "./task.ts";

/** What an executor is, wherever it is written: in an Executor, or in the answer to an Offer (Mesos's ExecutorInfo). */
const executorInfoShape = {
  executorId: mesosId.describe("Mesos executor id, unique in the framework on its agent."),
  type: z
    .enum(["CUSTOM", "DEFAULT"])
    .default("CUSTOM")
    .describe(
      "CUSTOM: a program that speaks Mesos's executor API. DEFAULT: the agent itself runs the tasks in one sandbox.",
    ),
  displayName: z.string().max(253).optional().describe("Name for people."),
  source: z.string().max(253).optional().describe("Mesos's source of the executor."),
  resources: givenResources
    .default([])
    .describe("What the executor holds itself, beside what its tasks hold."),
  command: command.optional().describe("CUSTOM: what to run; absent: the image's own."),
  ...programShape,
  labels: z.record(z.string().max(63), z.string().max(1024)).optional().describe("Mesos labels."),
  shutdownGracePeriod: duration
    .default("5s")
    .describe("Time from being asked to shut down to being killed (Mesos: shutdown_grace_period)."),
};

const programRule = {
  rule: "self.type == 'CUSTOM' ? has(self.command) || (has(self.container) && has(self.container.image)) : !has(self.command)",
  message: "a CUSTOM executor needs command, or container.image with one of its own; a DEFAULT one has none",
};

/** An executor in the answer to an Offer; role, framework and agent are the offer's. */
export const executorTemplate = rules(z.object(executorInfoShape), programRule);
export type ExecutorTemplate = z.output<typeof executorTemplate>;

const frozenShape = Object.fromEntries(
  Object.entries(executorInfoShape).map(([name, schema]) => [name, immutable(schema, name)]),
) as typeof executorInfoShape;

/** Fields that have a value from the start or never. */
const FIRST = ["allocated", "offer", ...Object.keys(executorInfoShape)];
const present = FIRST.map((name) => `has(self.${name}) == has(oldSelf.${name})`).join(" && ");

export const executorSpec = rules(
  z.object({
    framework: immutable(objectName, "framework").describe("Framework of the namespace."),
    role: immutable(rolePath, "role").default("*").describe("Role that the resources are allocated to."),
    agent: immutable(objectName, "agent").describe("The agent that it runs on."),
    offer: immutable(origin, "offer")
      .optional()
      .describe("Set by the operator: the offer that was accepted."),
    allocated: immutable(givenResources, "allocated")
      .optional()
      .describe("The resources as they were taken, when reservations make them differ from resources."),
    ...frozenShape,
    shutdown: z
      .object({
        message: z.string().max(1024).optional().describe("A sentence on why."),
      })
      .optional()
      .describe("Set once, to shut the executor down with all its tasks. Deleting the Executor does too."),
  }),
  programRule,
  { rule: present, message: "only shutdown may be added later" },
  {
    rule: "!has(oldSelf.shutdown) || has(self.shutdown)",
    message: "a shutdown cannot be taken back",
    fieldPath: ".shutdown",
  },
);

export const EXECUTOR_STATES = ["Pending", "Starting", "Running", "Ended"] as const;

export const executorStatus = z.object({
  observedGeneration,
  state: z
    .enum(EXECUTOR_STATES)
    .optional()
    .describe(
      "Pending (absent too): not begun. Starting: the agent has begun. Running: it has subscribed. Ended: for good.",
    ),
  beginning: z
    .string()
    .max(64)
    .optional()
    .describe("Set by the agent as it begins: by this it knows its own write again."),
  reason: z.string().max(128).optional().describe("Mesos's reason of its end."),
  message: z.string().max(4096).optional().describe("A sentence on the state."),
  container: containerState.optional().describe("The container."),
  addresses: z.array(z.string().max(64)).max(8).optional().describe("Addresses of the executor."),
  exit: exitState.optional().describe("How its process ended."),
  endedAt: timestamp.optional().describe("When it ended."),
});

export const Executor = defineKind({
  kind: "Executor",
  plural: "executors",
  singular: "executor",
  shortNames: ["mexec"],
  scope: "Namespaced",
  description:
    "A Mesos executor: runs tasks of one framework on one agent. Made by the operator when an offer is accepted.",
  spec: executorSpec,
  status: executorStatus,
  admission: true,
  rules: [
    {
      rule: "!has(oldSelf.status) || !has(oldSelf.status.state) || oldSelf.status.state != 'Ended' || (has(self.status) && has(self.status.state) && self.status.state == 'Ended')",
      message: "the executor has ended for good",
      fieldPath: ".status.state",
      reason: "FieldValueForbidden",
    },
  ],
  printerColumns: columns(
    ["State", ".status.state"],
    ["Framework", ".spec.framework"],
    ["Agent", ".spec.agent"],
    ["Id", ".spec.executorId"],
    ["Type", ".spec.type", "string", 1],
    ["Reason", ".status.reason"],
    ["Message", ".status.message", "string", 1],
  ),
  selectableFields: [".spec.agent", ".spec.framework", ".status.state"],
});
export type ExecutorSpec = z.output<typeof executorSpec>;
export type ExecutorStatus = z.output<typeof executorStatus>;
export type Executor = KubernetesObject<ExecutorSpec, ExecutorStatus>;

/** Whether it has ended for good and holds nothing. */
export const executorHasEnded = (status: Pick<ExecutorStatus, "state"> | undefined): boolean =>
  status?.state === "Ended";

/** Whether the agent may have made its container: until then the operator may end it alone. */
export const executorHasBegun = (status: Pick<ExecutorStatus, "state"> | undefined): boolean =>
  status?.state !== undefined && status.state !== "Pending";

/** Whether it has ended, or is asked to: no task is given to it any more. */
export const executorIsGoing = ({ metadata, spec, status }: Executor): boolean =>
  executorHasEnded(status) || spec.shutdown !== undefined || metadata.deletionTimestamp !== undefined;
