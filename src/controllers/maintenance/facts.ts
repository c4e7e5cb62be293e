import type { Agent } from "../../api/agent.ts";
import type { Framework } from "../../api/framework.ts";
import type { Offer } from "../../api/offer.ts";
import type { Live } from "../../cluster/object.ts";
import type { Resources } from "../../resources/index.ts";

/** All that is known of one agent's maintenance, at one time. */
export interface MaintenanceFacts {
  readonly agent: Live<Agent> | undefined;
  /** What each framework's live tasks hold there, by "namespace/name"; the built-in one, which nobody can ask, left out. */
  readonly uses: ReadonlyMap<string, Resources>;
  readonly framework: (key: string) => Live<Framework> | undefined;
  /** Inverse offers of the agent, closed ones too. */
  readonly inverse: readonly Live<Offer>[];
  /** Ordinary Offers of the agent that are outstanding and not answered. */
  readonly offers: readonly Live<Offer>[];
  /** Wall clock, ms. */
  readonly now: number;
}
