import { z } from "zod";
import { type Rule, rules, worded } from "./rule.ts";

const longest = () => z.string().min(1).max(1024);

/** Keeps a path in the folder that it starts from. */
const climbs: Rule = {
  rule: "!('/' + self + '/').contains('/../')",
  message: "must not contain ..",
  cost: 1300,
};

/** An absolute path. */
export const absolutePath = confined(worded(longest(), /^\//, "must be an absolute path"));

/** A path below a folder that is given elsewhere, such as the sandbox. */
export const relativePath = confined(worded(longest(), /^[^/]/, "must be a relative path"));

/** A path in a container: absolute, or relative to the sandbox. */
export const containerPath = confined(longest());

function confined(path: z.ZodString): z.ZodString {
  const made = path.refine((text) => !text.split("/").includes(".."), climbs.message);
  return rules(made, climbs);
}
