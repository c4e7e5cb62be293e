import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import { lastLines } from "../../../hack/devcluster/failure.ts";

/** Milliseconds from SIGTERM to SIGKILL. */
const GRACE = 30_000;

/** A program that ends with this process; what it says goes to a file. */
export class Child {
  readonly logFile: string;
  readonly #process: ChildProcess;
  /** Resolves when it has ended, for whatever reason. */
  readonly gone: Promise<void>;

  constructor(argv: readonly string[], logFile: string, env: NodeJS.ProcessEnv = process.env) {
    this.logFile = logFile;
    const log = openSync(logFile, "a");
    try {
      const stdio = ["ignore", log, log] as const;
      this.#process = spawn("setpriv", ["--pdeathsig", "KILL", ...argv], { stdio: [...stdio], env });
      this.gone = new Promise((resolve) => {
        this.#process.once("exit", () => resolve());
        this.#process.once("error", () => resolve());
      });
    } finally {
      closeSync(log);
    }
  }

  get ended(): boolean {
    return this.#process.exitCode !== null || this.#process.signalCode !== null;
  }

  get log(): string {
    return readFileSync(this.logFile, "utf8");
  }

  /** The end of its log, for a message. */
  get lastWords(): string {
    return `its log (${this.logFile}) ends:\n${lastLines(this.log, 8)}`;
  }

  signal(name: NodeJS.Signals): void {
    this.#process.kill(name);
  }

  async stop(name: NodeJS.Signals = "SIGTERM"): Promise<void> {
    if (this.ended || this.#process.pid === undefined) return;
    // One that was stopped hears nothing else.
    this.#process.kill("SIGCONT");
    this.#process.kill(name);
    const timer = setTimeout(() => this.#process.kill("SIGKILL"), GRACE);
    await this.gone;
    clearTimeout(timer);
  }
}
