import { z } from "zod";
import { conditions } from "./condition.ts";
import { duration } from "./duration.ts";
import { executorTemplate } from "./executor.ts";
import { columns, defineKind, type KubernetesObject } from "./kind.ts";
import { objectName, rolePath, timestamp } from "./name.ts";
import { operationState } from "./operationstate.ts";
import { attribute, givenResource, givenResources, quantity, resources } from "./resource.ts";
import { immutable, listMap, listSet, rules, written } from "./rule.ts";
import { taskTemplate } from "./task.ts";

const filters = z.object({
  refuse: duration
    .optional()
    .describe(
      "How long not to offer again what is left; absent: the framework's or 5s; 0s: no filter; at most 365d.",
    ),
});

const tasks = z.array(taskTemplate).min(1).max(32).describe("The tasks.");
const launch = z.object({
  tasks,
  executors: listMap(z.array(executorTemplate).max(8), "executorId")
    .optional()
    .describe("Executors that tasks name: made on the agent if they do not run there yet."),
});
const launchGroup = z.object({
  tasks,
  executor: executorTemplate.optional().describe("The executor that runs all of them (Mesos: DEFAULT)."),
});
const some = z.object({
  resources: givenResources.min(1).describe("The resources, with their reservations or volumes."),
});

const resizedVolume = givenResource.describe("The persistent volume as it is.");
const isPersistent = (type: "GROW_VOLUME" | "SHRINK_VOLUME") => ({
  rule: "has(self.volume.disk) && has(self.volume.disk.persistence)",
  message: `the volume of ${type} must have disk.persistence`,
  fieldPath: ".volume",
});

const growVolume = rules(
  z.object({
    volume: resizedVolume,
    addition: givenResource.describe("Disk of the same reservation, of which it is made larger."),
  }),
  isPersistent("GROW_VOLUME"),
  {
    rule: "self.addition.name == 'disk' && !has(self.addition.disk)",
    message: "the addition of GROW_VOLUME is disk without a volume",
    fieldPath: ".addition",
  },
);
const shrinkVolume = rules(
  z.object({
    volume: resizedVolume,
    subtract: rules(
      z.object({
        scalar: z.number().min(0).max(1e12).optional().describe("MiB."),
        quantity: quantity.optional().describe("A Kubernetes quantity."),
      }),
      {
        rule: "has(self.scalar) != has(self.quantity)",
        message: "exactly one of scalar and quantity must be given",
      },
    ).describe("By how much it is made smaller: less than all of it."),
  }),
  isPersistent("SHRINK_VOLUME"),
);

const FIELDS = {
  LAUNCH: "launch",
  LAUNCH_GROUP: "launchGroup",
  RESERVE: "reserve",
  UNRESERVE: "unreserve",
  CREATE: "create",
  DESTROY: "destroy",
  GROW_VOLUME: "growVolume",
  SHRINK_VOLUME: "shrinkVolume",
} as const;
const FIELD_OF_TYPE = Object.entries(FIELDS).map(
  ([type, field]) => `(self.type == '${type}') == has(self.${field})`,
);

const arePersistent = (type: "CREATE" | "DESTROY") => ({
  rule: `!has(self.${FIELDS[type]}) || self.${FIELDS[type]}.resources.all(r, has(r.disk) && has(r.disk.persistence))`,
  message: `what ${type} names must have disk.persistence`,
  fieldPath: `.${FIELDS[type]}.resources`,
});

