import { Intake } from "../../../src/allocator/engine/intake.ts";
import type { RoleNode } from "../../../src/allocator/engine/roles.ts";
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
    "agents of which 16 cpus are held, in turn, by as many roles as --frameworks says, then by trees of about 1000 roles; ms is of adding the " +
    "roles, of adding what is held, of the first sort of all lists, of one that has nothing to do, and of one after every agent has gone",
  run(size, report) {
    const flat = Array.from({ length: size.frameworks }, (_, i) => `${i}`);
    const shapes = [{ shape: "flat", roles: flat }, ...TREES.map(([height, width]) => tree(height, width))];
    let round = 0;
    for (const { shape, roles } of shapes) {
      // Below the engine: a round sorts no list that no agent asks for.
      const intake = new Intake(undefined);
      const bench = new Bench(size.sorter);
      bench.roles = roles.length;
      const say = (phase: string, ms: number) =>
        report(
          {
            round: round++,
            ms,
            offers: 0,
            more: { shape, phase, agents: size.agents, frameworks: roles.length },
          },
          bench,
        );
      const clientsMs = timed(() => {
        for (const role of roles) {
          const state = { id: `f-${role}`, roles: [role], active: true, capabilities: new Set<never>() };
          intake.take({ type: "framework", state });
        }
      });
      say("clients added", clientsMs);
      const states = Array.from({ length: size.agents }, (_, i) => {
        const role = roles[i % roles.length] ?? "*";
        const resources = parseResources(`cpus:16;mem:2014;disk:1024;ports:[${FRAGMENTS}]`);
        return agent(i, resources, [{ framework: `f-${role}`, role, resources }]);
      });
      const heldMs = timed(() => {
        for (const state of states) intake.take({ type: "agent", state });
      });
      say("allocations added", heldMs);
      say(
        "full sort",
        timed(() => sortAll(intake)),
      );
      say(
        "no-op sort",
        timed(() => sortAll(intake)),
      );
      for (const { name } of states) intake.take({ type: "agentGone", name });
      say(
        "sort once all agents are gone",
        timed(() => sortAll(intake)),
      );
    }
  },
};

function sortAll({ books: { fairness, roles } }: Intake): void {
  const { nodes } = roles;
  fairness.settle();
  const descend = (node: RoleNode): void => {
    fairness.clientsOf(node);
    const { items, count } = fairness.contendersOf(node);
    for (const item of items.subarray(0, count)) {
      const child = (item & 1) === 1 ? undefined : nodes[item >>> 1];
      if (child !== undefined) descend(child);
    }
  };
  descend(roles.root);
}

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
