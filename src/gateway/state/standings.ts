import { agentLeaseKey, agentOfLease } from "../../controllers/agent/snapshot.ts";
import type { Dependencies } from "../../controllers/dependencies.ts";

/** Registered ones show themselves; recovered ones have yet to, after they were made; unreachable ones have stopped to. */
export type Standing = "registered" | "recovered" | "unreachable";

type Sources = Pick<Dependencies, "caches" | "config" | "agentLeases">;
type Listener = (agent: string, now: Standing | undefined, before: Standing | undefined) => void;

/** How agents stand in Mesos's terms, kept up to date: to ask tens of thousands of Leases at one go would hold everybody up. */
export class Standings {
  readonly #sources: Sources;
  readonly #known = new Map<string, Standing>();
  readonly #listeners = new Set<Listener>();
  readonly #stops: (() => void)[];

  private constructor(sources: Sources) {
    const { caches, config, agentLeases } = sources;
    this.#sources = sources;
    this.#stops = [
      caches.agents.follow(({ object }) => this.#look(object.metadata.name)),
      agentLeases.onChange((key) => {
        const name = agentOfLease(config.namespace, key);
        if (name !== undefined) this.#look(name);
      }),
    ];
  }

  /** Of all agents that are there, with turns for others while it looks. */
  static async of(sources: Sources & Pick<Dependencies, "breath">): Promise<Standings> {
    const standings = new Standings(sources);
    const names = [...sources.caches.agents.store.keys()];
    await sources.breath.each(names, (name) => standings.#look(name));
    return standings;
  }

  close(): void {
    for (const stop of this.#stops) stop();
  }

  /** Undefined: there is no such agent. */
  of(agent: string): Standing | undefined {
    return this.#known.get(agent);
  }

  byStanding(): Readonly<Record<Standing, string[]>> {
    const found: Record<Standing, string[]> = { registered: [], recovered: [], unreachable: [] };
    for (const [name, standing] of this.#known) found[standing].push(name);
    return found;
  }

  /** Calls back with each agent that comes, goes, or stands otherwise. Answers with how to stop. */
  onChange(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #look(name: string): void {
    const before = this.#known.get(name);
    const now = this.#sources.caches.agents.store.has(name) ? this.#ask(name) : undefined;
    if (now === before) return;
    if (now === undefined) this.#known.delete(name);
    else this.#known.set(name, now);
    for (const listener of this.#listeners) listener(name, now, before);
  }

  #ask(name: string): Standing {
    const { agentLeases, config } = this.#sources;
    const lease = agentLeases.state(agentLeaseKey(config.namespace, name));
    return lease === "fresh" ? "registered" : lease === "lapsed" ? "unreachable" : "recovered";
  }
}
