import { z } from "zod";
import { SLACK, units } from "./amounts.ts";
import { conditions, observedGeneration } from "./condition.ts";
import { columns, defineKind, type KubernetesObject } from "./kind.ts";
import { mesosId, objectName, rolePath } from "./name.ts";
import { containerPath } from "./path.ts";
import { givenResources, quantity, resources } from "./resource.ts";
import { immutable, listMap, rules } from "./rule.ts";

const volume = rules(
  z.object({
    id: mesosId.describe("Id of the volume, unique per role and agent."),
    scalar: z.number().min(0).max(1e12).optional().describe("Size in MiB."),
    quantity: quantity.optional().describe("Size as a Kubernetes quantity."),
    containerPath: containerPath.describe("Where a task sees the volume."),
    mode: z.enum(["RW", "RO"]).default("RW").describe("Whether a task may write it."),
    shared: z.boolean().optional().describe("Whether several tasks may use it at once."),
    principal: z.string().max(253).optional().describe("Who made the volume."),
    uid: z
      .string()
      .max(128)
      .optional()
      .describe(
        "Set by the operator: tells it from an earlier volume of that id, whose data it must not show.",
      ),
  }),
  {
    rule: "has(self.scalar) != has(self.quantity)",
    message: "exactly one of scalar and quantity must be given",
  },
);

const selector = z.object({
  attributes: z
    .record(z.string().max(63), z.string().max(253))
    .optional()
    .describe("Text attributes that the agent must have."),
});

export const reservationSpec = rules(
  z.object({
    role: immutable(rolePath, "role").describe("The role that the resources are reserved for. Immutable."),
    agent: objectName.optional().describe("The agent; or give selector."),
    selector: selector.optional().describe("Any one agent that fits; kept once chosen."),
    resources: givenResources
      .min(1)
      .describe("What is reserved, unreserved in form: the reservation is added."),
    principal: z.string().max(253).optional().describe("Who reserves."),
    labels: z
      .record(z.string().max(63), z.string().max(253))
      .optional()
      .describe("Labels of the reservation."),
    volumes: listMap(z.array(volume).max(32), "id")
      .optional()
      .describe("Persistent volumes made from the reserved disk."),
  }),
  { rule: "self.role != '*'", message: "nothing can be reserved for the role *", fieldPath: ".role" },
  {
    rule: "has(self.agent) != has(self.selector)",
    message: "exactly one of agent and selector must be given",
  },
  {
    rule: "!has(oldSelf.agent) || (has(self.agent) && self.agent == oldSelf.agent)",
    message: "agent is immutable once set",
    fieldPath: ".agent",
  },
  {
    rule: "!has(self.volumes) || size(self.volumes) == 0 || self.resources.exists(r, r.name == 'disk')",
    message: "volumes need a reserved disk",
    fieldPath: ".volumes",
  },
  {
    rule: `!has(self.volumes) || self.volumes.all(v, self.resources.exists(r, r.name == 'disk' && ${units("v", "'disk'")} <= ${units("r")} + ${SLACK}))`,
    message: "a volume must not be larger than the reserved disk",
    fieldPath: ".volumes",
  },
  {
    rule: "self.resources.all(r, !has(r.reservations) || r.reservations.all(x, self.role.startsWith(x.role + '/')))",
    message: "what is reserved already can only be refined: for a role below the one that has it",
    fieldPath: ".resources",
  },
  {
    rule: "self.resources.all(r, !has(r.revocable) || !r.revocable)",
    message: "revocable resources cannot be reserved",
    fieldPath: ".resources",
  },
);

const placed = z.object({
  agent: objectName.describe("The agent."),
  resources: resources.describe("What is reserved there."),
});

export const reservationStatus = z.object({
  observedGeneration,
  reserved: z.array(placed).max(64).optional().describe("Where and what is reserved."),
  inUseBy: z
    .array(z.string().max(512))
    .max(256)
    .optional()
    .describe("Tasks that hold some of it: namespace/name."),
  conditions,
});

export const Reservation = defineKind({
  kind: "Reservation",
  plural: "reservations",
  singular: "reservation",
  shortNames: ["rsv"],
  scope: "Cluster",
  description: "Resources of one agent kept for a role, and the persistent volumes on them.",
  spec: reservationSpec,
  status: reservationStatus,
  rules: [],
  printerColumns: columns(
    ["Role", ".spec.role"],
    ["Agent", ".status.reserved[0].agent"],
    ["Reserved", '.status.conditions[?(@.type=="Reserved")].status'],
    ["Reason", '.status.conditions[?(@.type=="Reserved")].reason'],
  ),
  selectableFields: [".spec.role", ".spec.agent"],
});
export type ReservationSpec = z.output<typeof reservationSpec>;
export type ReservationStatus = z.output<typeof reservationStatus>;
export type Reservation = KubernetesObject<ReservationSpec, ReservationStatus>;
