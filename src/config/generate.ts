import { writeFileSync } from "node:fs";
import { chartSchema } from "./chart.ts";

// A part of `npm run generate`: writes the schema of the chart's values.
const path = "charts/mesos-operator/values.schema.json";
writeFileSync(new URL(`../../${path}`, import.meta.url), `${JSON.stringify(chartSchema(), null, 2)}\n`);
console.log(path);
