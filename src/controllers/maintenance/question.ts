import { createHash } from "node:crypto";
import type { Agent } from "../../api/agent.ts";
import { durationMs } from "../../api/duration.ts";
import type { Framework } from "../../api/framework.ts";
import { LABEL_AGENT, LABEL_FRAMEWORK } from "../../api/group.ts";
import { typeMeta } from "../../api/kind.ts";
import { Offer } from "../../api/offer.ts";
import type { Live } from "../../cluster/object.ts";
import { ANY_ROLE, type Resources, toSpec } from "../../resources/index.ts";
import { labelsOf } from "../allocation/offerobject.ts";
import { endOf, startOf, type Window } from "./window.ts";

/** The `ordinal`th time that a framework is asked about one window of one agent. */
export interface Question {
  readonly framework: Live<Framework>;
  readonly agent: Live<Agent>;
  readonly window: Window;
  /** Of the Agent's spec when the window was seen first: one that is withdrawn and planned again is another. */
  readonly generation: number;
  readonly ordinal: number;
}

const LONGEST_PREFIX = 200;
/** Milliseconds for which a question about maintenance without an end stands: the longest filter of Mesos. */
const LONGEST = durationMs("365d");

/** The same question has the same name, whoever asks it and however often: the API server refuses the second one. */
export function questionName({ framework, agent, window, generation, ordinal }: Question): string {
  const hash = createHash("sha256");
  const { start, duration } = window;
  hash.update(
    JSON.stringify([framework.metadata.uid, agent.metadata.uid, generation, start, duration, ordinal]),
  );
  const prefix = framework.metadata.name.slice(0, LONGEST_PREFIX).replace(/[-.]+$/, "");
  return `${prefix}-inverse-${hash.digest("hex").slice(0, 12)}`;
}

/**
 * The inverse offer. It holds nothing, so no offer timeout takes it back: it stands until it is answered or the window is over, as in
 * Mesos, where offers have no timeout by default.
 */
export function questionObject(question: Question, resources: Resources, now: number): Offer {
  const { framework, agent, window } = question;
  const { name, namespace, uid } = framework.metadata;
  const hostname = agent.status?.hostname;
  const expiry = Math.min(endOf(window), Math.max(now, startOf(window)) + LONGEST);
  return {
    ...typeMeta(Offer),
    metadata: {
      name: questionName(question),
      ...(namespace !== undefined && { namespace }),
      labels: labelsOf({ [LABEL_FRAMEWORK]: name, [LABEL_AGENT]: agent.metadata.name }),
      ownerReferences: [
        { apiVersion: framework.apiVersion, kind: framework.kind, name, uid, controller: true },
      ],
    },
    spec: {
      framework: name,
      inverse: true,
      role: ANY_ROLE,
      agent: agent.metadata.name,
      ...(hostname !== undefined && { hostname }),
      resources: toSpec(resources),
      unavailability: window,
      expiresAt: new Date(expiry).toISOString(),
    },
  };
}
