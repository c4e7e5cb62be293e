import { describe, expect, test } from "vitest";
import { KINDS } from "../../../src/api/kinds.ts";
import { must } from "./kubectl.ts";

type Schema = { [key: string]: unknown };

/** Each field with a description as the API server publishes it, which is what `kubectl explain` shows. */
function* fields(schema: Schema, path: string): Generator<[string, string]> {
  for (const [name, child] of Object.entries((schema.properties ?? {}) as Record<string, Schema>)) {
    if (path === "" && name === "metadata") continue;
    yield [`${path}.${name}`, String(child.description ?? "")];
    yield* fields(child, `${path}.${name}`);
  }
  for (const inner of [schema.items, schema.additionalProperties]) {
    if (typeof inner === "object" && inner !== null) yield* fields(inner as Schema, `${path}[]`);
  }
}

describe.each(KINDS.map((kind) => [kind.kind, kind] as const))("%s", (name, kind) => {
  test("is explained, field by field", async () => {
    const text = await must(["get", "--raw", "/openapi/v3/apis/mesos.dev/v1alpha1"]);
    const { components } = JSON.parse(text) as { components: { schemas: Record<string, Schema> } };
    const all = [...fields(components.schemas[`dev.mesos.v1alpha1.${name}`] ?? {}, "")];
    expect(all.length).toBeGreaterThan(20);
    expect(all.filter(([, description]) => description === "").map(([path]) => path)).toEqual([]);
  });

  test.each(kind.shortNames)("is found as %s and in the category mesos", async (short) => {
    const list = await must(["api-resources", "--api-group=mesos.dev", "-o", "wide", "--no-headers"]);
    const line = list.split("\n").find((row) => row.split(/\s+/)[1]?.split(",").includes(short)) ?? "";
    expect(line).toContain(` ${name} `);
    expect(line).toMatch(/\bmesos\s*$/);
  });
});

test("kubectl explain reaches the deepest fields", async () => {
  const text = await must([
    "explain",
    "offers.mesos.dev.spec.response.accept.operations.launch.tasks.resources.ranges.begin",
  ]);
  expect(text).toContain("First value of the range.");
  expect(text).toContain("begin <integer>");
});

test("short names leave Kubernetes' own alone", async () => {
  const list = await must(["api-resources", "--no-headers"]);
  const names = list.split("\n").flatMap((row) => {
    const [plural, short] = row.split(/\s{2,}/);
    return [plural ?? "", ...(row.includes("mesos.dev/") ? (short?.split(",") ?? []) : [])];
  });
  for (const kind of KINDS) {
    for (const short of kind.shortNames) expect(names.filter((name) => name === short)).toHaveLength(1);
  }
});
