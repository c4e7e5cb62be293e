import { fromSpec, parseResources, type Resources } from "../../../src/resources/index.ts";
import { Bench, type Workload } from "./bench.ts";
import { agent, FRAGMENTS, frameworkName, used } from "./cluster.ts";

const FOR_GOOD = 365 * 24 * 3_600_000;

/** Eleven labels that all have, and one that nobody else has. */
function labelled(unique: string, i: number): Resources {
  const labels = Object.fromEntries(Array.from({ length: 11 }, (_, n) => [`key${n}`, `value${n}`]));
  labels[unique] = `value_${i}`;
  const reservation = { type: "DYNAMIC" as const, role: "role1", principal: "principal1", labels };
  return fromSpec([{ name: "cpus", scalar: 8, reservations: [reservation] }]);
}

export const resourceLabels: Workload = {
  name: "ResourceLabels",
  about:
    "as DeclineOffers, in the role role1; of the 16 cpus in use two times 8 are reserved with 12 labels, other ones on each agent",
  run(size, report) {
    const bench = new Bench(size.sorter);
    for (let f = 0; f < size.frameworks; f++) {
      bench.engine.upsertFramework({
        id: frameworkName(f),
        roles: ["role1"],
        active: true,
        capabilities: new Set(),
      });
    }
    for (let i = 0; i < size.agents; i++) {
      const reserved = labelled("unique_key_1", i).add(labelled("unique_key_2", i));
      // Mesos's agents do not have these reservations in their total; ours do, as what is held must be there.
      const total = parseResources("cpus:8;mem:4096;disk:4096;ports:[31000-32000]").add(reserved);
      const held = parseResources(`mem:2014;disk:1024;ports:[${FRAGMENTS}]`).add(reserved);
      bench.engine.upsertAgent(agent(i, total, [used(i % size.frameworks, "role1", held)]));
    }
    for (let round = 0; round < (size.rounds ?? 20); round++) {
      const { offers, ms, more } = bench.round();
      report({ round, ms, offers: offers.length, more }, bench);
      bench.giveBack(offers, FOR_GOOD);
    }
  },
};

const SHAREDNESS = ["Regular", "Shared", "Mixed"] as const;
const ROUNDS = 6;

export const persistentVolumes: Workload = {
  name: "PersistentVolumes",
  about:
    "all of each agent is reserved to the role of all frameworks, with a persistent volume of 1024 MiB; 6 rounds for volumes of one " +
    "owner, shared ones, and half of each; offers are given back without a filter",
  run(size, report) {
    SHAREDNESS.forEach((sharedness, run) => {
      const bench = new Bench(size.sorter);
      const capabilities = sharedness === "Regular" ? [] : (["SHARED_RESOURCES"] as const);
      for (let f = 0; f < size.frameworks; f++) {
        const state = { id: frameworkName(f), roles: ["test"], active: true };
        bench.engine.upsertFramework({ ...state, capabilities: new Set(capabilities) });
      }
      for (let i = 0; i < size.agents; i++) {
        const shared = sharedness === "Shared" || (sharedness === "Mixed" && i % 2 === 0);
        bench.engine.upsertAgent(withVolume(i, shared, size.frameworks));
      }
      const rounds = size.rounds ?? ROUNDS;
      for (let round = 0; round < rounds; round++) {
        const { offers, ms, more } = bench.round();
        report(
          { round: run * rounds + round, ms, offers: offers.length, more: { ...more, sharedness } },
          bench,
        );
        bench.giveBack(offers);
      }
    });
  },
};

function withVolume(i: number, shared: boolean, frameworks: number): ReturnType<typeof agent> {
  const volume = fromSpec([
    {
      name: "disk",
      scalar: 1024,
      shared,
      reservations: [{ type: "STATIC", role: "test" }],
      disk: { persistence: { id: `id${i}` }, volume: { containerPath: `path${i}`, mode: "RW" } },
    },
  ]);
  const total = "cpus(test):24;mem(test):4096;disk(test):3072;ports(test):[31000-32000]";
  const held = `cpus(test):16;mem(test):1024;disk(test):1024;ports(test):[${FRAGMENTS}]`;
  return agent(i, parseResources(total).add(volume), [used(i % frameworks, "test", held)]);
}
