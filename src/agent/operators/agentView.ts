import type { MessageInitShape } from "@bufbuild/protobuf";
import type { Agent as AgentObject } from "../../api/agent.ts";
import type { Task } from "../../api/task.ts";
import type { Live } from "../../cluster/object.ts";
import type { Clock } from "../../cluster/time.ts";
import { durationInfo } from "../../convert/amounts.ts";
import { endpointResources } from "../../convert/endpoint.ts";
import { MESOS_VERSION } from "../../convert/master.ts";
import { attributeMessage } from "../../convert/offer.ts";
import { taskMessage } from "../../convert/taskmessage.ts";
import { fromSpec, type Resources } from "../../resources/index.ts";
import type {
  Response_GetAgentSchema,
  Response_GetContainers_ContainerSchema,
  Response_GetExecutorsSchema,
  Response_GetFrameworksSchema,
  Response_GetTasksSchema,
} from "../../wire/gen/mesos/v1/agent/agent_pb.ts";
import type {
  ExecutorInfoSchema,
  FrameworkInfoSchema,
  ResourceStatisticsSchema,
} from "../../wire/gen/mesos/v1/mesos_pb.ts";
import { FrameworkInfo_Capability_Type } from "../../wire/gen/mesos/v1/mesos_pb.ts";
import type { TaskRecord } from "../checkpoint/record.ts";
import type { Containerizer } from "../containerizer/containerizer.ts";
import type { NestedContainers } from "../containerizer/nested.ts";
import type { Visitor } from "./access.ts";
import {
  type ExecutorHere,
  executorsHere,
  type FrameworkHere,
  frameworksHere,
  type TaskHere,
  tasksHere,
} from "./here.ts";
import { permissions } from "./permissions.ts";
import { statisticsOf } from "./statistics.ts";

export interface AgentViewOptions {
  readonly node: string;
  readonly port: number;
  readonly records: () => Iterable<TaskRecord>;
  /** By namespace/name. */
  readonly task: (key: string) => Live<Task> | undefined;
  readonly agent: () => Live<AgentObject> | undefined;
  readonly containerizer: Pick<Containerizer, "usage">;
  readonly nested: Pick<NestedContainers, "list">;
  readonly clock: Clock;
}

/** A container that runs, and what it uses. */
export interface ContainerHere {
  readonly executor: ExecutorHere;
  readonly statistics: MessageInitShape<typeof ResourceStatisticsSchema> | undefined;
}

/** What the agent tells of itself and its tasks: of those alone whose namespace the visitor may list. */
export class AgentView {
  readonly #options: AgentViewOptions;

  constructor(options: AgentViewOptions) {
    this.#options = options;
  }

  version(): { version: string } {
    return { version: MESOS_VERSION };
  }

  agent(): MessageInitShape<typeof Response_GetAgentSchema> {
    const { node, port } = this.#options;
    const object = this.#options.agent();
    const { draining } = object?.spec ?? {};
    return {
      agentInfo: {
        id: { value: node },
        hostname: object?.status?.hostname ?? node,
        port,
        resources: endpointResources(this.total()),
        attributes: (object?.status?.attributes ?? []).map(attributeMessage),
      },
      ...(draining && {
        drainConfig: {
          markGone: draining.markGone,
          ...(draining.grace !== undefined && { maxGracePeriod: durationInfo(draining.grace) }),
        },
      }),
    };
  }

  /** What the agent has for tasks: what is offerable, with what is reserved of it. */
  total(): Resources {
    const { offerable, reserved = [] } = this.#options.agent()?.status ?? {};
    const plain = fromSpec(offerable ?? []);
    const stacked = fromSpec(reserved);
    const bare = stacked.toUnreserved();
    // Right after a reservation the two are of different moments.
    return plain.contains(bare) ? plain.subtract(bare).add(stacked) : plain;
  }

  async #here(visitor: Visitor): Promise<TaskHere[]> {
    const { task } = this.#options;
    return tasksHere(await this.#records(visitor), task);
  }

  /** Of what the visitor may see. */
  async #records(visitor: Visitor): Promise<TaskRecord[]> {
    const all = [...this.#options.records()];
    const namespaces = [...new Set(all.map(({ namespace }) => namespace))];
    const seen = await Promise.all(namespaces.map((one) => visitor.may(permissions.listTasks(one))));
    return all.filter(({ namespace }) => seen[namespaces.indexOf(namespace)] === true);
  }

