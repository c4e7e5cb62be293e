import { setTimeout as delay } from "node:timers/promises";
import { unpackMessage } from "../containerd/any.ts";
import type { Connection } from "../containerd/connection.ts";
import { Events } from "../containerd/gen/containerd/events_pb.ts";
import { TaskOOMSchema } from "../containerd/gen/containerd/taskEvents_pb.ts";

const STREAM_DEADLINE_MS = 60 * 60_000;
const RETRY_MS = 1_000;

/**
 * Remembers which containers containerd has reported out of memory. The counters in the cgroup are the first source; events count where a
 * cgroup is gone before it can be read (systemd removes an empty scope by itself). Events may be lost: they only ever add.
 */
export class OomEvents {
  readonly #connection: Connection;
  readonly #seen = new Set<string>();
  readonly #stopped = new AbortController();

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  start(): void {
    this.#watch().catch(() => {});
  }

  stop(): void {
    this.#stopped.abort();
  }

  has(id: string): boolean {
    return this.#seen.has(id);
  }

  forget(id: string): void {
    this.#seen.delete(id);
  }

  async #watch(): Promise<void> {
    const { signal } = this.#stopped;
    const filters = [`topic=="/tasks/oom",namespace==${this.#connection.namespace}`];
    while (!signal.aborted) {
      try {
        const options = { deadlineMs: STREAM_DEADLINE_MS, signal };
        for await (const { event } of this.#connection.serverStream(
          Events.method.subscribe,
          { filters },
          options,
        )) {
          const oom = unpackMessage(TaskOOMSchema, event);
          if (oom !== undefined) this.#seen.add(oom.containerId);
        }
      } catch {
        // containerd has gone or the stream's time is over.
      }
      await delay(RETRY_MS, undefined, { signal, ref: false });
    }
  }
}
