import { fromSpec } from "../../../src/resources/index.ts";
import { Bench, tenth, timed, type Workload } from "./bench.ts";
import { agent, framework, used } from "./cluster.ts";

const USED = "cpus:1;mem:128;disk:1024;ports:[31126-31510,31512-31623,31810-31852,31854-31964]";

export const addAndUpdateAgents: Workload = {
  name: "AddAndUpdateAgents",
  about:
    "agents of 2 cpus, 1024 MiB, 4096 MiB and 1001 ports with half in use are added to frameworks that take revocable resources, then " +
    "all of them get 10 revocable cpus; ms is the whole of it, taking in and allocating (Mesos: AddAndUpdateSlave)",
  run(size, report) {
    const bench = new Bench(size.sorter);
    const addMs = timed(() => {
      for (let i = 0; i < size.frameworks; i++) {
        bench.engine.upsertFramework(framework(i, "*", ["REVOCABLE_RESOURCES"]));
      }
      bench.engine.settle();
    });
    report({ round: 0, ms: addMs, offers: 0, more: { phase: "frameworks added" } }, bench);
    const states = Array.from({ length: size.agents }, (_, i) =>
      agent(i, "cpus:2;mem:1024;disk:4096;ports:[31000-32000]", [used(i % size.frameworks, "*", USED)]),
    );
    for (const state of states) bench.engine.upsertAgent(state);
    const added = bench.round();
    const whole = ({ ms, more }: typeof added) => ms + (more.intakeMs ?? 0);
    report(
      {
        round: 1,
        ms: whole(added),
        offers: added.offers.length,
        more: { phase: "agents added", ...added.more, allocateMs: tenth(added.ms) },
      },
      bench,
    );
    for (const state of states) {
      const oversubscribed = fromSpec([{ name: "cpus", scalar: 10, revocable: true }]);
      bench.engine.upsertAgent({ ...state, total: state.total.add(oversubscribed) });
    }
    const updated = bench.round();
    report(
      {
        round: 2,
        ms: whole(updated),
        offers: updated.offers.length,
        more: { phase: "agents updated", ...updated.more, allocateMs: tenth(updated.ms) },
      },
      bench,
    );
  },
};
