import { create, type DescMessage, type Message } from "@bufbuild/protobuf";
import {
  Event_SubscribedSchema,
  Event_Type,
  EventSchema,
  Response_GetAgentsSchema,
  Response_GetExecutorsSchema,
  Response_GetFrameworks_FrameworkSchema,
  Response_GetFrameworksSchema,
  Response_GetStateSchema,
  Response_GetTasksSchema,
  Response_Type,
  ResponseSchema,
} from "../../wire/gen/mesos/v1/master/master_pb.ts";
import { AgentInfoSchema } from "../../wire/gen/mesos/v1/mesos_pb.ts";
import { agentInfo, toldAgent } from "./agents.ts";
import type { ClusterState, KnownFramework } from "./cluster.ts";
import type { Document } from "./document.ts";
import { toldExecutor } from "./executors.ts";
import { frameworkMessage } from "./frameworks.ts";
import { toldTasks } from "./tasks.ts";
import { Told } from "./told.ts";

/** What of the cluster's state a document is made of. */
export type Readable = Pick<ClusterState, "agents" | "frameworks" | "completed" | "registered" | "offers">;

/** The large answers of the operator API. Names and tasks are of the moment in which a document is made. */
export const getAgents = (state: Readable): Document =>
  response(Response_Type.GET_AGENTS, "get_agents", agents(state));
export const getFrameworks = (state: Readable): Document =>
  response(Response_Type.GET_FRAMEWORKS, "get_frameworks", frameworks(state, state.frameworks()));
export const getTasks = (state: Readable): Document =>
  response(Response_Type.GET_TASKS, "get_tasks", tasks(state.frameworks()));
export const getExecutors = (state: Readable): Document =>
  response(Response_Type.GET_EXECUTORS, "get_executors", executors(state.frameworks()));
export const getState = (state: Readable): Document =>
  response(Response_Type.GET_STATE, "get_state", everything(state));

/** The first event of a stream. */
export const subscribed = (state: Readable, heartbeatSeconds: number): Document => ({
  schema: EventSchema,
  head: create(EventSchema, { type: Event_Type.SUBSCRIBED }),
  fields: [
    [
      "subscribed",
      {
        schema: Event_SubscribedSchema,
        head: create(Event_SubscribedSchema, { heartbeatIntervalSeconds: heartbeatSeconds }),
        fields: [["get_state", everything(state)]],
      },
    ],
  ],
});

const response = (type: Response_Type, field: string, body: Document): Document => ({
  schema: ResponseSchema,
  head: create(ResponseSchema, { type }),
  fields: [[field, body]],
});

function everything(state: Readable): Document {
  const known = state.frameworks();
  return {
    schema: Response_GetStateSchema,
    fields: [
      ["get_tasks", tasks(known)],
      ["get_executors", executors(known)],
      ["get_frameworks", frameworks(state, known)],
      ["get_agents", agents(state)],
    ],
  };
}

function agents(state: Readable): Document {
  const { registered, recovered } = state.agents();
  return {
    schema: Response_GetAgentsSchema,
    fields: [
      ["agents", each(registered, (name) => optional(state.registered(name), toldAgent))],
      [
        "recovered_agents",
        each(recovered, (name) =>
          optional(state.registered(name), (one) => once(AgentInfoSchema, () => agentInfo(one))),
        ),
      ],
    ],
  };
}

function frameworks(state: Readable, known: readonly KnownFramework[]): Document {
  const told = (one: KnownFramework, here: boolean) =>
    once(Response_GetFrameworks_FrameworkSchema, () =>
      frameworkMessage(one, here ? state.offers(one.key) : []),
    );
  return {
    schema: Response_GetFrameworksSchema,
    fields: [
      ["frameworks", each(known, (one) => [told(one, true)])],
      ["completed_frameworks", each(state.completed(), (one) => [told(one, false)])],
    ],
  };
}

function tasks(known: readonly KnownFramework[]): Document {
  const all = (of: (one: KnownFramework) => KnownFramework["tasks"]) =>
    each(known, (one) => toldTasks(of(one), one));
  return {
    schema: Response_GetTasksSchema,
    fields: [
      ["tasks", all((one) => one.tasks)],
      ["unreachable_tasks", all((one) => one.unreachable)],
      ["completed_tasks", all((one) => one.completed)],
    ],
  };
}

const executors = (known: readonly KnownFramework[]): Document => ({
  schema: Response_GetExecutorsSchema,
  fields: [["executors", each(known, ({ id, executors }) => executors.map((one) => toldExecutor(one, id)))]],
});

function* each<T>(list: Iterable<T>, of: (one: T) => Iterable<Told>): Generator<Told, void> {
  for (const one of list) yield* of(one);
}

const optional = <T>(value: T | undefined, told: (value: T) => Told): Told[] =>
  value === undefined ? [] : [told(value)];

/** What is told once and not kept. */
const once = (schema: DescMessage, message: () => Message): Told => new Told(schema, message, () => ({}));
