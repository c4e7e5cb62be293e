import { z } from "zod";
import { SLACK, units } from "./amounts.ts";
import { conditions, observedGeneration } from "./condition.ts";
import { columns, defineKind, type KubernetesObject } from "./kind.ts";
import { rolePath } from "./name.ts";
import { amount, resources } from "./resource.ts";
import { immutable, listMap, rules } from "./rule.ts";

const amounts = listMap(z.array(amount).max(32), "name");

export const quotaSpec = rules(
  z.object({
    role: immutable(rolePath, "role").describe("The role that the quota is for. Immutable."),
    guarantees: amounts.optional().describe("What the role gets before others share the rest."),
    limits: amounts.optional().describe("What the role may consume at most."),
    force: z
      .boolean()
      .default(false)
      .describe("Apply limits below the consumption and guarantees beyond the capacity too."),
  }),
  { rule: "self.role != '*'", message: "the role * cannot have a quota", fieldPath: ".role" },
  {
    rule: "(has(self.guarantees) && size(self.guarantees) > 0) || (has(self.limits) && size(self.limits) > 0)",
    message: "at least one of guarantees and limits must be given",
  },
  {
    rule: `!has(self.guarantees) || !has(self.limits) || self.guarantees.all(g, self.limits.all(l, l.name != g.name || ${units("g")} <= ${units("l")} + ${SLACK}))`,
    message: "a guarantee must not be greater than the limit of the same resource",
    fieldPath: ".guarantees",
  },
);

export const quotaStatus = z.object({
  observedGeneration,
  consumed: resources
    .optional()
    .describe("Reservations and unreserved allocation of the role and its descendants."),
  applied: z
    .object({
      guarantees: amounts.optional().describe("Guarantees in force."),
      limits: amounts.optional().describe("Limits in force."),
    })
    .optional()
    .describe("What is in force: the last spec that was admitted."),
  conditions,
});

export const Quota = defineKind({
  kind: "Quota",
  plural: "quotas",
  singular: "quota",
  shortNames: ["mquota"],
  scope: "Cluster",
  description: "Guarantees and limits of a role.",
  spec: quotaSpec,
  status: quotaStatus,
  rules: [],
  printerColumns: columns(
    ["Role", ".spec.role"],
    ["Satisfied", '.status.conditions[?(@.type=="Satisfied")].status'],
    ["Overcommitted", '.status.conditions[?(@.type=="Overcommitted")].status'],
    ["Cpus", '.status.consumed[?(@.name=="cpus")].scalar', "number"],
    ["Mem", '.status.consumed[?(@.name=="mem")].scalar', "number"],
  ),
  selectableFields: [".spec.role"],
});
export type QuotaSpec = z.output<typeof quotaSpec>;
export type QuotaStatus = z.output<typeof quotaStatus>;
export type Quota = KubernetesObject<QuotaSpec, QuotaStatus>;
