import type { EventEmitter } from "node:events";
import type { ClientRequest } from "node:http";
import { createRequire } from "node:module";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { connect } from "node:tls";

interface Status {
  readonly task_id: { readonly value: string };
  readonly state: string;
}

/** What of the package is used here: a scheduler that nobody here has written (npm: mesos-framework). */
interface Scheduler extends EventEmitter {
  readonly launchedTasks: readonly {
    readonly taskId: string;
    readonly runtimeInfo: { readonly agentId?: string };
  }[];
  readonly pendingTasks: readonly object[];
  readonly frameworkId: string;
  readonly httpRequest: ClientRequest;
  readonly requestTemplate: { readonly headers: Record<string, string> };
  mesosStreamId: string | undefined;
  subscribe(): void;
  teardown(): void;
  reconcile(taskId: string, agentId: string): void;
}
interface Package {
  readonly Scheduler: new (options: object) => Scheduler;
  readonly Mesos: {
    getMesos(): { readonly CommandInfo: new (...fields: unknown[]) => object };
  };
}
const mesosFramework = createRequire(import.meta.url)("mesos-framework") as Package;

/** Where a gateway is, and by what its certificate is known. */
export interface GatewayAddress {
  readonly host: string;
  readonly port: number;
  readonly servername: string;
  readonly ca: string;
}

export interface LibraryOptions {
  readonly name: string;
  readonly instances: number;
  readonly command: string;
  readonly resources: { readonly cpus: number; readonly mem: number };
  readonly credentials: { readonly username: string; readonly password: string };
  /** Folder of its log. */
  readonly logs: string;
}

/** Longer than a change of the leader: the package ends the process when it hears nothing for so many seconds. */
const CONNECTION_TIMEOUT = 900;
const LOOK_EVERY = 1_000;
const SILENT_FOR = 15_000;

/**
 * A framework of the package mesos-framework. The package speaks neither TLS nor HTTP basic: a tunnel of this process does the one, a
 * header the other. It subscribes again by itself when its stream ends in good order only, so this looks after the rest.
 */
export class LibraryFramework {
  /** Ids of the tasks that it was told have finished. */
  readonly finished = new Set<string>();
  /** Other ends, errors of the stream and of calls, in order. */
  readonly troubles: string[] = [];
  /** The framework's id, once for each subscription. */
  readonly subscriptions: string[] = [];
  readonly #scheduler: Scheduler;
  readonly #tunnel: Server;
  /** Since when a task is launched of which nothing was heard, or not since it was asked about. */
  readonly #silent = new Map<string, number>();
  readonly #supervision: NodeJS.Timeout;

  static async subscribe(gateway: GatewayAddress, options: LibraryOptions): Promise<LibraryFramework> {
    const tunnel = await openTunnel(gateway);
    const { CommandInfo } = mesosFramework.Mesos.getMesos();
    const { name, instances, command, resources, logs } = options;
    const scheduler = new mesosFramework.Scheduler({
      masterUrl: "127.0.0.1",
      port: (tunnel.address() as AddressInfo).port,
      user: "root",
      frameworkName: name,
      masterConnectionTimeout: CONNECTION_TIMEOUT,
      logging: { path: logs, fileName: "log", level: "error" },
      tasks: {
        batch: {
          priority: 1,
          instances,
          // uris, environment, shell, value
          commandInfo: new CommandInfo(null, null, true, command),
          resources: { ...resources, disk: 0, ports: 0 },
        },
      },
    });
    const { username, password } = options.credentials;
    const basic = Buffer.from(`${username}:${password}`).toString("base64");
    scheduler.requestTemplate.headers.Authorization = `Basic ${basic}`;
    const ready = new Promise((resolve) => scheduler.once("ready", resolve));
    const framework = new LibraryFramework(scheduler, tunnel);
    await ready;
    scheduler.subscribe();
    return framework;
  }

  private constructor(scheduler: Scheduler, tunnel: Server) {
    this.#scheduler = scheduler;
    this.#tunnel = tunnel;
    scheduler.on("subscribed", ({ frameworkId }: { frameworkId: string }) => {
      this.subscriptions.push(frameworkId);
    });
    scheduler.on("update", ({ status }: { status: Status }) => this.#told(status));
    scheduler.on("error", (error: unknown) => {
      const message = (error as { message?: string } | null)?.message;
      this.troubles.push(message ?? String(error));
    });
    this.#supervision = setInterval(() => {
      this.#reconcile();
      if (scheduler.httpRequest.closed !== true) return;
      scheduler.mesosStreamId = undefined;
      delete scheduler.requestTemplate.headers["mesos-stream-id"];
      scheduler.subscribe();
    }, LOOK_EVERY);
  }

  get id(): string {
    return this.#scheduler.frameworkId;
  }

  /** How many tasks it has not launched, or has not heard the end of. */
  get open(): number {
    return this.#scheduler.pendingTasks.length + this.#scheduler.launchedTasks.length;
  }

  /** Ends the framework, if it is still there, and this one's part of it. */
  stop(): void {
    clearInterval(this.#supervision);
    if (this.subscriptions.length > 0) this.#scheduler.teardown();
    this.#scheduler.httpRequest.once("close", () => this.#tunnel.close());
    setTimeout(() => this.#scheduler.httpRequest.destroy(), LOOK_EVERY);
  }

  /**
   * An ACCEPT that a leader has not carried out is lost with it, in Mesos too, as is one that meets a replica which knows no leader; and the
   * package asks only about tasks that it has heard of: without this it waits for the others for ever.
   */
  #reconcile(): void {
    const now = Date.now();
    for (const { taskId, runtimeInfo } of this.#scheduler.launchedTasks) {
      const since = this.#silent.get(taskId) ?? now;
      this.#silent.set(taskId, since);
      if (runtimeInfo.agentId !== undefined || now - since < SILENT_FOR) continue;
      this.#silent.set(taskId, now);
      this.#scheduler.reconcile(taskId, "unknown");
    }
  }

  #told({ task_id, state }: Status): void {
    if (state === "TASK_FINISHED") this.finished.add(task_id.value);
    else if (!["TASK_STAGING", "TASK_STARTING", "TASK_RUNNING"].includes(state)) {
      this.troubles.push(`${task_id.value}: ${state}`);
    }
  }
}

/** Listens on loopback without TLS, and passes on with it; who is not whom the certificate names is not spoken to. */
export async function openTunnel({ host, port, servername, ca }: GatewayAddress): Promise<Server> {
  const server = createServer((near: Socket) => {
    const far = connect({ host, port, servername, ca });
    near.pipe(far).pipe(near);
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      one.on("error", () => {});
      one.on("close", () => other.destroy());
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return server;
}
