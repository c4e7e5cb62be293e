import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { BenchError } from "./failure.ts";
import type { SimulatorMessage, SimulatorSettings } from "./simulator/protocol.ts";

const PROGRAM = join(import.meta.dirname, "simulator/main.ts");

/** The process that plays all nodes. */
export class Simulation {
  readonly #process: ChildProcess;
  readonly #up = Promise.withResolvers<void>();
  /** Milliseconds by which the last round of heartbeats was late. */
  late = 0;

  constructor(settings: SimulatorSettings) {
    this.#process = fork(PROGRAM, [JSON.stringify(settings)]);
    this.#process.on("message", (message: SimulatorMessage) => {
      if (message.kind === "up") this.#up.resolve();
      else if (message.kind === "late") this.late = message.milliseconds;
      else this.#up.reject(new BenchError(`the simulated nodes failed: ${message.message}`));
    });
    this.#process.once("exit", (code, signal) =>
      this.#up.reject(new BenchError(`the process that plays the nodes ended by itself (${code ?? signal})`)),
    );
    // Nobody may be waiting when it ends.
    this.#up.promise.catch(() => {});
  }

  /** Resolves when it plays every node. */
  get up(): Promise<void> {
    return this.#up.promise;
  }

  async stop(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const exit = once(this.#process, "exit");
    this.#process.kill("SIGTERM");
    await exit;
  }
}
