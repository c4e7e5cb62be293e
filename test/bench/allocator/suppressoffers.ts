import { Bench, type Workload } from "./bench.ts";
import { agent, FRAGMENTS, fill, frameworkName } from "./cluster.ts";

const ROUNDS = 5;

export const suppressOffers: Workload = {
  name: "SuppressOffers",
  about:
    "agents as in DeclineOffers with 1024 MiB in use; 5 rounds, a fifth of the frameworks more suppresses its role before each; offers " +
    "are given back without a filter",
  run(size, report) {
    const bench = new Bench(size.sorter);
    fill(bench, size.agents, size.frameworks, "*", (i) => [
      agent(i, "cpus:24;mem:4096;disk:4096;ports:[31000-32000]"),
      `cpus:16;mem:1024;disk:1024;ports:[${FRAGMENTS}]`,
    ]);
    bench.engine.settle();
    let suppressed = 0;
    for (let round = 0; round < (size.rounds ?? ROUNDS); round++) {
      for (let i = Math.floor(size.frameworks / ROUNDS); i > 0 && suppressed < size.frameworks; i--) {
        bench.engine.suppress(frameworkName(suppressed++));
      }
      const { offers, ms, more } = bench.round();
      report({ round, ms, offers: offers.length, more: { ...more, suppressed } }, bench);
      bench.giveBack(offers);
    }
  },
};
