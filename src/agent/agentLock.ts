import { createHash } from "node:crypto";
import { createServer, type Server } from "node:net";

/** Another agent works on the same folder. */
export class AgentRunningError extends Error {
  override readonly name = "AgentRunningError";
}

/**
 * Held by the one agent that may work on a folder of a node, say while an old one is slow to end: two would launch and judge the same tasks.
 * An abstract socket of the network namespace, which is the node's: gone with the process, however that ends.
 */
export class AgentLock implements Disposable {
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  /** Rejects with AgentRunningError while another process holds it. */
  static take(folder: string): Promise<AgentLock> {
    const name = createHash("sha256").update(folder).digest("hex").slice(0, 32);
    const server = createServer((socket) => socket.destroy());
    return new Promise((resolve, reject) => {
      server.once("error", (cause: NodeJS.ErrnoException) => {
        const taken = cause.code === "EADDRINUSE";
        reject(taken ? new AgentRunningError(`another agent works on ${folder}`, { cause }) : cause);
      });
      server.listen({ path: `\0mesos-agent-${name}` }, () => {
        server.unref();
        resolve(new AgentLock(server));
      });
    });
  }

  [Symbol.dispose](): void {
    this.#server.close();
  }
}
