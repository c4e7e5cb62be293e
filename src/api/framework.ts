import { z } from "zod";
import { conditions, observedGeneration } from "./condition.ts";
import { attributeConstraint, tolerations, user } from "./container.ts";
import { duration, positiveDuration } from "./duration.ts";
import { BUILT_IN_FRAMEWORK, FRAMEWORK_ID_ANNOTATION } from "./group.ts";
import { columns, defineKind, type KubernetesObject } from "./kind.ts";
import { objectName, rolePath, timestamp } from "./name.ts";
import { operationState } from "./operationstate.ts";
import { amount, resources } from "./resource.ts";
import { immutable, listMap, listSet, rules } from "./rule.ts";

export const CAPABILITIES = [
  "MULTI_ROLE",
  "GPU_RESOURCES",
  "REVOCABLE_RESOURCES",
  "SHARED_RESOURCES",
  "RESERVATION_REFINEMENT",
  "PARTITION_AWARE",
  "TASK_KILLING_STATE",
  "REGION_AWARE",
] as const;

const offerConstraints = z.object({
  role: rolePath.describe("The role whose offers are constrained."),
  groups: z
    .array(
      z.object({
        constraints: z.array(attributeConstraint).min(1).max(16).describe("All of them must hold."),
      }),
    )
    .min(1)
    .max(16)
    .describe("An agent is offered when one group holds."),
});

const minAllocatable = z.object({
  role: rolePath.describe("The role."),
  resources: listMap(z.array(amount).min(1).max(16), "name").describe(
    "Offers of less than all of this are not made.",
  ),
});

export const frameworkSpec = rules(
  z.object({
    roles: listSet(z.array(rolePath).min(1).max(64)).describe("Roles it is offered resources for."),
    capabilities: listSet(z.array(z.enum(CAPABILITIES)).max(16))
      .optional()
      .describe("Mesos capabilities; those of several roles need MULTI_ROLE in Mesos, not here."),
    principal: immutable(z.string().max(253), "principal")
      .optional()
      .describe("Who the framework is. Immutable."),
    user: user.optional().describe("Default user of its tasks."),
    connection: rules(
      z.object({
        type: z
          .enum(["Lease", "Gateway", "Manual"])
          .default("Lease")
          .describe("How it shows to be alive: by renewing a Lease, by the Mesos API, or not at all."),
        leaseName: objectName.optional().describe("The Lease; absent: mesos-framework-<name>."),
        leaseDuration: positiveDuration
          .default("15s")
          .describe("Without a renewal for this long it is disconnected."),
      }),
      {
        rule: "!has(self.leaseName) || self.type == 'Lease'",
        message: "leaseName needs type Lease",
        fieldPath: ".leaseName",
      },
    )
      .prefault({})
      .describe("How the operator knows that the framework is there."),
    failoverTimeout: duration
      .default("10m")
      .describe("After a disconnection of this long its tasks are killed and it is removed."),
    offerTimeout: positiveDuration
      .optional()
      .describe("Offers not answered by then are taken back; absent: the chart's, 60s."),
    maxOffers: z
      .int()
      .min(1)
      .max(10000)
      .optional()
      .describe("Offers outstanding at a time, up to the chart's limit; absent: that."),
    refuse: duration.optional().describe("Default filter of declined resources; absent: 5s."),
    suppressedRoles: listSet(z.array(rolePath).max(64)).optional().describe("Roles that want no offers now."),
    reclaimable: z
      .boolean()
      .optional()
      .describe(
        "True: what it has beyond its roles' fair shares may be taken back, where the operator reclaims; absent: false.",
      ),
    revive: z
      .object({
        id: z.string().min(1).max(64).describe("A new value revives: clears filters, once."),
        roles: listSet(z.array(rolePath).max(64))
          .optional()
          .describe("Only these roles; absent or empty: all."),
      })
      .optional()
      .describe("Ask to be offered again what was declined."),
    offerConstraints: listMap(z.array(offerConstraints).max(64), "role")
      .optional()
      .describe("Constraints by role."),
    minAllocatable: listMap(z.array(minAllocatable).max(64), "role")
      .optional()
      .describe("Smallest offers by role."),
    tolerations: tolerations
      .optional()
      .describe("Taints of nodes whose offers it wants, and with which its tasks stay."),
  }),
  {
    rule: "!has(self.suppressedRoles) || self.suppressedRoles.all(r, r in self.roles)",
    message: "suppressedRoles must be among roles",
    fieldPath: ".suppressedRoles",
  },
  {
    rule: "!has(self.revive) || !has(self.revive.roles) || self.revive.roles.all(r, r in self.roles)",
    message: "revive.roles must be among roles",
    fieldPath: ".revive.roles",
  },
  {
    rule: "!has(self.offerConstraints) || self.offerConstraints.all(c, c.role in self.roles)",
    message: "the roles of offerConstraints must be among roles",
    fieldPath: ".offerConstraints",
  },
  {
    rule: "!has(self.minAllocatable) || self.minAllocatable.all(m, m.role in self.roles)",
    message: "the roles of minAllocatable must be among roles",
    fieldPath: ".minAllocatable",
  },
  {
    rule: "has(self.principal) == has(oldSelf.principal)",
    message: "principal is immutable",
    fieldPath: ".principal",
  },
);

