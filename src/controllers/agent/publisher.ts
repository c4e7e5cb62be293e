import type { Agent } from "../../api/agent.ts";
import { Applier } from "../../cluster/apply.ts";
import type { Live } from "../../cluster/object.ts";
import type { Dependencies } from "../dependencies.ts";
import type { OperatorStatus } from "./status.ts";
import { Turns } from "./turns.ts";

/** Field manager of the operator's part of Agent.status. */
const MANAGER = "mesos-operator-agent";
/** Milliseconds between writes of an agent's mere amounts: etcd is no place for a stream of them. */
const AMOUNTS_EVERY = 5_000;
/** Such writes a second, of all agents together, and how many at once: launches need the API server more. */
const AMOUNTS_RATE = { perSecond: 3, burst: 20 };

/** Writes Agent.status when it differs from what is there: what people and programs wait for at once, amounts in turn. */
export class StatusPublisher {
  readonly #deps: Pick<Dependencies, "clients" | "clock">;
  readonly #applier: Applier<Agent>;
  readonly #written = new Map<string, number>();
  readonly #turns = new Turns(AMOUNTS_RATE);

  constructor(deps: Pick<Dependencies, "clients" | "clock">) {
    this.#deps = deps;
    this.#applier = new Applier(deps.clients.agents, MANAGER);
  }

  /** Milliseconds after which to come again; undefined: all is written. */
  async publish(
    agent: Live<Agent>,
    status: OperatorStatus,
    signal: AbortSignal,
  ): Promise<number | undefined> {
    const { name } = agent.metadata;
    const before: Partial<AgentStatusLike> = agent.status ?? {};
    const after: Partial<AgentStatusLike> = { ...status };
    if (same(before, after, [...AMOUNTS, ...STATES])) {
      this.#turns.take(name);
      return undefined;
    }
    const now = this.#deps.clock.monotonic();
    if (same(before, after, STATES)) {
      const soonest = (this.#written.get(name) ?? Number.NEGATIVE_INFINITY) + AMOUNTS_EVERY;
      const left = this.#turns.wait(name, soonest, now);
      if (left > 0) return left;
    }
    this.#turns.take(name);
    this.#written.set(name, now);
    await this.#applier.status(agent, status, { signal });
    return undefined;
  }

  forget(agent: string): void {
    this.#written.delete(agent);
    this.#turns.take(agent);
  }
}

type Field = keyof OperatorStatus;
type AgentStatusLike = Record<Field, unknown>;

const AMOUNTS: readonly Field[] = ["allocated", "offered", "tasks", "slot", "offerable"];
const STATES: readonly Field[] = [
  "capacity",
  "reserved",
  "attributes",
  "draining",
  "conditions",
  "observedGeneration",
];

const same = (a: Partial<AgentStatusLike>, b: Partial<AgentStatusLike>, fields: readonly Field[]): boolean =>
  fields.every((field) => canonical(a[field]) === canonical(b[field]));

/** JSON with sorted keys: the API server keeps no order of fields. */
function canonical(value: unknown): string | undefined {
  return JSON.stringify(value, (_key, inner: unknown) =>
    inner !== null && typeof inner === "object" && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([x], [y]) => (x < y ? -1 : 1)))
      : inner,
  );
}
