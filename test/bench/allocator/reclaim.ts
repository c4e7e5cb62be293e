import { type Demand, decideStepwise, type HeldTask, NO_RECLAIM } from "../../../src/allocator/index.ts";
import { parseResources, Quantities } from "../../../src/resources/index.ts";
import { Bench, STEP_MS, tenth, threadMs, type Workload } from "./bench.ts";
import { agentName } from "./cluster.ts";

const TASKS_EACH = 4;
const DEMANDS = 64;
const ROUNDS = 5;
const amounts = (text: string): Quantities => parseResources(text).scalarQuantities();

export const reclaim: Workload = {
  name: "Reclaim",
  about:
    "what is taken back: agents full of 4 tasks of one role, 64 tasks of another that wait, each of which may run on any agent but one; " +
    "the step is as long as nothing else has its turn",
  run(size, report) {
    const bench = new Bench(size.sorter);
    bench.roles = 2;
    const [each, whole, none] = [amounts("cpus:6;mem:1024"), amounts("cpus:24;mem:4096"), amounts("")];
    const names = Array.from({ length: size.agents }, (_, i) => agentName(i));
    const tasks = names.flatMap((agent, i) =>
      Array.from(
        { length: TASKS_EACH },
        (_, j): HeldTask => ({
          ...{ id: `${i}-${j}`, role: "greedy", agent, resources: each, priority: 0 },
          ...{ startedAt: (i * 7919 + j) % 1000, revocable: true },
        }),
      ),
    );
    const demand = Array.from(
      { length: DEMANDS },
      (_, i): Demand => ({
        ...{ id: `d${i}`, role: "late", resources: each },
        admits: (agent) => agent !== agentName(i),
      }),
    );
    const snapshot = {
      total: Quantities.of(names.flatMap(() => [...whole])),
      agents: names.map((name) => ({ name, free: none })),
      ...{ roles: [], guarantees: [], tasks, demand },
    };
    const options = { patience: 0, grace: 0, settle: 1000 };
    for (let round = 0; round < (size.rounds ?? ROUNDS); round++) {
      const [start, cpuStart] = [performance.now(), threadMs()];
      const work = decideStepwise(snapshot, NO_RECLAIM, options, bench.now);
      let [longestStepMs, longestStepCpuMs] = [0, 0];
      let [since, cpuSince] = [start, cpuStart];
      let step = work.next();
      for (; !step.done; step = work.next()) {
        const now = performance.now();
        if (now - since < STEP_MS) continue;
        longestStepMs = Math.max(longestStepMs, now - since);
        longestStepCpuMs = Math.max(longestStepCpuMs, threadMs() - cpuSince);
        [since, cpuSince] = [performance.now(), threadMs()];
      }
      const ms = performance.now() - start;
      const cpuMs = tenth(threadMs() - cpuStart);
      const longest = { longestStepMs: tenth(longestStepMs), longestStepCpuMs: tenth(longestStepCpuMs) };
      const taken = step.value.take.length;
      const more = { agents: size.agents, frameworks: 0, cpuMs, ...longest, demands: DEMANDS, taken };
      report({ round, ms, offers: 0, more }, bench);
    }
  },
};
