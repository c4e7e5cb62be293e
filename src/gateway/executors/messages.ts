import { readFile } from "node:fs/promises";
import { type IncomingMessage, request as plainRequest } from "node:http";
import { request as tlsRequest } from "node:https";
import type { Logger } from "../../cluster/logger.ts";
import { type Clock, sleep } from "../../cluster/time.ts";
import { type ExecutorMessage, executorMessage, MESSAGES_PATH } from "../../wire/executormessage.ts";
import { RecordDecoder } from "../../wire/recordio.ts";

/** How agents are known to be agents. */
export interface AgentTls {
  /** File of the authorities that sign for them, read anew for each request; not there: the system's. */
  readonly ca: string;
  /** The name that the certificate of each is for. */
  readonly serverName: string;
}

export interface MessagesOptions {
  /** File of the token that agents know this replica by; read anew for each request: the kubelet renews it. */
  readonly token: string;
  /** Absent: they serve without TLS. */
  readonly tls?: AgentTls | undefined;
  /** host:port of an agent's API; undefined: it is not known. */
  readonly address: (agent: string) => string | undefined;
  readonly onMessage: (agent: string, message: ExecutorMessage) => void;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Milliseconds. */
const SEND_TIMEOUT = 5_000;
const FIRST_WAIT = 1_000;
const LONGEST_WAIT = 30_000;

/** Messages between schedulers and executors, by way of the agents. As in Mesos they may get lost: an agent that is away has no post. */
export class ExecutorMessages {
  readonly #options: MessagesOptions;
  readonly #following = new Map<string, AbortController>();

  constructor(options: MessagesOptions) {
    this.#options = options;
  }

  /** Resolves when the agent has taken it, or it is lost. */
  async send(agent: string, message: ExecutorMessage): Promise<void> {
    const { logger } = this.#options;
    try {
      const answer = await this.#ask(
        agent,
        "POST",
        AbortSignal.timeout(SEND_TIMEOUT),
        JSON.stringify(message),
      );
      answer.resume();
      if (answer.statusCode !== 202) throw new Error(`the agent answered ${answer.statusCode}`);
    } catch (error) {
      logger.info({ err: error, agent, executor: message.executorId }, "a message to an executor is lost");
    }
  }

  /** Hears the executors of these agents, and of no others. */
  follow(agents: ReadonlySet<string>): void {
    for (const [agent, stop] of this.#following) {
      if (agents.has(agent)) continue;
      stop.abort();
      this.#following.delete(agent);
    }
    for (const agent of agents) {
      if (this.#following.has(agent)) continue;
      const stop = new AbortController();
      this.#following.set(agent, stop);
      void this.#hear(agent, stop.signal);
    }
  }

  async #hear(agent: string, signal: AbortSignal): Promise<void> {
    const { clock, logger } = this.#options;
    for (let wait = FIRST_WAIT; !signal.aborted; wait = Math.min(2 * wait, LONGEST_WAIT)) {
      try {
        const answer = await this.#ask(agent, "GET", signal);
        if (answer.statusCode === 200) wait = FIRST_WAIT;
        await this.#read(agent, answer);
      } catch (error) {
        if (!signal.aborted) logger.debug({ err: error, agent }, "an agent's executors are not heard");
      }
      await sleep(clock, wait, signal).catch(() => {});
    }
  }

  async #read(agent: string, answer: IncomingMessage): Promise<void> {
    if (answer.statusCode !== 200) {
      answer.resume();
      throw new Error(`the agent answered ${answer.statusCode}`);
    }
    const decoder = new RecordDecoder();
    for await (const chunk of answer as AsyncIterable<Buffer>) {
      for (const record of decoder.decode(chunk)) {
        const message = executorMessage.safeParse(JSON.parse(record.toString("utf8")));
        if (message.success) this.#options.onMessage(agent, message.data);
      }
    }
  }

  async #ask(
    agent: string,
    method: "GET" | "POST",
    signal: AbortSignal,
    body?: string,
  ): Promise<IncomingMessage> {
    const address = this.#options.address(agent);
    if (address === undefined) throw new Error("the agent has no address");
    const { tls } = this.#options;
    const token = (await readFile(this.#options.token, "utf8")).trim();
    const trust = tls && { ca: await authorities(tls.ca), servername: tls.serverName };
    const headers = {
      Authorization: `Bearer ${token}`,
      ...(body !== undefined && { "Content-Type": "application/json" }),
    };
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    const [scheme, request] = tls ? ["https", tlsRequest] : ["http", plainRequest];
    const options = { method, headers, signal, ...trust };
    const call = request(`${scheme}://${address}${MESSAGES_PATH}`, options, resolve);
    call.on("error", reject);
    call.end(body);
    return promise;
  }
}

const authorities = (file: string): Promise<string | undefined> =>
  readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
