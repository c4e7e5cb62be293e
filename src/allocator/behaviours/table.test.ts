// biome-ignore-all lint/style/noRestrictedImports: reads docs and tests, no part of the allocator
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

const root = join(import.meta.dirname, "../../..");
const text = readFileSync(join(root, "docs/allocator-behaviours.md"), "utf8");

interface Row {
  readonly name: string;
  readonly ours: string;
  readonly tests: readonly { readonly file: string; readonly title: string }[];
}

/** By the file of Mesos's that a section is about. */
const sections = new Map(
  text
    .split(/^## /m)
    .slice(1)
    .map(
      (section) =>
        [/src\/tests\/(\w+)\.cpp/.exec(section)?.[1], section.split("\n").flatMap(readRow)] as const,
    ),
);

function readRow(line: string): Row[] {
  const [, name, , ours, tested] = line.split("|").map((cell) => cell.trim());
  if (name === undefined || ours === undefined || tested === undefined) return [];
  if (name === "Mesos test" || name.startsWith("---")) return [];
  const tests = tested === "—" ? [] : tested.split("<br>").map(readTest);
  return [{ name, ours, tests }];
}

function readTest(cell: string): Row["tests"][number] {
  const [, file, title] = /^`([^`]+)`: (.+)$/.exec(cell) ?? [];
  if (file === undefined || title === undefined) throw new Error(`not of the form \`file\`: test: ${cell}`);
  return { file, title };
}

const rows = [...sections.values()].flat();

describe("the table of behaviours", () => {
  it.each([
    ["hierarchical_allocator_tests", 90],
    ["sorter_tests", 34],
    ["master_quota_tests", 31],
  ])("has a row for each of the tests of %s", (section, count) => {
    expect(sections.get(section)).toHaveLength(count);
  });

  it("says of each how ours is, and why where it is not tested", () => {
    const odd = rows.filter(
      ({ ours, tests }) =>
        !/^(same|better|different|left out)\b/.test(ours) ||
        (tests.length === 0 && !/^left out\b/.test(ours)),
    );
    expect(odd).toEqual([]);
  });

  it("names tests that exist", () => {
    const missing = rows.flatMap(({ name, tests }) =>
      tests
        .filter(({ file, title }) => {
          const path = join(root, file);
          if (!existsSync(path)) return true;
          // A manifest is a test of test/integration/manifests by being there.
          if (title.endsWith(".yaml")) return !existsSync(join(root, title));
          return !readFileSync(path, "utf8").includes(`"${title}"`);
        })
        .map((test) => ({ name, ...test })),
    );
    expect(missing).toEqual([]);
  });
});
