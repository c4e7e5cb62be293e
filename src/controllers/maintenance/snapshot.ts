import type { Agent } from "../../api/agent.ts";
import { executorHasEnded } from "../../api/executor.ts";
import { hasEnded } from "../../api/taskstate.ts";
import { Resources } from "../../resources/index.ts";
import { frameworkKey, isOutstanding } from "../caches.ts";
import type { Dependencies } from "../dependencies.ts";
import type { Assumptions } from "../world/assumptions.ts";
import { holdings } from "../world/holdings.ts";
import type { Scheduling } from "../world/scheduling.ts";
import type { MaintenanceFacts } from "./facts.ts";

/** The caches, and what the operator has written and they may not show yet. */
export function takeSnapshot(
  { caches, clock }: Pick<Dependencies, "caches" | "clock">,
  { assumed }: Pick<Scheduling, "assumed">,
  agents: Pick<Assumptions<Agent>, "get">,
  name: string,
): MaintenanceFacts {
  const tasks = assumed.tasks
    .with(
      caches.tasks.store.by("liveAgent", name),
      ({ spec, status }) => spec.agent === name && !hasEnded(status),
    )
    .filter(({ spec }) => spec.framework !== undefined);
  const executors = assumed.executors.with(
    caches.executors.store.by("liveAgent", name),
    ({ spec, status }) => spec.agent === name && !executorHasEnded(status),
  );
  const uses = Map.groupBy([...tasks, ...executors], frameworkKey);
  return {
    agent: agents.get(name),
    uses: new Map([...uses].map(([key, list]) => [key, Resources.sum(list.map(holdings))])),
    framework: (key) => caches.frameworks.store.get(key),
    inverse: assumed.offers.with(
      caches.offers.store.by("inverseAgent", name),
      ({ spec }) => spec.inverse === true && spec.agent === name,
      { agent: name },
    ),
    offers: assumed.offers
      .with(
        caches.offers.store.by("outstandingAgent", name),
        (offer) => offer.spec.agent === name && isOutstanding(offer),
        { agent: name },
      )
      .filter(({ spec }) => spec.response === undefined),
    now: clock.now(),
  };
}
