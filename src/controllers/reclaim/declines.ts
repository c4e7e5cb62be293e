import type { Framework } from "../../api/framework.ts";
import type { Offer } from "../../api/offer.ts";
import type { Live } from "../../cluster/object.ts";
import { offerFramework } from "../world/agentview.ts";
import { declinedResources } from "../world/declined.ts";

/** Doubled at most so often. */
const MOST_STRIKES = 5;

interface Reluctance {
  /** When the last Offer was closed, and until when the framework counts as not waiting; milliseconds of the epoch. */
  readonly at: number;
  readonly until: number;
  /** How often in a row it has used nothing of what it was offered after such a time. */
  readonly strikes: number;
}

/**
 * Which frameworks have no use for what they are offered. Who has just declined waits for nothing, until its filter is over, and
 * `patience` at least; longer each time that it uses nothing again, or tasks would be killed over and over for one that is idle.
 */
export class Declines {
  readonly #patience: number;
  readonly #known = new Map<string, Reluctance>();

  constructor(patience: number) {
    this.#patience = patience;
  }

  /** An Offer as it was closed, told once; `filter`: milliseconds that it is not offered again. */
  observe(offer: Live<Offer>, filter: number): void {
    const { state, closedAt } = offer.status ?? {};
    if (closedAt === undefined || offer.spec.inverse || state === "Rescinded" || state === "Outstanding")
      return;
    const key = keyFor(offerFramework(offer), offer.spec.role);
    const before = this.#known.get(key);
    const at = Date.parse(closedAt);
    const left = declinedResources(offer);
    if (state === "Accepted" && left.isEmpty) {
      this.#known.delete(key);
      return;
    }
    const used = state === "Accepted" && (offer.spec.response?.accept?.operations ?? []).length > 0;
    const anew = before === undefined || at > before.until;
    const strikes = used ? 0 : (before?.strikes ?? 0) + (anew ? 1 : 0);
    const times = 2 ** Math.min(MOST_STRIKES, Math.max(0, strikes - 1));
    const until = at + Math.max(this.#patience, filter) * times;
    this.#known.set(key, {
      at: Math.max(at, before?.at ?? at),
      until: Math.max(until, used ? until : (before?.until ?? until)),
      strikes,
    });
  }

  /** Until when the framework does not wait in the role; undefined: it does. `now`: milliseconds of the epoch. */
  until({ metadata, spec, status }: Live<Framework>, role: string, now: number): number | undefined {
    const key = keyFor(`${metadata.namespace ?? ""}/${metadata.name}`, role);
    const known = this.#known.get(key);
    if (known === undefined) return undefined;
    const roles = spec.revive?.roles ?? [];
    const revived = status?.revivedAt !== undefined && (roles.length === 0 || roles.includes(role));
    if (revived && Date.parse(status.revivedAt ?? "") > known.at) {
      this.#known.delete(key);
      return undefined;
    }
    return known.until > now ? known.until : undefined;
  }

  /** For a framework that is gone. */
  forget(framework: string): void {
    for (const key of this.#known.keys()) if (key.startsWith(`${framework} `)) this.#known.delete(key);
  }
}

const keyFor = (framework: string, role: string): string => `${framework} ${role}`;
