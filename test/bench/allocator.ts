/**
 * Time of one allocation, one JSON line a round: `node test/bench/allocator.ts --agents 1000 --frameworks 50 --rounds 20`.
 * As Mesos's DeclineOffers benchmark (hierarchical_allocator_tests.cpp): agents of 24 cpus, 4096 MiB of mem and disk and 1001 ports,
 * of which 16 cpus, 2014 MiB, 1024 MiB and 16 ranges of ports are in use; one role; every offer is declined for good.
 */
import { parseArgs } from "node:util";
import {
  type AgentState,
  allocate,
  OfferCounts,
  OfferFilters,
  parseMinAllocatable,
} from "../../src/allocator/index.ts";
import { parseResources, Resources } from "../../src/resources/index.ts";

const { values } = parseArgs({
  options: {
    agents: { type: "string", default: "1000" },
    frameworks: { type: "string", default: "50" },
    rounds: { type: "string", default: "20" },
  },
});
const [agentCount, frameworkCount, rounds] = [values.agents, values.frameworks, values.rounds].map(Number);

const total = "cpus:24;mem:4096;disk:4096;ports:[31000-32000]";
const ranges = Array.from({ length: 16 }, (_, i) => `${31000 + i * 60}-${31000 + i * 60 + 9}`).join(",");
const used = parseResources(`cpus:16;mem:2014;disk:1024;ports:[${ranges}]`);
const agents: AgentState[] = Array.from({ length: agentCount ?? 0 }, (_, i) => ({
  name: `agent-${i}`,
  total: parseResources(total),
  attributes: [],
  allocations: [{ framework: `framework-${i % (frameworkCount ?? 1)}`, role: "*", resources: used }],
}));
const refusals = new OfferFilters();
const counts = new OfferCounts();
const minAllocatable = parseMinAllocatable("cpus:0.01|mem:32");
const DAY = 24 * 3600 * 1000;

for (let round = 0; round < (rounds ?? 0); round++) {
  const frameworks = Array.from({ length: frameworkCount ?? 0 }, (_, i) => {
    const id = `framework-${i}`;
    return { id, roles: ["*"], active: true, capabilities: new Set<never>(), offersMade: counts.of(id) };
  });
  const world = { agents, frameworks, roles: [], quotas: [], refusals };
  const maxOffersPerFramework = Number.POSITIVE_INFINITY;
  const options = {
    now: round,
    random: Math.random,
    sorter: "drf" as const,
    minAllocatable,
    maxOffersPerFramework,
  };
  const start = performance.now();
  const { offers } = allocate(world, options);
  const ms = performance.now() - start;
  counts.record(offers);
  for (const { framework, role, agent, resources } of offers) {
    // Built anew, as what comes back from the API server is.
    refusals.add(framework, role, agent, Resources.of(resources), round, 365 * DAY);
  }
  const rssMiB = Math.round(process.memoryUsage().rss / 2 ** 20);
  const line = {
    bench: "DeclineOffers",
    agents: agentCount,
    frameworks: frameworkCount,
    round,
    offers: offers.length,
  };
  console.log(JSON.stringify({ ...line, ms: Math.round(ms * 10) / 10, filtered: refusals.size, rssMiB }));
}
