/** `npm run bench:gateway`: many frameworks on one gateway, on simulated nodes. One JSON line a measurement. */
import { print, runBench, say } from "../frame.ts";
import { GatewayBench } from "./bench.ts";
import { readOptions, USAGE } from "./options.ts";

runBench({
  name: "bench:gateway",
  readOptions,
  usage: USAGE,
  start: (options) => GatewayBench.start(options, say),
  measure: async (bench, options) => {
    for await (const line of bench.subscriptions()) print(line);
    say("offers, each declined");
    print(await bench.offers());
    say(`${options.tasks} tasks`);
    print(await bench.launches());
  },
});
