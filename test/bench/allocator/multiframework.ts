import { parseResources, type Resources } from "../../../src/resources/index.ts";
import { Bench, type Workload } from "./bench.ts";

interface Profile {
  readonly name: string;
  readonly role: string;
  readonly most: number;
  readonly task: Resources;
  readonly perOffer: number;
  launched: number;
}

const TIMEOUT_MS = 30_000;
/**
 * Rounds without a launch after which nothing will change: those who are done still have the smallest shares, and without filters
 * they are offered everything again and again, in Mesos too.
 */
const STUCK = 20;

/** Mesos's parameters: they do not follow the flags. */
const AGENTS = 80;

function profiles(): Profile[] {
  const make = (name: string, role: string, most: number, task: string, perOffer: number): Profile => ({
    name,
    role,
    most,
    task: parseResources(task),
    perOffer,
    launched: 0,
  });
  return [
    ...Array.from({ length: 4 }, (_, i) =>
      make(`Marathon-${i}`, `roleA-${i}`, 4000, "cpus:0.07;mem:400", 100),
    ),
    ...Array.from({ length: 500 }, (_, i) => make(`Jenkins-${i}`, "roleB", 5, "cpus:0.1;mem:4000", 1)),
    ...Array.from({ length: 50 }, (_, i) => make(`Spark-${i}`, `roleC-${i}`, 20, "cpus:1;mem:1000", 5)),
  ];
}

export const multiFrameworkAllocations: Workload = {
  name: "MultiFrameworkAllocations",
  about:
    "80 agents of 64 cpus and 488000 MiB; 4 frameworks of many small tasks, 500 of a few and 50 of larger jobs, in 55 roles, launch until " +
    "all is launched, nothing more is, or 30 s are over; what is left of an offer comes back without a filter (sizes are Mesos's, whatever the flags say)",
  run(size, report) {
    const bench = new Bench(size.sorter);
    const all = new Map(profiles().map((profile) => [profile.name, profile]));
    bench.roles = new Set([...all.values()].map(({ role }) => role)).size;
    for (const { name, role } of all.values()) {
      bench.engine.upsertFramework({ id: name, roles: [role], active: true, capabilities: new Set() });
    }
    for (let i = 0; i < AGENTS; i++) {
      const total = parseResources("cpus:64;mem:488000");
      bench.engine.upsertAgent({ name: `agent-${i}`, total, attributes: [], allocations: [] });
    }
    const target = [...all.values()].reduce((sum, { most }) => sum + most, 0);
    const end = performance.now() + TIMEOUT_MS;
    let launched = 0;
    let stuck = 0;
    for (let round = 0; launched < target && performance.now() < end; round++) {
      if (stuck === STUCK || round === size.rounds) break;
      const before = launched;
      const { offers, ms, more } = bench.round();
      const states = new Map([...bench.engine.agents()].map((state) => [state.name, state]));
      for (const offer of offers) {
        const profile = all.get(offer.framework);
        const state = states.get(offer.agent);
        if (profile === undefined || state === undefined) continue;
        const tasks = launch(profile, offer.resources);
        launched += tasks;
        // The state without the offer gives the rest back.
        const resources = times(profile.task, tasks);
        const { framework, role } = offer;
        const allocations = resources.isEmpty
          ? state.allocations
          : [...state.allocations, { framework, role, resources }];
        states.set(offer.agent, { ...state, allocations });
      }
      stuck = launched === before ? stuck + 1 : 0;
      report({ round, ms, offers: offers.length, more: { ...more, launched, target } }, bench);
      for (const { agent } of offers) {
        const state = states.get(agent);
        if (state !== undefined) bench.engine.upsertAgent(state);
      }
    }
  },
};

function launch(profile: Profile, offered: Resources): number {
  let rest = offered;
  let tasks = 0;
  while (tasks < profile.perOffer && profile.launched < profile.most && rest.contains(profile.task)) {
    rest = rest.subtract(profile.task);
    profile.launched++;
    tasks++;
  }
  return tasks;
}

function times(task: Resources, count: number): Resources {
  let sum = task.filter(() => false);
  for (let i = 0; i < count; i++) sum = sum.add(task);
  return sum;
}
