import { z } from "zod";
import { conditions, observedGeneration } from "./condition.ts";
import { columns, defineKind, type KubernetesObject } from "./kind.ts";
import { objectName, rolePath } from "./name.ts";
import { resources } from "./resource.ts";
import { immutable, listSet, rules } from "./rule.ts";

export const roleSpec = rules(
  z.object({
    path: immutable(rolePath, "path").describe("The Mesos role, for example eng/ads. Immutable."),
    weight: rules(z.number().min(0).max(1e6).default(1), {
      rule: "self > 0.0",
      message: "weight must be greater than 0",
    }).describe("Share against the role's siblings; greater than 0."),
    namespaces: listSet(z.array(objectName).max(256))
      .optional()
      .describe("Namespaces whose frameworks and tasks may use the role; absent: all."),
    description: z.string().max(1024).optional().describe("For people."),
  }),
);

export const roleStatus = z.object({
  observedGeneration,
  frameworks: z.int().optional().describe("Frameworks that are subscribed to the role."),
  tasks: z.int().optional().describe("Tasks of the role that have not ended."),
  allocated: resources.optional().describe("What tasks of the role hold."),
  offered: resources.optional().describe("What is offered to the role's frameworks now."),
  reserved: resources.optional().describe("What is reserved for the role."),
  dominantShare: z.number().optional().describe("The role's dominant share, 0 to 1, not divided by weight."),
  share: z.string().max(16).optional().describe("The dominant share in percent, for people."),
  conditions,
});

export const Role = defineKind({
  kind: "Role",
  plural: "roles",
  singular: "role",
  shortNames: ["mrole"],
  scope: "Cluster",
  description: "A share of the cluster: a name in the role tree and its weight against its siblings.",
  spec: roleSpec,
  status: roleStatus,
  rules: [],
  printerColumns: columns(
    ["Path", ".spec.path"],
    ["Weight", ".spec.weight", "number"],
    ["Share", ".status.share"],
    ["Frameworks", ".status.frameworks", "integer"],
    ["Tasks", ".status.tasks", "integer"],
    ["Ready", '.status.conditions[?(@.type=="Ready")].status'],
  ),
  selectableFields: [".spec.path"],
});
export type RoleSpec = z.output<typeof roleSpec>;
export type RoleStatus = z.output<typeof roleStatus>;
export type Role = KubernetesObject<RoleSpec, RoleStatus>;
