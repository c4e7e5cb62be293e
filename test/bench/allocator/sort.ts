import { parseResources } from "../../../src/resources/index.ts";
import { Bench, timed, type Workload } from "./bench.ts";
import { agent, FRAGMENTS } from "./cluster.ts";

/** Heights and branching factors of trees with about 1000 roles (sorter_tests.cpp: BENCHMARK_HierarchyFullSort). */
const TREES = [
  [3, 32],
  [7, 3],
  [10, 2],
] as const;

export const sort: Workload = {
  name: "Sort",
  about:
    "agents of which 16 of 24 cpus are held, in turn, by as many roles as --frameworks says, then by trees of about 1000 roles; ms is " +
    "of the first sort of all, of one that has nothing to do, and of a change of every role (one round each)",
  run(size, report) {
    const flat = Array.from({ length: size.frameworks }, (_, i) => `${i}`);
    const shapes = [{ shape: "flat", roles: flat }, ...TREES.map(([height, width]) => tree(height, width))];
    let round = 0;
    for (const { shape, roles } of shapes) {
      const bench = new Bench(size.sorter);
      bench.roles = roles.length;
      const addMs = timed(() => {
        for (const role of roles) {
          bench.engine.upsertFramework({
            id: `f-${role}`,
            roles: [role],
            active: true,
            capabilities: new Set(),
          });
        }
        bench.engine.settle();
      });
      report({ round: round++, ms: addMs, offers: 0, more: { shape, phase: "clients added" } }, bench);
      const states = Array.from({ length: size.agents }, (_, i) => {
        const role = roles[i % roles.length] ?? "*";
        const resources = parseResources(`cpus:16;mem:2014;disk:1024;ports:[${FRAGMENTS}]`);
        return agent(i, resources, [{ framework: `f-${role}`, role, resources }]);
      });
      const fullMs = timed(() => {
        for (const state of states) bench.engine.upsertAgent(state);
        bench.engine.settle();
      });
      report({ round: round++, ms: fullMs, offers: 0, more: { shape, phase: "allocations added" } }, bench);
      for (const phase of ["full sort", "no-op sort"]) {
        const { ms, offers, more } = bench.round();
        report({ round: round++, ms, offers: offers.length, more: { ...more, shape, phase } }, bench);
      }
      const removeMs = timed(() => {
        for (const { name } of states) bench.engine.removeAgent(name);
        bench.engine.settle();
      });
      report({ round: round++, ms: removeMs, offers: 0, more: { shape, phase: "agents removed" } }, bench);
    }
  },
};

function tree(height: number, width: number): { shape: string; roles: string[] } {
  const roles: string[] = [];
  const build = (path: string, depth: number): void => {
    if (depth === 0) return;
    for (let i = 0; i < width; i++) {
      const child = path === "" ? `${i}` : `${path}/${i}`;
      build(child, depth - 1);
      roles.push(child);
    }
  };
  // The root is one of the levels.
  build("", height - 1);
  return { shape: `height ${height}, ${width} children`, roles };
}
