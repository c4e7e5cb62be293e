/**
 * How cost grows: fits ms = c · agents^a · frameworks^f by least squares of logarithms to the medians of bench:allocator's lines
 * on stdin. `cat lines.jsonl | node test/bench/allocator-fit.ts --field cpuMs --skip 3`.
 */
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";

const { values } = parseArgs({
  options: {
    /** The field that is fitted: cpuMs is steadier than ms on a machine that others use too. */
    field: { type: "string", default: "ms" },
    /** First rounds of each size that are left out: the compiler is at work in them. */
    skip: { type: "string", default: "3" },
  },
});

const samples = new Map<string, { agents: number; frameworks: number; times: number[] }>();
for await (const text of createInterface({ input: process.stdin })) {
  if (!text.startsWith("{")) continue;
  const line = JSON.parse(text) as Record<string, number>;
  const { agents = 0, frameworks = 0, round = 0 } = line;
  const time = line[values.field];
  if (round < Number(values.skip) || time === undefined) continue;
  const key = `${agents} ${frameworks}`;
  const sample = samples.get(key) ?? { agents, frameworks, times: [] };
  samples.set(key, sample);
  sample.times.push(time);
}

const points = [...samples.values()].map(({ agents, frameworks, times }) => {
  times.sort((a, b) => a - b);
  return { agents, frameworks, median: times[times.length >> 1] ?? 0, rounds: times.length };
});
for (const point of points) console.log(JSON.stringify(point));
const [constant, byAgents, byFrameworks] = leastSquares(
  points.map(({ agents, frameworks, median }) => [
    [1, Math.log(agents), Math.log(frameworks)],
    Math.log(median),
  ]),
);
const factor = Math.exp(constant ?? 0);
console.log(JSON.stringify({ field: values.field, factor, agents: byAgents, frameworks: byFrameworks }));

/** Least squares by the normal equations, solved by elimination. */
function leastSquares(rows: readonly (readonly [readonly number[], number])[]): number[] {
  const size = rows[0]?.[0].length ?? 0;
  const matrix = Array.from({ length: size }, (_, i) => [
    ...Array.from({ length: size }, (_, j) => sum(rows, ([x]) => (x[i] ?? 0) * (x[j] ?? 0))),
    sum(rows, ([x, y]) => (x[i] ?? 0) * y),
  ]);
  for (let i = 0; i < size; i++) {
    const pivot = matrix[i];
    if (pivot === undefined) continue;
    for (const other of matrix) {
      if (other === pivot) continue;
      const factor = (other[i] ?? 0) / (pivot[i] ?? 1);
      for (let j = 0; j <= size; j++) other[j] = (other[j] ?? 0) - factor * (pivot[j] ?? 0);
    }
  }
  return matrix.map((row, i) => (row[size] ?? 0) / (row[i] ?? 1));
}

function sum<T>(list: readonly T[], of: (item: T) => number): number {
  return list.reduce((total, item) => total + of(item), 0);
}
