/** `npm run bench:loop`: how long the operator keeps its event loop, its memory, and failover, at N agents on a real API server. */
import { print, runBench, say } from "../frame.ts";
import { LoopBench } from "./bench.ts";
import { readOptions, USAGE } from "./options.ts";

runBench({
  name: "bench:loop",
  readOptions,
  usage: USAGE,
  start: (options) => LoopBench.start(options, say),
  measure: async (bench) => {
    for await (const line of bench.measure()) print(line);
  },
});
