import { z } from "zod";
import { rules } from "./rule.ts";

const ABOUT_AGENTS = [
  "Exists",
  "NotExists",
  "TextEquals",
  "TextNotEquals",
  "TextMatches",
  "TextNotMatches",
] as const;
const ABOUT_PEERS = ["Unique", "MaxPer", "Balanced", "Cluster"] as const;
const quoted = (words: readonly string[]) => words.map((word) => `'${word}'`).join(", ");

/**
 * What a task without an offer asks of its agent: an offer constraint (Mesos 1.11's AttributeConstraint), or one on where its peers run,
 * as Marathon (UNIQUE, MAX_PER, GROUP_BY, CLUSTER) and Fenzo (unique, balanced, exclusive host) have them.
 */
export const placementConstraint = rules(
  z.object({
    attribute: z.string().min(1).max(63).describe("Name of an attribute, or HOSTNAME, REGION or ZONE."),
    operator: z
      .enum([...ABOUT_AGENTS, ...ABOUT_PEERS, "Exclusive"])
      .describe(
        "Of the agent: Exists to TextNotMatches, as in Framework.spec.offerConstraints. Of the task's peers: Unique, no two on one value of the attribute; MaxPer, at most `value` on one; Balanced, as many on each value, give or take one (`value`: how many values to expect at least); Cluster, all on one value. Exclusive, with HOSTNAME: nothing else on the agent while the task is there. For the operators of peers and Exclusive an agent without the attribute does not do.",
      ),
    value: z
      .string()
      .max(512)
      .optional()
      .describe("Text, a regular expression for the whole text, or the number of MaxPer and Balanced."),
    peers: z
      .string()
      .min(1)
      .max(63)
      .optional()
      .describe(
        "Key of a label of the task. Its peers are the tasks without a framework of the same namespace and role whose label has the same value, that have an agent and have not ended; absent: all such tasks of the namespace and role.",
      ),
    soft: z
      .boolean()
      .optional()
      .describe("Prefer agents that meet it, and take others too; several are weighed together."),
  }),
  {
    rule: "self.operator in ['Exists', 'NotExists', 'Unique', 'Cluster', 'Exclusive'] ? !has(self.value) : (self.operator == 'Balanced' || has(self.value))",
    message:
      "Exists, NotExists, Unique, Cluster and Exclusive take no value, Balanced may have one, the others need one",
    fieldPath: ".value",
  },
  {
    // An expression that is malformed makes the evaluation fail, which the API server tells with the reason.
    rule: "!(self.operator in ['TextMatches', 'TextNotMatches']) || !has(self.value) || ''.matches(self.value) in [true, false]",
    inSchema: true,
    message: "value must be a regular expression as RE2 has them",
    fieldPath: ".value",
  },
  {
    rule: "!(self.operator in ['MaxPer', 'Balanced']) || !has(self.value) || self.value.matches('^[1-9][0-9]{0,4}$')",
    message: "value must be a number from 1 to 99999",
    fieldPath: ".value",
  },
  {
    rule: `!has(self.peers) || self.operator in [${quoted(ABOUT_PEERS)}]`,
    message: "only Unique, MaxPer, Balanced and Cluster are about peers",
    fieldPath: ".peers",
  },
  {
    rule: "self.operator != 'Exclusive' || self.attribute == 'HOSTNAME'",
    message: "Exclusive is about the agent as a whole: its attribute is HOSTNAME",
    fieldPath: ".attribute",
  },
);
export type PlacementConstraint = z.output<typeof placementConstraint>;
