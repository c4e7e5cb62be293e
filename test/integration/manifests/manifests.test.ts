import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parseAllDocuments } from "yaml";
import { KINDS } from "../../../src/api/kinds.ts";
import { escaped, kubectl } from "./kubectl.ts";

const root = join(import.meta.dirname, "../../..");
const filesIn = (folder: string) =>
  readdirSync(join(root, folder))
    .filter((file) => file.endsWith(".yaml"))
    .map((file) => `${folder}/${file}`);
const kindsIn = (files: readonly string[]) =>
  files.flatMap((file) =>
    parseAllDocuments(readFileSync(join(root, file), "utf8")).map((document) => String(document.get("kind"))),
  );

const good = [...filesIn("test/manifests/good"), ...filesIn("examples/manifests")];
const bad = filesIn("test/manifests/bad");

describe("manifests that are good", () => {
  test.concurrent.each(good)("%s is taken", async (file) => {
    const { ok, stderr } = await kubectl(["create", "--dry-run=server", "-f", join(root, file)]);
    expect({ ok, stderr }).toEqual({ ok: true, stderr: "" });
  });

  test("show each kind", () => {
    expect(new Set(kindsIn(good))).toEqual(new Set(KINDS.map(({ kind }) => kind)));
  });
});

/** Each file begins with what kubectl has to say: `# expect: <field>: <words of the sentence>`. */
function expected(file: string): { field: string; words: string } {
  const [, field, words] =
    /^# expect: ([^\n]+?): ([^\n]+)\n/.exec(readFileSync(join(root, file), "utf8")) ?? [];
  if (field === undefined || words === undefined) throw new Error(`${file} does not say what to expect`);
  return { field, words };
}

describe("manifests that are bad", () => {
  test.concurrent.each(bad)("%s is refused with the field and the rule", async (file) => {
    const { field, words } = expected(file);
    const { ok, stderr } = await kubectl(["create", "--dry-run=server", "-f", join(root, file)]);
    expect(ok).toBe(false);
    const sentence = stderr.split("\n").find((line) => line.includes(words)) ?? stderr;
    expect(sentence).toContain(words);
    expect(sentence).toMatch(new RegExp(`["\\s]${escaped(field)}["\\s:,]`));
  });

  test("are many, of each kind", () => {
    expect(bad.length).toBeGreaterThanOrEqual(60);
    expect(new Set(kindsIn(bad))).toEqual(new Set(KINDS.map(({ kind }) => kind)));
  });
});
