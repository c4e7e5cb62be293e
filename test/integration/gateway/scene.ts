import { randomUUID } from "node:crypto";
import type { MessageInitShape } from "@bufbuild/protobuf";
import { Registry } from "prom-client";
import type { StatusUpdate, Task } from "../../../src/api/task.ts";
import type { TaskState } from "../../../src/api/taskstate.ts";
import { createLogger } from "../../../src/cluster/logger.ts";
import type { Live } from "../../../src/cluster/object.ts";
import { systemClock } from "../../../src/cluster/time.ts";
import { operatorConfig } from "../../../src/config/operator.ts";
import type { Dependencies } from "../../../src/controllers/dependencies.ts";
import type { OperatorOptions } from "../../../src/controllers/operator.ts";
import { createGateway, identityWithAddress } from "../../../src/gateway/compose.ts";
import {
  FrameworkInfo_Capability_Type as Capability,
  type FrameworkInfoSchema,
  type TaskInfoSchema,
  Value_Type,
} from "../../../src/wire/gen/mesos/v1/mesos_pb.ts";
import { type RunningOperator, TestCluster } from "../offers/cluster.ts";
import { MesosClient, type SubscribeOptions } from "./client.ts";

export const ALL_CAPABILITIES = [
  Capability.MULTI_ROLE,
  Capability.PARTITION_AWARE,
  Capability.RESERVATION_REFINEMENT,
  Capability.REGION_AWARE,
];

export interface RunningGateway {
  readonly port: number;
  readonly operator: RunningOperator;
  stop(): Promise<void>;
}

/** An API server, operators with gateways in this process, and clients that know nothing but HTTP. */
export class Scene {
  readonly cluster: TestCluster;
  readonly #gateways = new Set<RunningGateway>();
  readonly #clients = new Set<MesosClient>();

  private constructor(cluster: TestCluster) {
    this.cluster = cluster;
  }

  static async start(): Promise<Scene> {
    return new Scene(await TestCluster.start());
  }

  async stop(): Promise<void> {
    for (const client of this.#clients) client.close();
    for (const gateway of [...this.#gateways]) await gateway.stop();
    await this.cluster.stop();
  }

  /** A replica of the operator with a gateway on a free port; `seen`: what the gateway is given of the operator. */
  async gateway(
    namespace: string,
    gateway: object = {},
    config: object = {},
    more: Partial<OperatorOptions> = {},
    seen: (deps: Dependencies) => Dependencies = (deps) => deps,
  ): Promise<RunningGateway> {
    const given = {
      agents: { timeout: "1h" },
      allocation: { interval: "200ms" },
      ...config,
      gateway: { enabled: true, port: 0, anonymous: true, namespace, ...gateway },
    };
    const logger = createLogger({ name: "gateway", level: process.env.LOG_LEVEL ?? "silent" });
    // The port is known once it listens, and is a part of the identity.
    const own = randomUUID();
    const hooks: { identity: string } = { identity: own };
    const parts = createGateway(operatorConfig.parse(given), this.cluster.connection, {
      logger,
      clock: systemClock,
      registry: new Registry(),
      get identity() {
        return hooks.identity;
      },
    });
    const port = await parts.server.start();
    hooks.identity = identityWithAddress(own, `127.0.0.1:${port}`);
    const operator = await this.cluster.startOperator(given, {
      identity: hooks.identity,
      ...parts.hooks,
      whileLeading: (deps, scheduling) => parts.hooks.whileLeading(seen(deps), scheduling),
      ...more,
    });
    const running: RunningGateway = {
      port,
      operator,
      stop: async () => {
        this.#gateways.delete(running);
        await operator.stop();
        await parts.server.stop();
      },
    };
    this.#gateways.add(running);
    return running;
  }

  client(port: number, options: SubscribeOptions = {}): MesosClient {
    const client = new MesosClient(port, options);
    this.#clients.add(client);
    return client;
  }

  /** The Task of a Mesos id. */
  task(namespace: string, taskId: string): Promise<Live<Task>> {
    return this.cluster.eventually(async () => {
      const { items } = await this.cluster.clients.tasks.list({ namespace });
      const found = items.find(({ spec }) => spec.taskId === taskId);
      if (found === undefined) throw new Error(`no task ${taskId}`);
      return found;
    });
  }

  /** What an agent writes when a task enters a state. */
  async report(task: Live<Task>, state: TaskState, more: Partial<StatusUpdate> = {}): Promise<string> {
    const uuid = randomUUID();
    const update: StatusUpdate = {
      uuid,
      state,
      source: "SOURCE_EXECUTOR",
      timestamp: new Date().toISOString(),
      ...more,
    };
    const now = await this.cluster.clients.tasks.get(task.metadata);
    await this.cluster.clients.tasks.mergePatch(
      task.metadata,
      {
        status: {
          state,
          updates: [...(now.status?.updates ?? []), update],
          container: { id: task.metadata.uid, pid: 4242 },
          addresses: ["10.1.2.3"],
        },
      },
      { subresource: "status" },
    );
    return uuid;
  }
}

type InfoInit = MessageInitShape<typeof FrameworkInfoSchema>;

export const info = (name: string, more: object = {}): InfoInit => ({
  user: "",
  name,
  roles: ["*"],
  failoverTimeout: 3600,
  capabilities: ALL_CAPABILITIES.map((type) => ({ type })),
  ...more,
});

export const scalar = (name: string, value: number) => ({ name, type: Value_Type.SCALAR, scalar: { value } });

export const taskInfo = (
  id: string,
  agent: string,
  more: object = {},
): MessageInitShape<typeof TaskInfoSchema> => ({
  name: id,
  taskId: { value: id },
  agentId: { value: agent },
  resources: [scalar("cpus", 0.5), scalar("mem", 64)],
  command: { value: "sleep 1" },
  ...more,
});
