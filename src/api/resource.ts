import { z } from "zod";
import type { AttributeSpec, ResourceSpec } from "../resources/index.ts";
import { mesosId, resourceName, rolePath } from "./name.ts";
import { containerPath } from "./path.ts";
import { listSet, rules, worded } from "./rule.ts";

/** A Kubernetes quantity, not negative. */
export const quantity = worded(
  z.string().min(1).max(32),
  /^[0-9]+(\.[0-9]*)?([eE][-+]?[0-9]+|m|k|Ki|M|Mi|G|Gi|T|Ti|P|Pi)?$/,
  "must be a Kubernetes quantity such as 500m, 2 or 256Mi, and not negative",
);

export const range = rules(
  z.object({
    begin: z.int().min(0).max(4294967295).describe("First value of the range."),
    end: z.int().min(0).max(4294967295).describe("Last value of the range, included."),
  }),
  { rule: "self.begin <= self.end", message: "begin must not be greater than end" },
);
/** Ranges of which none overlaps another; the rule compares each with each. */
const rangesOf = (most: number) =>
  rules(z.array(range).min(1).max(most), {
    rule: "self.all(a, self.exists_one(b, b.begin <= a.end && a.begin <= b.end))",
    message: "ranges must not overlap",
    cost: most * most * 14,
  });
const names = listSet(z.array(z.string().min(1).max(63)).min(1).max(64));

const reservation = z.object({
  type: z.enum(["STATIC", "DYNAMIC"]).default("DYNAMIC").describe("How the reservation was made."),
  role: rules(rolePath, { rule: "self != '*'", message: "nothing can be reserved for the role *" }).describe(
    "The role that the resource is reserved for.",
  ),
  principal: z.string().max(253).optional().describe("Who made the reservation."),
  labels: z.record(z.string().max(63), z.string().max(253)).optional().describe("Labels of the reservation."),
});

/** Rules stand where they read least: each field that a rule reads of a wide object costs the API server a look at all of them. */
const reservationStack = rules(
  z.array(reservation).min(1).max(8),
  {
    rule: "self.all(i, r, i == 0 || r.role.startsWith(self[i - 1].role + '/'))",
    message: "each reservation refines the one before it: its role must lie below that one's",
    cost: 2_500,
  },
  {
    rule: "self.all(i, r, i == 0 || r.type == 'DYNAMIC')",
    message: "only the first reservation can be STATIC",
    cost: 100,
  },
);

const disk = rules(
  z.object({
    persistence: z
      .object({
        id: mesosId.describe("Id of the persistent volume, unique per role and agent."),
        principal: z.string().max(253).optional().describe("Who made the volume."),
      })
      .optional()
      .describe("Set when the disk is a persistent volume."),
    volume: z
      .object({
        containerPath: containerPath.describe("Where a task sees the volume."),
        mode: z.enum(["RW", "RO"]).default("RW").describe("Whether a task may write it."),
      })
      .optional()
      .describe("How the volume is mounted."),
  }),
  {
    rule: "!has(self.persistence) || has(self.volume)",
    message: "a persistent volume needs disk.volume",
    fieldPath: ".volume",
  },
);

const one =
  "[has(self.scalar), has(self.quantity), has(self.ranges), has(self.set)].filter(x, x).size() == 1";

/**
 * A resource in Mesos's own types: a scalar (cpus; mem and disk in MiB; gpus; any other), ranges
 * (ports) or a set. A scalar may be written as a Kubernetes quantity instead.
 */
