import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Report, summarize } from "./summary.ts";

// Adds up the reports that hack/test left in a folder; prints the closing line.
const folder = process.argv[2];
if (folder === undefined) throw new Error("tally.ts needs the folder of the reports");
const reports = readdirSync(folder)
  .filter((name) => name.endsWith(".json"))
  .map((name) => JSON.parse(readFileSync(join(folder, name), "utf8")) as Report);
const { failures, line, ok } = summarize(reports);
for (const failure of failures) console.log(`FAILED ${failure}`);
console.log(line);
process.exitCode = ok ? 0 : 1;
