import { once } from "node:events";
import type { Readable } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import type { Session } from "../containerizer/session.ts";
import type { Input, OutputResponse, OutputStream } from "./processio.ts";

const KILL_AGAIN_MS = 5_000;

/** A session with those who take its output and give its input. */
export class LiveSession {
  readonly #session: Session;
  readonly #owner: OutputResponse;
  readonly #viewers = new Set<OutputResponse>();
  #hasInput = false;

  /** `owner` began it: it ends when that leaves. */
  constructor(session: Session, owner: OutputResponse) {
    this.#session = session;
    this.#owner = owner;
  }

  /** Resolves when it has ended and its owner was told all. */
  async run(): Promise<void> {
    const { stdout, stderr, ended } = this.#session;
    const leave = () => void this.#kill();
    this.#owner.closed.addEventListener("abort", leave, { once: true });
    if (this.#owner.closed.aborted) leave();
    try {
      await Promise.all([this.#pass("STDOUT", stdout), stderr && this.#pass("STDERR", stderr), ended]);
    } finally {
      this.#owner.closed.removeEventListener("abort", leave);
      this.#owner.end();
      for (const viewer of this.#viewers) viewer.end();
    }
  }

  /** From now on; one that takes less than comes is cut off, the owner alone is waited for. */
  view(viewer: OutputResponse): void {
    this.#viewers.add(viewer);
    viewer.closed.addEventListener("abort", () => this.#viewers.delete(viewer), { once: true });
  }

  /** False: somebody gives input already. */
  claimInput(): boolean {
    if (this.#hasInput) return false;
    this.#hasInput = true;
    return true;
  }

  releaseInput(): void {
    this.#hasInput = false;
  }

  get ended(): Promise<unknown> {
    return this.#session.ended;
  }

  /** Resolves once there is room for more. Rejects with the errors of containerizer/errors.ts. */
  async input(input: Input): Promise<void> {
    const { stdin, hasTerminal } = this.#session;
    if (input.type === "resize" && hasTerminal) return this.#session.resize(input);
    if (input.type !== "data" || stdin.writableEnded || stdin.destroyed) return;
    if (input.data.length === 0) return hasTerminal ? undefined : this.#session.closeInput();
    if (!stdin.write(input.data)) await Promise.race([once(stdin, "drain"), this.ended]);
  }

  /** Again, if containerd is away. */
  async #kill(): Promise<void> {
    const exited = this.#session.exited.then(() => true);
    do {
      await this.#session.kill().catch(() => {});
    } while (!(await Promise.race([exited, delay(KILL_AGAIN_MS, false, { ref: false })])));
  }

  async #pass(stream: OutputStream, source: Readable): Promise<void> {
    for await (const chunk of source as AsyncIterable<Buffer>) {
      for (const viewer of this.#viewers) viewer.offer(stream, chunk);
      await this.#owner.write(stream, chunk);
    }
  }
}