const resourceOf = (mostRanges: number) =>
  rules(
    z.object({
      name: resourceName.describe("cpus, mem, disk, gpus, ports, or a name of your own."),
      scalar: z
        .number()
        .min(0)
        .max(1e12)
        .optional()
        .describe("An amount, to three decimals; mem and disk are in MiB, as in Mesos."),
      quantity: quantity.optional().describe("An amount as a Kubernetes quantity: 500m, 256Mi, 2."),
      ranges: rangesOf(mostRanges).optional().describe("Ranges of integers: ports."),
      set: names.optional().describe("A set of names."),
      reservations: reservationStack
        .optional()
        .describe("The stack of reservations, the last being the most refined; absent: unreserved."),
      disk: disk.optional().describe("Persistence and mount of a disk resource."),
      revocable: z.boolean().optional().describe("True when the resource can be taken back."),
      shared: z.boolean().optional().describe("True when several tasks may use the same volume."),
    }),
    { rule: one, message: "exactly one of scalar, quantity, ranges and set must be given" },
    {
      rule: "!(has(self.ranges) || has(self.set)) || !(self.name in ['cpus', 'mem', 'disk', 'gpus'])",
      message: "cpus, mem, disk and gpus are scalars: give scalar or quantity",
    },
    {
      rule: "self.name != 'ports' || !(has(self.scalar) || has(self.quantity) || has(self.set))",
      message: "ports is given as ranges",
    },
    {
      rule: "!has(self.ranges) || self.name != 'ports' || self.ranges.all(r, r.begin >= 1 && r.end <= 65535)",
      message: "ports lie between 1 and 65535",
      fieldPath: ".ranges",
      cost: 300,
    },
    {
      rule: "self.name != 'gpus' || !has(self.scalar) || double(int(self.scalar)) == self.scalar",
      message: "gpus come as whole numbers",
      fieldPath: ".scalar",
    },
    {
      rule: "!has(self.disk) || self.name == 'disk'",
      message: "only a resource named disk has disk",
      fieldPath: ".disk",
    },
    {
      rule: "!has(self.disk) || !has(self.disk.persistence) || has(self.reservations)",
      message: "a persistent volume lies on reserved disk: give reservations",
      fieldPath: ".reservations",
    },
    {
      rule: "!has(self.shared) || !self.shared || (has(self.disk) && has(self.disk.persistence))",
      message: "only a persistent volume can be shared",
      fieldPath: ".shared",
    },
    {
      rule: "!has(self.revocable) || !self.revocable || !has(self.reservations)",
      message: "revocable resources cannot be reserved",
      fieldPath: ".revocable",
    },
  );
type WireForm = z.ZodType<ResourceSpec, ResourceSpec>;
/** Typed as the algebra's own wire form, so that what it returns can be written without a copy. */
export const resource = resourceOf(512) as unknown as WireForm;
export type Resource = ResourceSpec;

/** What a program writes: the ports of a busy node come in many pieces. */
export const resources = z.array(resource).max(64);
/** What a person or a framework writes: short enough for dear rules, or to stand in an Offer a thousand times. */
export const givenResource = resourceOf(32) as unknown as WireForm;
export const givenResources = z.array(givenResource).max(32);

/** What a quota counts: names and amounts, no identity. */
export const amount = rules(
  z.object({
    name: resourceName.describe("Name of the resource; ports counts ports."),
    scalar: z.number().min(0).max(1e12).optional().describe("An amount; mem and disk are in MiB."),
    quantity: quantity.optional().describe("An amount as a Kubernetes quantity."),
  }),
  {
    rule: "has(self.scalar) != has(self.quantity)",
    message: "exactly one of scalar and quantity must be given",
  },
);
export type Amount = z.output<typeof amount>;

const attributeSchema = rules(
  z.object({
    name: resourceName.describe("Name of the attribute."),
    text: z.string().max(253).optional().describe("Value of a text attribute."),
    scalar: z.number().optional().describe("Value of a scalar attribute."),
    ranges: rangesOf(32).optional().describe("Value of a ranges attribute."),
    set: names.optional().describe("Value of a set attribute."),
  }),
  {
    rule: "[has(self.text), has(self.scalar), has(self.ranges), has(self.set)].filter(x, x).size() == 1",
    message: "exactly one of text, scalar, ranges and set must be given",
  },
);
export const attribute = attributeSchema as unknown as z.ZodType<AttributeSpec, AttributeSpec>;
export type Attribute = AttributeSpec;
