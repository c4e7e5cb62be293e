import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { chartSchema } from "./chart.ts";

test("values.schema.json is what `npm run generate` writes", () => {
  const path = new URL("../../charts/mesos-operator/values.schema.json", import.meta.url);
  expect(readFileSync(path, "utf8")).toBe(`${JSON.stringify(chartSchema(), null, 2)}\n`);
});
