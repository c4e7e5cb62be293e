import { z } from "zod";
import { timestamp } from "./name.ts";
import { listMap } from "./rule.ts";

export const condition = z.object({
  type: z.string().min(1).max(316).describe("Type of the condition."),
  status: z.enum(["True", "False", "Unknown"]).describe("Whether it holds."),
  observedGeneration: z.int().min(0).optional().describe("The generation of spec that was judged."),
  lastTransitionTime: timestamp.describe("When status last changed."),
  reason: z
    .string()
    .min(1)
    .max(1024)
    .regex(/^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$/)
    .describe("One word for machines."),
  message: z.string().max(32768).describe("A sentence for people."),
});
export type Condition = z.output<typeof condition>;

export const conditions = listMap(z.array(condition).max(32), "type")
  .optional()
  .describe("What holds now, a condition a type.");

export const observedGeneration = z.int().min(0).optional().describe("The generation of spec last acted on.");
