import { isPaused } from "../../allocator/index.ts";
import { durationMs } from "../../api/duration.ts";
import type { Dependencies } from "../dependencies.ts";
import type { AgentViews } from "../world/agentviews.ts";

/** The pause of a new leader, if one is wanted: until enough agents are back, once. */
export class FailoverWait {
  readonly #deps: Dependencies;
  readonly #views: AgentViews;
  readonly #since: number;
  #isOver = false;

  constructor(deps: Dependencies, views: AgentViews) {
    this.#deps = deps;
    this.#views = views;
    this.#since = deps.clock.monotonic();
  }

  /** Whether nothing is to be offered yet. */
  holds(): boolean {
    if (this.#isOver) return false;
    const { caches, clock, config, logger } = this.#deps;
    const { factor, timeout } = config.allocation.failoverPause;
    if (factor === 0) {
      this.#isOver = true;
      return false;
    }
    const states = Array.from(this.#views.all(), ({ state }) => state);
    const paused = isPaused(
      { factor, timeout: durationMs(timeout) },
      {
        expected: states.length,
        back: states.filter(({ withheld }) => withheld !== "Disconnected").length,
        hasQuotas: caches.quotas.store.size > 0,
        elapsed: clock.monotonic() - this.#since,
      },
    );
    if (paused) logger.info({ agents: states.length }, "offers wait for agents to come back");
    this.#isOver = !paused;
    return paused;
  }
}
