import { setTimeout as delay } from "node:timers/promises";
import { EtcdWriter, type Stored } from "../cluster/seed/etcd.ts";
import { storedLease, storedNode } from "../cluster/seed/seed.ts";

/** Seconds: of agents, and of kubelets whose Node has not changed. */
const LEASE_EVERY = 15;
const NODE_EVERY = 300;
/** Milliseconds. */
const TICK = 100;

/**
 * Renews the Lease of every agent, and tells each Node's status anew, as often as agents and kubelets do; in etcd itself: the operator
 * sees the same events, and an API server of two cores could not take so many writes.
 */
export class Heartbeats {
  readonly #writer: EtcdWriter;
  readonly #stop = new AbortController();
  readonly #ended: Promise<void>;
  leases = 0;
  nodes = 0;
  /** Milliseconds by which a renewal was late at most. */
  late = 0;

  constructor(etcd: string, agents: number) {
    this.#writer = new EtcdWriter(etcd);
    this.#ended = this.#run(agents);
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#ended;
    this.#writer.close();
  }

  async #run(agents: number): Promise<void> {
    const began = performance.now();
    while (!this.#stop.signal.aborted) {
      const seconds = (performance.now() - began) / 1000;
      const due: Stored[] = [];
      for (; this.leases < (seconds / LEASE_EVERY) * agents; this.leases++) {
        due.push(storedLease(this.leases % agents, Date.now()));
      }
      for (; this.nodes < (seconds / NODE_EVERY) * agents; this.nodes++) {
        due.push(storedNode(this.nodes % agents, Date.now()));
      }
      await this.#writer.put(due);
      this.late = Math.max(this.late, performance.now() - began - seconds * 1000);
      await delay(TICK);
    }
  }
}
