import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { KINDS } from "../kinds.ts";
import { customResourceDefinition } from "./crd.ts";
import { generatedFiles } from "./files.ts";
import { type JsonSchema, structural } from "./structural.ts";

const root = join(import.meta.dirname, "../../..");
/** `kubectl apply` keeps a copy in an annotation, which may have 262144 bytes. */
const LAST_APPLIED_LIMIT = 262_144;

function* fields(schema: JsonSchema, path: string): Generator<[string, JsonSchema]> {
  const properties = (schema.properties ?? {}) as Record<string, JsonSchema>;
  for (const [name, child] of Object.entries(properties)) {
    yield [`${path}.${name}`, child];
    yield* fields(child, `${path}.${name}`);
  }
  for (const inner of [schema.items, schema.additionalProperties]) {
    if (inner !== undefined) yield* fields(inner as JsonSchema, `${path}[]`);
  }
}

describe("generated files", () => {
  const files = generatedFiles();

  test.each([...files.keys()])("%s is what `npm run generate` writes", (path) => {
    expect(readFileSync(join(root, path), "utf8")).toBe(files.get(path));
  });

  test.each(["crds", "docs/reference", "charts/mesos-operator/files/crds"])(
    "%s holds nothing else",
    (dir) => {
      const made = [...files.keys()].filter((path) => path.startsWith(`${dir}/`));
      expect(readdirSync(join(root, dir)).map((name) => `${dir}/${name}`)).toEqual(made.sort());
    },
  );

  test.each([...files].filter(([path]) => path.startsWith("crds/")))(
    "%s can be applied by `kubectl apply`",
    (_path, text) => {
      expect(JSON.stringify(parse(text)).length).toBeLessThan(LAST_APPLIED_LIMIT * 0.9);
    },
  );
});

describe.each(KINDS.map((kind) => [kind.kind, kind] as const))("%s", (_name, kind) => {
  const definition = customResourceDefinition(kind) as {
    spec: { versions: { schema: { openAPIV3Schema: JsonSchema } }[] };
  };
  const schema = definition.spec.versions[0]?.schema.openAPIV3Schema ?? {};

  test("says in words what each field is", () => {
    const all = [...fields(schema, kind.singular)];
    expect(all.length).toBeGreaterThan(20);
    const bare = all
      .filter(
        ([path, field]) =>
          path !== `${kind.singular}.metadata` && !/\w{3}.*[.…]$/.test(String(field.description ?? "")),
      )
      .map(([path]) => path);
    expect(bare).toEqual([]);
  });

  test("judges spec by CEL, and leaves status to the programs that write it", () => {
    const status = structural(kind.status, { rules: false });
    const judged = [...fields(status, "status")].filter(([, field]) => "x-kubernetes-validations" in field);
    expect(judged).toEqual([]);
  });

  test("leaves no mark of the generator in the definition", () => {
    expect(JSON.stringify(definition)).not.toMatch(/x-sentence|"cost"/);
  });
});
