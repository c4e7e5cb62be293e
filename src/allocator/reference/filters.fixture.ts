/** What frameworks have declined, by framework, role and agent, kept as plainly as can be. Times are milliseconds and are passed in. */
import type { Resources } from "../../resources/index.ts";
import { filterEnd } from "../filters.ts";
import type { Refusals } from "../world.ts";

interface Filter {
  readonly refused: Resources;
  readonly expiresAt: number;
}

type ByAgent = Map<string, Filter[]>;

/** A filter holds back offers that its refused resources contain: more than that is offered again. */
export class OfferFilters implements Refusals {
  readonly #filters = new Map<string, Map<string, ByAgent>>();

  /** `time` is what `refusalTime` says; 0 adds nothing. A filter that covers an older one takes its place. */
  add(framework: string, role: string, agent: string, refused: Resources, now: number, time: number): void {
    if (time <= 0 || refused.isEmpty) return;
    const expiresAt = filterEnd(now, time);
    const byRole = getOrMake(this.#filters, framework, () => new Map<string, ByAgent>());
    const byAgent = getOrMake(byRole, role, () => new Map<string, Filter[]>());
    const others = (byAgent.get(agent) ?? []).filter(
      (old) => old.expiresAt > now && !(old.expiresAt <= expiresAt && refused.contains(old.refused)),
    );
    byAgent.set(agent, [...others, { refused, expiresAt }]);
  }

  refuses(framework: string, role: string, agent: string, offered: Resources, now: number): boolean {
    const filters = this.#filters.get(framework)?.get(role)?.get(agent);
    return filters?.some(({ refused, expiresAt }) => expiresAt > now && refused.contains(offered)) ?? false;
  }

  /** REVIVE, and SUPPRESS followed by it: all filters of the roles go; no roles means all of the framework's. */
  revive(framework: string, roles: readonly string[] = []): void {
    if (roles.length === 0) this.#filters.delete(framework);
    for (const role of roles) this.#filters.get(framework)?.delete(role);
  }

  removeFramework(framework: string): void {
    this.#filters.delete(framework);
  }

  /** For an agent that went, or whose attributes or total changed (Mesos: updateSlave). */
  removeAgent(agent: string): void {
    for (const byRole of this.#filters.values()) {
      for (const byAgent of byRole.values()) byAgent.delete(agent);
    }
  }

  /** Drops what has expired; returns when the next one will, or undefined if none is left. */
  expire(now: number): number | undefined {
    let next: number | undefined;
    for (const [framework, byRole] of this.#filters) {
      for (const [role, byAgent] of byRole) {
        for (const [agent, filters] of byAgent) {
          const alive = filters.filter(({ expiresAt }) => expiresAt > now);
          if (alive.length === 0) byAgent.delete(agent);
          else byAgent.set(agent, alive);
          for (const { expiresAt } of alive) next = Math.min(next ?? expiresAt, expiresAt);
        }
        if (byAgent.size === 0) byRole.delete(role);
      }
      if (byRole.size === 0) this.#filters.delete(framework);
    }
    return next;
  }

  get size(): number {
    let size = 0;
    for (const byRole of this.#filters.values()) {
      for (const byAgent of byRole.values()) for (const filters of byAgent.values()) size += filters.length;
    }
    return size;
  }
}

function getOrMake<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const old = map.get(key);
  if (old !== undefined) return old;
  const made = make();
  map.set(key, made);
  return made;
}
