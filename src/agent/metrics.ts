import { Counter, Gauge, type Registry } from "prom-client";
import { isTerminal } from "../api/taskstate.ts";
import { PHASES, type Phase, type TaskRecord } from "./checkpoint/record.ts";

const ENDED = "mesos_agent_tasks_ended_total";

/** The agent's own metrics. */
export class AgentMetrics {
  readonly #ended: Counter<"state" | "reason">;
  readonly #launched: Counter;
  readonly #phases = new Map<string, Phase>();
  readonly #terminal = new Set<string>();

  constructor(registry: Registry) {
    const registers = [registry];
    const phases = this.#phases;
    new Gauge({
      name: "mesos_agent_tasks",
      help: "Tasks of this node by how far they have come; settled ones wait for their object to go.",
      labelNames: ["phase"],
      registers,
      collect() {
        for (const phase of PHASES) this.set({ phase }, 0);
        for (const phase of phases.values()) this.inc({ phase });
      },
    });
    this.#launched = new Counter({
      name: "mesos_agent_launches_total",
      help: "Containers launched since the agent started.",
      registers,
    });
    this.#ended = new Counter({
      name: ENDED,
      help: "Tasks ended since the agent started, by state and reason.",
      labelNames: ["state", "reason"],
      registers,
    });
  }

  /** How many tasks have ended in each state since the agent started. */
  static async endedByState(registry: Registry): Promise<ReadonlyMap<string, number>> {
    const ended = new Map<string, number>();
    for (const { labels, value } of (await registry.getSingleMetric(ENDED)?.get())?.values ?? []) {
      const state = String(labels.state);
      ended.set(state, (ended.get(state) ?? 0) + value);
    }
    return ended;
  }

  /** Told of each state of each record. Returns whether the task has just ended. */
  observe({ uid, phase, latest }: TaskRecord, recovered: boolean): boolean {
    if (phase === "running" && this.#phases.get(uid) === "launching") this.#launched.inc();
    this.#phases.set(uid, phase);
    if (!latest || !isTerminal(latest.state) || this.#terminal.has(uid)) return false;
    this.#terminal.add(uid);
    if (recovered) return false;
    this.#ended.inc({ state: latest.state, reason: latest.reason ?? "" });
    return true;
  }

  forget(uid: string): void {
    this.#phases.delete(uid);
    this.#terminal.delete(uid);
  }
}