const operation = rules(
  z.object({
    id: z.string().max(128).optional().describe("Your id of the operation, repeated in its result."),
    type: z.enum(Object.keys(FIELDS) as (keyof typeof FIELDS)[]).describe("What to do."),
    launch: launch.optional().describe("With LAUNCH: each task by itself."),
    launchGroup: launchGroup.optional().describe("With LAUNCH_GROUP: all tasks or none."),
    reserve: some.optional().describe("With RESERVE: resources as they shall be, the new reservation last."),
    unreserve: some
      .optional()
      .describe("With UNRESERVE: resources as they are, the reservation to drop last."),
    create: some.optional().describe("With CREATE: disk with persistence and volume as it shall be."),
    destroy: some.optional().describe("With DESTROY: the volumes as they are."),
    growVolume: growVolume.optional().describe("With GROW_VOLUME: a volume, and disk to add to it."),
    shrinkVolume: shrinkVolume
      .optional()
      .describe("With SHRINK_VOLUME: a volume; what it loses stays reserved disk."),
  }),
  {
    rule: FIELD_OF_TYPE.join(" && "),
    message: "exactly the field of its type must be given (LAUNCH: launch, LAUNCH_GROUP: launchGroup, …)",
  },
  {
    rule: "!has(self.reserve) || self.reserve.resources.all(r, has(r.reservations))",
    message: "what RESERVE names must have reservations: the new one last",
    fieldPath: ".reserve.resources",
  },
  {
    rule: "!has(self.unreserve) || self.unreserve.resources.all(r, has(r.reservations) && r.reservations[size(r.reservations) - 1].type == 'DYNAMIC')",
    message: "what UNRESERVE names must have a DYNAMIC reservation, last",
    fieldPath: ".unreserve.resources",
  },
  arePersistent("CREATE"),
  arePersistent("DESTROY"),
);
export type Operation = z.output<typeof operation>;

const accept = z.object({
  otherOffers: listSet(z.array(objectName).max(32))
    .optional()
    .describe("Offers of the same framework, role and agent to use together with this one."),
  operations: z.array(operation).max(32).optional().describe("Operations, in order; none: decline."),
  filters: filters.optional().describe("For what is left."),
});

export const offerResponse = rules(
  z.object({
    accept: accept.optional().describe("Use the offer."),
    decline: z
      .object({ filters: filters.optional().describe("How long not to offer, or to ask, this again.") })
      .optional()
      .describe("Give it back."),
  }),
  {
    rule: "has(self.accept) != has(self.decline)",
    message: "exactly one of accept and decline must be given",
  },
);
export type OfferResponse = z.output<typeof offerResponse>;

export const offerSpec = rules(
  z.object({
    framework: immutable(objectName, "framework").describe(
      "The framework it is made to, of the same namespace.",
    ),
    inverse: immutable(z.boolean(), "inverse")
      .optional()
      .describe(
        "True: it asks for resources back before an agent's maintenance, and holds nothing (Mesos: InverseOffer).",
      ),
    revocable: immutable(z.boolean(), "revocable")
      .optional()
      .describe(
        "True: it is beyond the fair share of its role, so tasks on it may be taken back for another role.",
      ),
    role: immutable(rolePath, "role").describe("The role it is made to; * for an inverse offer."),
    agent: immutable(objectName, "agent").describe("The agent whose resources these are."),
    hostname: immutable(z.string().max(253), "hostname").optional().describe("The agent's host name."),
    resources: immutable(written(resources), "resources").describe(
      "What is offered; of an inverse offer what the framework used there when it was asked.",
    ),
    attributes: immutable(written(z.array(attribute).max(128)), "attributes")
      .optional()
      .describe("The agent's attributes."),
    unavailability: immutable(
      z.object({
        start: timestamp.describe("When the agent's maintenance starts."),
        duration: duration.optional().describe("How long it lasts."),
      }),
      "unavailability",
    )
      .optional()
      .describe("Maintenance that is planned for the agent."),
    expiresAt: immutable(timestamp, "expiresAt").describe("When it is taken back if not answered."),
    response: immutable(offerResponse, "response")
      .optional()
      .describe("Your answer; set once, while Outstanding."),
  }),
  { rule: "!has(oldSelf.response) || has(self.response)", message: "a response cannot be taken back" },
  {
    rule: "has(self.inverse) == has(oldSelf.inverse)",
    message: "inverse is immutable",
    fieldPath: ".inverse",
    reason: "FieldValueForbidden",
  },
  {
    rule: "has(self.revocable) == has(oldSelf.revocable)",
    message: "revocable is immutable",
    fieldPath: ".revocable",
    reason: "FieldValueForbidden",
  },
  {
    rule: "!has(self.inverse) || !self.inverse || has(self.unavailability)",
    message: "an inverse offer tells the unavailability that it is about",
    fieldPath: ".unavailability",
  },
  {
    rule: "!has(self.inverse) || !self.inverse || self.role == '*'",
    message: "an inverse offer is to a framework as a whole: its role is *",
    fieldPath: ".role",
  },
  {
    rule: "!has(self.inverse) || !self.inverse || !has(self.response) || !has(self.response.accept) || ((!has(self.response.accept.operations) || size(self.response.accept.operations) == 0) && (!has(self.response.accept.otherOffers) || size(self.response.accept.otherOffers) == 0))",
    message:
      "an inverse offer asks for resources back and has none to use: accept it without operations and otherOffers",
    fieldPath: ".response.accept",
  },
);

