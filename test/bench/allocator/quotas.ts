import type { QuotaState } from "../../../src/allocator/index.ts";
import { Limits, Quantities } from "../../../src/resources/index.ts";
import { Bench, type Measurement, type Size, type Workload } from "./bench.ts";
import { agent } from "./cluster.ts";

/** As createQuota of Mesos's tests: guarantees and limits are the same. */
function quota(role: string, cpus: number, mib: number): QuotaState {
  const amounts = { cpus, mem: mib, disk: mib };
  return { role, guarantees: Quantities.fromRecord(amounts), limits: Limits.fromRecord(amounts) };
}

function addFramework(bench: Bench, id: string, role: string): void {
  bench.engine.upsertFramework({ id, roles: [role], active: true, capabilities: new Set() });
}

function addAgents(bench: Bench, count: number): void {
  for (let i = 0; i < count; i++) bench.engine.upsertAgent(agent(i, "cpus:2;mem:2048;disk:2048"));
}

type Report = (measurement: Measurement, bench: Bench) => void;

function twoRounds(bench: Bench, report: Report, first: number, more: Record<string, string>): void {
  for (let round = first; round < first + 2; round++) {
    const { offers, ms, more: times } = bench.round();
    report({ round, ms, offers: offers.length, more: { ...times, ...more } }, bench);
  }
}

/** Of Mesos's 3000 agents 2500 roles have a small quota and 500 a large one; the flag --agents scales that. */
export const largeAndSmallQuota: Workload = {
  name: "LargeAndSmallQuota",
  about:
    "roles with a quota of half an agent, and a fifth as many with one of two agents, one framework each; agents of 2 cpus and 2048 MiB; one " +
    "round offers everything, the next must offer nothing (--frameworks is ignored: Mesos has one a role)",
  run({ agents, sorter }: Size, report) {
    const bench = new Bench(sorter);
    const small = Math.max(1, Math.round((2500 * agents) / 3000));
    const large = Math.max(1, Math.round((500 * agents) / 3000));
    bench.roles = small + large;
    for (let i = 0; i < small; i++) addFramework(bench, `framework_small_${i}`, `smallQuotaRole${i}`);
    for (let i = 0; i < large; i++) addFramework(bench, `framework_large_${i}`, `largeQuotaRole${i}`);
    addAgents(bench, agents);
    bench.engine.setQuotas([
      ...Array.from({ length: small }, (_, i) => quota(`smallQuotaRole${i}`, 1, 1024)),
      ...Array.from({ length: large }, (_, i) => quota(`largeQuotaRole${i}`, 4, 4096)),
    ]);
    twoRounds(bench, report, 0, {});
  },
};

export const nonQuotaVsQuota: Workload = {
  name: "NonQuotaVsQuota",
  about:
    "half as many roles as agents, two frameworks each; the same allocations without quotas (rounds 0 and 1) and with a quota of two agents " +
    "for every role (rounds 2 and 3); agents of 2 cpus and 2048 MiB (--frameworks is ignored: Mesos has two a role)",
  run({ agents, sorter }: Size, report) {
    const roles = Math.max(1, Math.floor(agents / 2));
    for (const withQuota of [false, true]) {
      const bench = new Bench(sorter);
      bench.roles = roles;
      for (let i = 0; i < roles; i++) {
        for (let f = 0; f < 2; f++) addFramework(bench, `framework_${i}_${f}`, `role${i}`);
      }
      addAgents(bench, 2 * roles);
      if (withQuota)
        bench.engine.setQuotas(Array.from({ length: roles }, (_, i) => quota(`role${i}`, 4, 4096)));
      twoRounds(bench, report, withQuota ? 2 : 0, { quota: withQuota ? "yes" : "no" });
    }
  },
};