  async executorsHere(visitor: Visitor): Promise<readonly ExecutorHere[]> {
    const records = await this.#records(visitor);
    return executorsHere(tasksHere(records, this.#options.task), records);
  }

  async tasks(visitor: Visitor): Promise<MessageInitShape<typeof Response_GetTasksSchema>> {
    const here = await this.#here(visitor);
    const told = (stage: TaskHere["stage"]) =>
      here.filter((one) => one.stage === stage).map(({ task, owner }) => taskMessage(task, owner));
    return {
      launchedTasks: told("launched"),
      terminatedTasks: told("terminated"),
      completedTasks: told("completed"),
    };
  }

  async executors(visitor: Visitor): Promise<MessageInitShape<typeof Response_GetExecutorsSchema>> {
    const here = await this.executorsHere(visitor);
    const told = (isRunning: boolean) =>
      here.filter((one) => one.isRunning === isRunning).map((one) => ({ executorInfo: executorInfo(one) }));
    return { executors: told(true), completedExecutors: told(false) };
  }

  async frameworks(visitor: Visitor): Promise<MessageInitShape<typeof Response_GetFrameworksSchema>> {
    const here = frameworksHere(await this.executorsHere(visitor));
    const told = (isActive: boolean) =>
      here.filter((one) => one.isActive === isActive).map((one) => ({ frameworkInfo: frameworkInfo(one) }));
    return { frameworks: told(true), completedFrameworks: told(false) };
  }

  async containers(
    visitor: Visitor,
    showNested: boolean,
  ): Promise<MessageInitShape<typeof Response_GetContainers_ContainerSchema>[]> {
    const running = await this.running(visitor);
    const told = running.map(({ executor, statistics }) => ({
      frameworkId: { value: executor.owner.id },
      executorId: { value: executor.id },
      executorName: executor.name,
      containerId: { value: executor.record.uid },
      containerStatus: containerStatus(executor),
      ...(statistics && { resourceStatistics: statistics }),
    }));
    if (!showNested) return told;
    const { nested } = this.#options;
    const below = await Promise.all(
      running.map(({ executor }) => nested.list(executor.record.uid).catch(() => [])),
    );
    return [
      ...told,
      ...below.flat().map(({ parent, id, pid }) => ({
        containerId: { value: id, parent: { value: parent } },
        containerStatus: { containerId: { value: id, parent: { value: parent } }, executorPid: pid },
      })),
    ];
  }

  /** The containers that run, with what they use where that can be read now. */
  async running(visitor: Visitor): Promise<ContainerHere[]> {
    const { containerizer, clock } = this.#options;
    const here = (await this.executorsHere(visitor)).filter(({ record }) => record.phase === "running");
    return Promise.all(
      here.map(async (executor) => {
        const usage = await containerizer.usage(executor.record.uid).catch(() => undefined);
        return { executor, statistics: usage && statisticsOf(usage, executor.held, clock.now()) };
      }),
    );
  }
}

export const containerStatus = ({ record }: ExecutorHere) => ({
  containerId: { value: record.uid },
  ...(record.container?.pid !== undefined && { executorPid: record.container.pid }),
  networkInfos: [
    {
      ipAddresses: addressesOf(record).map((ipAddress) => ({ ipAddress })),
    },
  ],
});

/** The node's, of a container without one of its own. */
const addressesOf = ({ container, nodeAddress }: TaskRecord): readonly string[] =>
  container !== undefined && container.addresses.length > 0
    ? container.addresses
    : nodeAddress === undefined
      ? []
      : [nodeAddress];

const executorInfo = ({ id, name, owner }: ExecutorHere): MessageInitShape<typeof ExecutorInfoSchema> => ({
  executorId: { value: id },
  frameworkId: { value: owner.id },
  name,
  source: id,
});

const frameworkInfo = ({
  owner,
  name,
  roles,
}: FrameworkHere): MessageInitShape<typeof FrameworkInfoSchema> => ({
  id: { value: owner.id },
  name,
  user: owner.user,
  roles: [...roles],
  checkpoint: true,
  capabilities: [
    { type: FrameworkInfo_Capability_Type.MULTI_ROLE },
    ...(owner.partitionAware ? [{ type: FrameworkInfo_Capability_Type.PARTITION_AWARE }] : []),
  ],
});
