import { randomUUID } from "node:crypto";
import { create } from "@bufbuild/protobuf";
import type { Agent } from "../../api/agent.ts";
import { type ResourceSpec, type Resources, toSpec } from "../../resources/index.ts";
import { durationInfo, timeInfo } from "../convert/amounts.ts";
import type { FrameworkTraits } from "../convert/offer.ts";
import { resourceMessage } from "../convert/resources.ts";
import { type InverseOffer, InverseOfferSchema } from "../gen/mesos/v1/mesos_pb.ts";

type Maintenance = NonNullable<Agent["spec"]["maintenance"]>;

/** An agent that is to be maintained, and what the framework has on it. */
export interface Maintained {
  readonly agent: string;
  readonly maintenance: Maintenance;
  readonly held: Resources;
}

interface Standing {
  readonly id: string;
  readonly maintenance: string;
}

/** What has become of inverse offers since the last look. */
export interface InverseChanges {
  readonly offers: readonly InverseOffer[];
  readonly rescinded: readonly string[];
}

/**
 * Inverse offers of one subscriber: one for each agent with planned maintenance that it has tasks on; answered ones come again when
 * their filter ends (Mesos: hierarchical.cpp, deallocate). Times are those of the clock given, in ms.
 */
export class InverseOffers {
  readonly #standing = new Map<string, Standing>();
  /** By agent: until when nothing is asked, and about which maintenance. */
  readonly #refused = new Map<string, { readonly until: number; readonly maintenance: string }>();

  /** Compares what is maintained with what was told. */
  look(maintained: readonly Maintained[], framework: FrameworkTraits, now: number): InverseChanges {
    const wanted = new Map(maintained.map((one) => [one.agent, one]));
    const rescinded: string[] = [];
    for (const [agent, { id, maintenance }] of this.#standing) {
      const now = wanted.get(agent);
      if (now !== undefined && wordOf(now.maintenance) === maintenance) continue;
      this.#standing.delete(agent);
      rescinded.push(id);
    }
    for (const [agent, { until, maintenance }] of this.#refused) {
      const current = wanted.get(agent);
      if (until <= now || current === undefined || wordOf(current.maintenance) !== maintenance) {
        this.#refused.delete(agent);
      }
    }
    const offers = [...wanted.values()].flatMap((one): InverseOffer[] => {
      if (this.#standing.has(one.agent) || this.#refused.has(one.agent)) return [];
      const id = `i-${randomUUID()}`;
      this.#standing.set(one.agent, { id, maintenance: wordOf(one.maintenance) });
      return [inverseOffer(id, one, framework)];
    });
    return { offers, rescinded };
  }

  /** Accepted or declined: not asked again for so long (seconds). */
  answer(id: string, refuseSeconds: number, now: number): void {
    for (const [agent, standing] of this.#standing) {
      if (standing.id !== id) continue;
      this.#standing.delete(agent);
      const until = now + Math.max(0, refuseSeconds) * 1000;
      this.#refused.set(agent, { until, maintenance: standing.maintenance });
    }
  }
}

const wordOf = ({ start, duration }: Maintenance): string => JSON.stringify([start, duration]);

function inverseOffer(
  id: string,
  { agent, maintenance, held }: Maintained,
  { id: framework, ...form }: FrameworkTraits,
) {
  const specs: readonly ResourceSpec[] = toSpec(held);
  const { start, duration } = maintenance;
  return create(InverseOfferSchema, {
    id: { value: id },
    frameworkId: { value: framework },
    agentId: { value: agent },
    unavailability: {
      start: timeInfo(start),
      ...(duration !== undefined && { duration: durationInfo(duration) }),
    },
    resources: specs.map((spec) => resourceMessage(spec, { refinement: form.refinement })),
  });
}
