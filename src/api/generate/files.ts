import { stringify } from "yaml";
import { GROUP } from "../group.ts";
import { KINDS } from "../kinds.ts";
import { customResourceDefinition } from "./crd.ts";
import { admissionPolicy } from "./policy.ts";
import { referencePage } from "./reference.ts";

const HEADER = "# Generated from src/api by `npm run generate`. Do not edit.\n";

/** Every generated file: path from the repository's root, and text. */
export function generatedFiles(): ReadonlyMap<string, string> {
  const files = new Map<string, string>();
  for (const kind of KINDS) {
    const [policy, binding] = admissionPolicy(kind) ?? [];
    const objects = { "": customResourceDefinition(kind), ".policy": policy, ".policybinding": binding };
    for (const [suffix, object] of Object.entries(objects)) {
      if (object === undefined) continue;
      const text = HEADER + stringify(object, { lineWidth: 0, aliasDuplicateObjects: false });
      // The chart has copies, as helm packs nothing from outside a chart.
      for (const folder of ["crds", "charts/mesos-operator/files/crds"]) {
        files.set(`${folder}/${GROUP}_${kind.plural}${suffix}.yaml`, text);
      }
    }
    files.set(`docs/reference/${kind.singular}.md`, referencePage(kind));
  }
  return files;
}
