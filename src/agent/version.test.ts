import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { AGENT_VERSION } from "./version.ts";

test("the agent says the package's version", () => {
  const text = readFileSync(join(import.meta.dirname, "../../package.json"), "utf8");
  expect(AGENT_VERSION).toBe(JSON.parse(text).version);
});