const operationResult = z.object({
  index: z.int().min(0).describe("Index of the operation."),
  id: z.string().max(128).optional().describe("Your id."),
  type: z.string().max(32).describe("Its type."),
  status: operationState,
  message: z.string().max(4096).optional().describe("Why it did not finish."),
  tasks: z.array(objectName).max(32).optional().describe("Task objects that were made."),
});
export type OperationResult = z.output<typeof operationResult>;

export const offerStatus = z.object({
  state: z
    .enum(["Outstanding", "Accepted", "Declined", "Rescinded", "Expired"])
    .optional()
    .describe("Where the offer stands; absent: Outstanding."),
  reason: z.string().max(128).optional().describe("Why it was rescinded, in one word."),
  message: z.string().max(4096).optional().describe("A sentence."),
  closedAt: timestamp.optional().describe("When it left Outstanding."),
  usedBy: objectName
    .optional()
    .describe("The Offer whose response uses this one too; its resources are held until that one is closed."),
  operations: z.array(operationResult).max(32).optional().describe("The result of each operation."),
  conditions,
});

export const Offer = defineKind({
  kind: "Offer",
  plural: "offers",
  singular: "offer",
  shortNames: ["offer"],
  scope: "Namespaced",
  description:
    "Resources of one agent, offered to one framework for one role, or asked back from it. Made by the operator, answered by the framework.",
  spec: offerSpec,
  status: offerStatus,
  admission: true,
  rules: [
    {
      rule: "!has(self.spec.response) || has(oldSelf.spec.response) || !has(oldSelf.status) || !has(oldSelf.status.state) || oldSelf.status.state == 'Outstanding'",
      message: "the offer is no longer outstanding: it was rescinded, it expired or it was answered",
      fieldPath: ".spec.response",
      reason: "FieldValueForbidden",
    },
    {
      rule: "oldSelf.hasValue() || !has(self.spec.response)",
      optionalOldSelf: true,
      message: "an offer is made without a response",
      fieldPath: ".spec.response",
    },
    {
      rule: "!has(self.spec.response) || !has(self.spec.response.accept) || !has(self.spec.response.accept.otherOffers) || !(self.metadata.name in self.spec.response.accept.otherOffers)",
      message: "otherOffers names offers beside this one",
      fieldPath: ".spec.response.accept.otherOffers",
    },
    {
      rule: "!has(oldSelf.status) || !has(oldSelf.status.state) || oldSelf.status.state == 'Outstanding' || (has(self.status) && has(self.status.state) && self.status.state == oldSelf.status.state)",
      message: "a closed offer stays as it was closed",
      fieldPath: ".status.state",
      reason: "FieldValueForbidden",
    },
  ],
  printerColumns: columns(
    ["Framework", ".spec.framework"],
    ["Role", ".spec.role"],
    ["Agent", ".spec.agent"],
    ["Cpus", '.spec.resources[?(@.name=="cpus")].scalar', "number"],
    ["Mem", '.spec.resources[?(@.name=="mem")].scalar', "number"],
    ["State", ".status.state"],
    ["Expires", ".spec.expiresAt", "string", 1],
    ["Inverse", ".spec.inverse", "boolean", 1],
  ),
  selectableFields: [".spec.framework", ".spec.agent", ".spec.role", ".spec.inverse", ".status.state"],
});
export type OfferSpec = z.output<typeof offerSpec>;
export type OfferStatus = z.output<typeof offerStatus>;
export type Offer = KubernetesObject<OfferSpec, OfferStatus>;