/** Operations that are kept of one framework. */
export const MOST_OPERATIONS = 64;

const uuid = z.string().max(36);
const operationRecord = z.object({
  id: z.string().max(255).describe("The framework's id of the operation."),
  uuid: uuid.describe("Of the operation."),
  statusUuid: uuid.describe("Of its status: what the framework acknowledges."),
  type: z.string().max(32).describe("Mesos's Offer.Operation.Type."),
  agent: objectName.describe("The agent whose resources it was to change."),
  state: operationState,
  message: z.string().max(1024).optional().describe("Why it did not finish."),
  info: z.string().max(4096).optional().describe("Mesos's Offer.Operation in JSON, if it is not too long."),
  time: timestamp.describe("When it ended."),
});
export type OperationRecord = z.output<typeof operationRecord>;

export const frameworkStatus = z.object({
  observedGeneration,
  id: z.string().max(255).optional().describe("Mesos FrameworkID: the object's uid."),
  connected: z.boolean().optional().describe("Whether it is alive."),
  disconnectedAt: timestamp.optional().describe("Since when it is not."),
  observedRevive: z.string().max(64).optional().describe("The last revive acted on."),
  revivedAt: timestamp.optional().describe("When: what was declined before is offered again."),
  allocated: resources.optional().describe("What its tasks hold."),
  offered: resources.optional().describe("What is offered to it now."),
  dominantShare: z.number().optional().describe("Dominant share, 0 to 1."),
  share: z.string().max(16).optional().describe("The dominant share in percent, for people."),
  offersOutstanding: z.int().optional().describe("Offers it has not answered."),
  tasks: z.int().optional().describe("Its tasks that have not ended."),
  operations: listMap(z.array(operationRecord).max(MOST_OPERATIONS), "id")
    .optional()
    .describe(
      "Written by the gateway: operations with an id that have ended and whose end the framework has not acknowledged, the oldest ones.",
    ),
  conditions,
});

export const Framework = defineKind({
  kind: "Framework",
  plural: "frameworks",
  singular: "framework",
  shortNames: ["fw"],
  scope: "Namespaced",
  description: "A scheduler that is offered resources and decides what to run on them.",
  spec: frameworkSpec,
  status: frameworkStatus,
  rules: [
    {
      rule: `self.metadata.name != '${BUILT_IN_FRAMEWORK}'`,
      message: `the name ${BUILT_IN_FRAMEWORK} is that of the built-in framework`,
      fieldPath: ".metadata.name",
    },
  ],
  printerColumns: columns(
    ["Roles", ".spec.roles"],
    ["Connected", ".status.connected", "boolean"],
    ["Share", ".status.share"],
    ["Offers", ".status.offersOutstanding", "integer"],
    ["Tasks", ".status.tasks", "integer"],
    ["Ready", '.status.conditions[?(@.type=="Ready")].status'],
  ),
  selectableFields: [],
});
export type FrameworkSpec = z.output<typeof frameworkSpec>;
export type FrameworkStatus = z.output<typeof frameworkStatus>;
export type Framework = KubernetesObject<FrameworkSpec, FrameworkStatus>;

/** Mesos FrameworkID: the object's uid, or what the framework brought along. */
export const mesosFrameworkId = ({ metadata }: Pick<Framework, "metadata">): string =>
  metadata.annotations?.[FRAMEWORK_ID_ANNOTATION] ?? metadata.uid ?? "";
