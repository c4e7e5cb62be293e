import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { stringify } from "yaml";

const PROGRAM = join(import.meta.dirname, "../../../src/main/operator.ts");

/** The operator's program as a process of its own. */
export class Replica {
  readonly #process: ChildProcess;
  readonly #dir: string;
  /** Its log, parsed. */
  readonly lines: Record<string, unknown>[] = [];

  constructor(kubeconfig: string, config: object = {}) {
    this.#dir = mkdtempSync(join(tmpdir(), "mesos-operator-"));
    const path = join(this.#dir, "operator.yaml");
    writeFileSync(path, stringify({ healthPort: 0, agents: { timeout: "1h" }, ...config }));
    this.#process = spawn(process.execPath, [PROGRAM], {
      env: { ...process.env, KUBECONFIG: kubeconfig, MESOS_CONFIG: path, POD_NAME: "replica" },
      stdio: ["ignore", "pipe", "inherit"],
    });
    if (this.#process.stdout) {
      createInterface(this.#process.stdout).on("line", (line) => void this.lines.push(JSON.parse(line)));
    }
  }

  /** Whether it has logged this message. */
  said(message: string): boolean {
    return this.lines.some(({ msg }) => msg === message);
  }

  get healthPort(): number {
    return Number(this.lines.find(({ msg }) => msg === "serves /livez, /readyz and /metrics")?.port);
  }

  /** Resolves with its exit code, null if the signal ended it. */
  async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<number | null> {
    if (this.#process.exitCode === null && this.#process.signalCode === null) {
      const exit = once(this.#process, "exit");
      this.#process.kill(signal);
      await exit;
    }
    rmSync(this.#dir, { recursive: true, force: true });
    return this.#process.exitCode;
  }
}
