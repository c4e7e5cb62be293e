import { setTimeout as delay } from "node:timers/promises";
import { parseArgs } from "node:util";
import { table } from "../../src/cli/table.ts";
import { frameworks, roles, tasks } from "../../src/client/handles.ts";
import { Connection } from "../../src/cluster/connection.ts";
import { converged, countStates, type ShareRow, shares } from "./shares.ts";

// Shows live how two frameworks share the cluster; ends when the shares follow the weights.
const { values } = parseArgs({
  options: {
    namespace: { type: "string", default: "demo" },
    seconds: { type: "string", default: "180" },
    tolerance: { type: "string", default: "0.06" },
    /** So many looks in a row must agree. */
    steady: { type: "string", default: "4" },
  },
});

const connection = await Connection.load({ userAgent: "mesos-operator-demo" });
const selection = { namespace: values.namespace };
const deadline = Date.now() + Number(values.seconds) * 1000;
const percent = (part: number): string => `${(part * 100).toFixed(1)}%`;

function show(rows: readonly ShareRow[], states: string): void {
  const weight = rows.reduce((sum, row) => sum + row.weight, 0);
  const cells = rows.map((row) => [
    row.framework,
    String(row.weight),
    percent(row.weight / weight),
    percent(row.part),
    `${(row.cpusMilli / 1000).toFixed(1)} cpus`,
    `${row.tasks} tasks`,
    "#".repeat(Math.round(row.part * 40)),
  ]);
  const header = ["FRAMEWORK", "WEIGHT", "FAIR", "HAS", "", "", ""];
  process.stdout.write(`\n${new Date().toISOString().slice(11, 19)}  ${states}\n${table(header, cells)}`);
}

let steady = 0;
while (steady < Number(values.steady)) {
  if (Date.now() > deadline) {
    process.stderr.write(
      `The shares did not settle within ${values.seconds} s: look at 'kubectl get frameworks,tasks -n ${values.namespace}'.\n`,
    );
    process.exitCode = 1;
    break;
  }
  const [apps, weights, going] = await Promise.all([
    frameworks(connection).list(selection),
    roles(connection).list(),
    tasks(connection).list(selection),
  ]);
  const rows = shares(apps.items, weights.items, going.items);
  const states = [...countStates(going.items)]
    .map(([state, count]) => `${state.slice(5)} ${count}`)
    .join("  ");
  show(rows, states);
  steady = converged(rows, Number(values.tolerance)) ? steady + 1 : 0;
  await delay(3_000);
}
connection.close();
