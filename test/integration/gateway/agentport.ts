import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Authority, type KeyPair } from "../../../hack/devcluster/certificates.ts";
import { AgentServer } from "../../../src/agent/http/server.ts";
import { createLogger } from "../../../src/cluster/logger.ts";
import { systemClock } from "../../../src/cluster/time.ts";
import type { AgentTls } from "../../../src/gateway/executors/messages.ts";
import { PATIENCE } from "../../../src/http/connections.ts";
import { RecordStream } from "../../../src/http/recordstream.ts";
import { type ExecutorMessage, executorMessage, MESSAGES_PATH } from "../../../src/wire/executormessage.ts";

const TOKEN = "of the operator";
const NAME = "agents.test";

/** What agents serve to the gateway, on one port for all: messages to executors are kept, and the test says what executors say. */
export class AgentPort {
  readonly heard: ExecutorMessage[] = [];
  /** File of the token that is asked for. */
  readonly token: string;
  readonly tls: AgentTls;
  readonly #dir: string;
  readonly #listeners = new Set<RecordStream>();
  readonly #server: AgentServer;
  port = 0;

  private constructor(dir: string, authority: string, { certificate, key }: KeyPair) {
    this.#dir = dir;
    this.token = join(dir, "token");
    writeFileSync(this.token, `${TOKEN}\n`);
    this.tls = { ca: join(dir, "ca"), serverName: NAME };
    writeFileSync(this.tls.ca, authority);
    this.#server = new AgentServer({
      port: 0,
      plain: false,
      tls: { cert: certificate, key },
      maxBodyBytes: 1 << 20,
      connections: { ...PATIENCE, most: 100 },
      clock: systemClock,
      log: createLogger({ name: "agent", level: "silent" }),
      routes: [
        {
          methods: ["POST"],
          paths: [MESSAGES_PATH],
          handle: async ({ request, body }) => {
            if (request.headers.authorization !== `Bearer ${TOKEN}`) return { status: 401 };
            this.heard.push(executorMessage.parse(JSON.parse((await body()).toString())));
            return { status: 202 };
          },
        },
        {
          methods: ["GET"],
          paths: [MESSAGES_PATH],
          handle: async ({ request, response }) => {
            if (request.headers.authorization !== `Bearer ${TOKEN}`) return { status: 401 };
            const stream = new RecordStream(response, { "Content-Type": "application/json" }, 1 << 20);
            this.#listeners.add(stream);
            void stream.closed.then(() => this.#listeners.delete(stream));
            return undefined;
          },
        },
      ],
    });
  }

  static async start(): Promise<AgentPort> {
    const dir = mkdtempSync(join(tmpdir(), "mesos-agentport-"));
    const authority = await Authority.open(dir);
    const files = await authority.issueFile("agents", { commonName: "agents", names: [NAME] });
    const agents = new AgentPort(dir, authority.certificate, files);
    agents.port = await agents.#server.start();
    return agents;
  }

  /** How many listen. */
  get listeners(): number {
    return this.#listeners.size;
  }

  say(message: ExecutorMessage): void {
    for (const stream of this.#listeners) stream.write(Buffer.from(JSON.stringify(message)));
  }

  async stop(): Promise<void> {
    await this.#server.stop();
    rmSync(this.#dir, { recursive: true, force: true });
  }
}
