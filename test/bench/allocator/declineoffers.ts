import { Bench, type Workload } from "./bench.ts";
import { agent, FRAGMENTS, fill, frameworkName } from "./cluster.ts";

const FOR_GOOD = 365 * 24 * 3_600_000;
const ROUNDS = 20;

export const declineOffers: Workload = {
  name: "DeclineOffers",
  about:
    "agents of 24 cpus, 4096 MiB of mem and disk and 1001 ports, of which 16 cpus, 2014 MiB, 1024 MiB and 16 ranges of ports are " +
    "in use, one role; every offer is declined for good. Mesos: 2 x frameworks rounds, from cold; --seeded: half of all pairs of " +
    "framework and agent are declined before the first round; --storm: at the end all frameworks revive at once",
  run(size, report) {
    const bench = new Bench(size.sorter);
    fill(bench, size.agents, size.frameworks, "*", (i) => [
      agent(i, "cpus:24;mem:4096;disk:4096;ports:[31000-32000]"),
      `cpus:16;mem:2014;disk:1024;ports:[${FRAGMENTS}]`,
    ]);
    bench.engine.settle();
    if (size.seeded) declineHalf(bench, size.agents, size.frameworks);
    const rounds = size.rounds ?? ROUNDS;
    for (let round = 0; round < rounds; round++) {
      const { offers, ms, more } = bench.round();
      report({ round, ms, offers: offers.length, more }, bench);
      bench.giveBack(offers, FOR_GOOD);
    }
    if (!size.storm) return;
    // The worst that frameworks can do at once: 50,000 answers to be taken in, and every filter cleared.
    for (let f = 0; f < size.frameworks; f++) bench.engine.revive(frameworkName(f));
    const { offers, ms, more } = bench.loadedRound();
    report({ round: rounds, ms, offers: offers.length, more: { ...more, event: "all revive" } }, bench);
  },
};

/** Half of the frameworks, other ones for each agent, refuse all that is free of it. */
function declineHalf(bench: Bench, agents: number, frameworks: number): void {
  const states = [...bench.engine.agents()];
  for (let i = 0; i < agents; i++) {
    const state = states[i];
    const [allocation] = state?.allocations ?? [];
    if (state === undefined || allocation === undefined) continue;
    const resources = state.total.subtract(allocation.resources);
    for (let f = 0; f < frameworks; f++) {
      if (Math.random() < 0.5) continue;
      const refusal = { framework: frameworkName(f), role: "*", agent: state.name, resources };
      bench.engine.refuse({ ...refusal, now: bench.now, time: FOR_GOOD });
    }
    // As they come in, not all at once: told events take memory until they are taken in.
    bench.engine.settle();
  }
}
