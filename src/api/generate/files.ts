import { stringify } from "yaml";
import { GROUP } from "../group.ts";
import { KINDS } from "../kinds.ts";
import { customResourceDefinition } from "./crd.ts";
import { referencePage } from "./reference.ts";

const HEADER = "# Generated from src/api by `npm run generate`. Do not edit.\n";

/** Every generated file: path from the repository's root, and text. */
export function generatedFiles(): ReadonlyMap<string, string> {
  const files = new Map<string, string>();
  for (const kind of KINDS) {
    const crd = customResourceDefinition(kind);
    files.set(
      `crds/${GROUP}_${kind.plural}.yaml`,
      HEADER + stringify(crd, { lineWidth: 0, aliasDuplicateObjects: false }),
    );
    files.set(`docs/reference/${kind.singular}.md`, referencePage(kind, crd));
  }
  return files;
}
