import { mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { generatedFiles } from "./files.ts";

// `npm run generate`: writes crds/ and the reference pages from the schemas.
const root = fileURLToPath(new URL("../../../", import.meta.url));
for (const [path, text] of generatedFiles()) {
  mkdirSync(new URL(".", `file://${root}${path}`), { recursive: true });
  writeFileSync(`${root}${path}`, text);
  console.log(path);
}
