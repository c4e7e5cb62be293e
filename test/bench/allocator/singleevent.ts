import type { AgentState, PlannedOffer } from "../../../src/allocator/index.ts";
import { parseResources } from "../../../src/resources/index.ts";
import { Bench, tenth, threadMs, timed, type Workload } from "./bench.ts";
import { agent, agentName, FRAGMENTS, fill, framework, frameworkName } from "./cluster.ts";

const EVENTS = 200;

/** What happens, told to the engine; a round follows. */
type Happening = (bench: Bench, states: Map<string, AgentState>, i: number) => void;

const happenings: Readonly<Record<string, Happening>> = {
  nothing: () => {},
  "a task ended": (bench, states, i) => {
    const state = states.get(agentName(i));
    if (state !== undefined) bench.engine.upsertAgent({ ...state, allocations: [] });
  },
  "a task began": (bench, states, i) => {
    const state = states.get(agentName(i));
    if (state !== undefined) bench.engine.upsertAgent({ ...state, allocations: [...state.allocations] });
  },
  "an agent came": (bench, _, i) =>
    bench.engine.upsertAgent(agent(1_000_000 + i, "cpus:24;mem:4096;disk:4096;ports:[31000-32000]")),
  "an agent went": (bench, _, i) => bench.engine.removeAgent(agentName(1_000_000 + i)),
};

/** Everything comes free and each framework may have one offer: most agents wait for one to be answered. */
function measureFull(
  bench: Bench,
  agents: number,
  measure: (event: string, happen: (i: number) => void) => void,
): void {
  const states = [...bench.engine.agents()];
  const frameworks = Math.min(100, agents);
  for (let i = 0; i < 6_000; i++) bench.engine.removeFramework(frameworkName(i));
  for (let i = 0; i < EVENTS; i++) bench.engine.removeFramework(frameworkName(1_000_000 + i));
  for (let i = 0; i < frameworks; i++) {
    bench.engine.upsertFramework({ ...framework(i, "*"), maxOffers: 1 });
  }
  for (const state of states) bench.engine.upsertAgent({ ...state, allocations: [] });
  bench.engine.allocate(bench.options());
  measure("a full framework may have another offer", (i) =>
    bench.engine.setOutstanding(frameworkName(i % frameworks), 0),
  );
}

export const singleEvent: Workload = {
  name: "SingleEvent",
  about:
    "the agents of DeclineOffers, all offered; then one thing happens and a round follows, 200 times for each kind of event; ms is the median of " +
    "taking it in and allocating",
  run(size, report) {
    const bench = new Bench(size.sorter);
    fill(bench, size.agents, size.frameworks, "*", (i) => [
      agent(i, "cpus:24;mem:4096;disk:4096;ports:[31000-32000]"),
      `cpus:16;mem:2014;disk:1024;ports:[${FRAGMENTS}]`,
    ]);
    const states = new Map([...bench.engine.agents()].map((state) => [state.name, state]));
    const standing: PlannedOffer[] = [...bench.round().offers];
    let round = 0;
    const measure = (event: string, happen: (i: number) => void) => {
      const times: number[] = [];
      let offered = 0;
      const cpu = threadMs();
      for (let i = 0; i < EVENTS; i++) {
        happen(i % size.agents);
        times.push(
          timed(() => {
            offered += bench.engine.allocate(bench.options()).offers.length;
          }),
        );
      }
      const meanCpuMs = tenth((threadMs() - cpu) / EVENTS);
      times.sort((a, b) => a - b);
      const median = times[EVENTS / 2] ?? 0;
      const p99Ms = tenth(times[Math.floor(EVENTS * 0.99)] ?? 0);
      report({ round: round++, ms: median, offers: offered, more: { event, p99Ms, meanCpuMs } }, bench);
    };
    for (const [event, happen] of Object.entries(happenings)) measure(event, (i) => happen(bench, states, i));
    measure("an offer was declined", () => {
      const offer = standing.pop();
      if (offer === undefined) return;
      bench.giveBack([offer], 5_000);
    });
    measure("a framework came", (i) => bench.engine.upsertFramework(framework(1_000_000 + i, "*")));
    measureFull(bench, size.agents, measure);
    const question = {
      id: "t",
      framework: "framework-0",
      role: "*",
      resources: parseResources("cpus:64;mem:64"),
    };
    const asked = timed(() => bench.engine.explain(question, bench.options()));
    report({ round: round++, ms: asked, offers: 0, more: { event: "explain, first" } }, bench);
    measureQuestion();

    function measureQuestion(): void {
      const times = Array.from({ length: 20 }, () =>
        timed(() => bench.engine.explain(question, bench.options())),
      );
      times.sort((a, b) => a - b);
      report({ round: round++, ms: times[10] ?? 0, offers: 0, more: { event: "explain" } }, bench);
      const shares = timed(() => bench.engine.shares());
      report({ round: round++, ms: shares, offers: 0, more: { event: "shares" } }, bench);
    }
  },
};
