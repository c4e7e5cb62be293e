import { create, isFieldSet, type MessageInitShape } from "@bufbuild/protobuf";
import { Unsupported } from "../../convert/unsupported.ts";
import type { Answer } from "../../http/answer.ts";
import { encode } from "../../wire/codec.ts";
import {
  type Call,
  Call_KillContainerSchema,
  Call_KillNestedContainerSchema,
  type Call_ReadFile,
  Call_ReadFileSchema,
  Call_Type,
  Response_Type,
  ResponseSchema,
} from "../../wire/gen/mesos/v1/agent/agent_pb.ts";
import { MEDIA_TYPE } from "../../wire/media.ts";
import type { Exchange } from "../http/routes.ts";
import type { Visitor } from "./access.ts";
import type { AgentView } from "./agentView.ts";
import { containerOf } from "./callcheck.ts";
import type { ContainerCalls } from "./containers.ts";
import type { FileCalls } from "./fileCalls.ts";
import type { LogLevel } from "./logLevel.ts";
import type { Media } from "./media.ts";
import type { SlaveMetrics } from "./metrics.ts";
import { permissions } from "./permissions.ts";
import { termination } from "./termination.ts";

export interface CallsOptions {
  readonly containers: ContainerCalls;
  readonly files: FileCalls;
  readonly view: AgentView;
  readonly logLevel: LogLevel;
  readonly metrics: Pick<SlaveMetrics, "snapshot">;
  readonly flags: Readonly<Record<string, string>>;
  /** The agent's name. */
  readonly node: string;
}

/** One call, by whom, and where its answer goes. */
interface Request extends Exchange {
  readonly visitor: Visitor;
  readonly media: Media;
}

type ResponseInit = MessageInitShape<typeof ResponseSchema>;

/** What each call of the agent's operator API does. */
export class Calls {
  readonly #options: CallsOptions;

  constructor(options: CallsOptions) {
    this.#options = options;
  }

  /** Undefined: the call answers by itself. */
  async perform(call: Call, request: Request): Promise<Answer | undefined> {
    const told = await this.#tell(call, request);
    if (told !== undefined) return message(request.media, told);
    return this.#act(call, request);
  }

  attachInput(call: Call, messages: AsyncIterator<Call, void>, visitor: Visitor): Promise<Answer> {
    const inputs = {
      next: async () => {
        const { done, value } = await messages.next();
        return done ? { done, value: undefined } : { done: false, value: value.attachContainerInput };
      },
    };
    return this.#options.containers.attachInput(call.attachContainerInput, inputs, visitor);
  }

  /** Undefined: it is none of the calls that ask for something. */
  async #tell(call: Call, { visitor }: Request): Promise<ResponseInit | undefined> {
    const { view, node, logLevel, metrics } = this.#options;
    const ofAgent = () => visitor.must(permissions.getAgent(node));
    switch (call.type) {
      case Call_Type.GET_HEALTH:
        return { type: Response_Type.GET_HEALTH, getHealth: { healthy: true } };
      case Call_Type.GET_VERSION:
        return { type: Response_Type.GET_VERSION, getVersion: { versionInfo: view.version() } };
      case Call_Type.GET_FLAGS:
        await ofAgent();
        return { type: Response_Type.GET_FLAGS, getFlags: { flags: namesAndValues(this.#options.flags) } };
      case Call_Type.GET_METRICS:
        await ofAgent();
        return {
          type: Response_Type.GET_METRICS,
          getMetrics: { metrics: namesAndValues(await metrics.snapshot()) },
        };
      case Call_Type.GET_LOGGING_LEVEL:
        await ofAgent();
        return { type: Response_Type.GET_LOGGING_LEVEL, getLoggingLevel: { level: logLevel.level } };
      case Call_Type.GET_AGENT:
        await ofAgent();
        return { type: Response_Type.GET_AGENT, getAgent: view.agent() };
      case Call_Type.GET_OPERATIONS:
        await ofAgent();
        return { type: Response_Type.GET_OPERATIONS, getOperations: {} };
      case Call_Type.GET_RESOURCE_PROVIDERS:
        await ofAgent();
        return { type: Response_Type.GET_RESOURCE_PROVIDERS, getResourceProviders: {} };
      case Call_Type.GET_TASKS:
        return { type: Response_Type.GET_TASKS, getTasks: await view.tasks(visitor) };
      case Call_Type.GET_EXECUTORS:
        return { type: Response_Type.GET_EXECUTORS, getExecutors: await view.executors(visitor) };
      case Call_Type.GET_FRAMEWORKS:
        return { type: Response_Type.GET_FRAMEWORKS, getFrameworks: await view.frameworks(visitor) };
      case Call_Type.GET_STATE:
        return {
          type: Response_Type.GET_STATE,
          getState: {
            getTasks: await view.tasks(visitor),
            getExecutors: await view.executors(visitor),
            getFrameworks: await view.frameworks(visitor),
          },
        };
      case Call_Type.GET_CONTAINERS: {
        const containers = await view.containers(visitor, call.getContainers?.showNested ?? false);
        return { type: Response_Type.GET_CONTAINERS, getContainers: { containers } };
      }
      default:
        return undefined;
    }
  }

  async #act(call: Call, request: Request): Promise<Answer | undefined> {
    const { containers, files, logLevel, node } = this.#options;
    const { visitor, response, media } = request;
    switch (call.type) {
      case Call_Type.SET_LOGGING_LEVEL:
        await visitor.must(permissions.setLogging(node));
        return logLevel.set(call.setLoggingLevel);
      case Call_Type.LIST_FILES: {
        const found = await files.list(call.listFiles?.path ?? "", visitor);
        return "status" in found
          ? found
          : message(media, { type: Response_Type.LIST_FILES, listFiles: found });
      }
      case Call_Type.READ_FILE: {
        const { path = "", offset = 0n } = call.readFile ?? {};
        const found = await files.read(path, offset, lengthOf(call.readFile), visitor);
        return "status" in found ? found : message(media, { type: Response_Type.READ_FILE, readFile: found });
      }
      case Call_Type.LAUNCH_CONTAINER:
        return containers.launch(launchOf(call), visitor);
      case Call_Type.LAUNCH_NESTED_CONTAINER:
        return containers.launch(call.launchNestedContainer ?? {}, visitor);
      case Call_Type.LAUNCH_NESTED_CONTAINER_SESSION:
        return containers.launchSession(call.launchNestedContainerSession ?? {}, visitor, response, media);
      case Call_Type.ATTACH_CONTAINER_OUTPUT:
        return containers.attachOutput(containerOf(call), visitor, response, media);
      case Call_Type.WAIT_CONTAINER:
      case Call_Type.WAIT_NESTED_CONTAINER:
        return this.#wait(call, request);
      case Call_Type.KILL_CONTAINER:
      case Call_Type.KILL_NESTED_CONTAINER:
        return containers.kill(containerOf(call), signalOf(call), visitor);
      case Call_Type.REMOVE_CONTAINER:
      case Call_Type.REMOVE_NESTED_CONTAINER:
        return containers.remove(containerOf(call), visitor);
      default:
        return { status: 501 };
    }
  }

  async #wait(call: Call, { visitor, response, media }: Request): Promise<Answer | undefined> {
    const stop = new AbortController();
    response.once("close", () => stop.abort(new Error("the client has left")));
    const code = await this.#options.containers
      .wait(containerOf(call), visitor, stop.signal)
      .catch((error: unknown) => {
        if (stop.signal.aborted) return undefined;
        throw error;
      });
    if (code === undefined || typeof code === "object") return code;
    return message(media, termination(call.type, code));
  }
}

const message = (media: Media, init: ResponseInit): Answer => ({
  status: 200,
  body: encode(media.accept, ResponseSchema, create(ResponseSchema, init)),
  headers: { "Content-Type": MEDIA_TYPE[media.accept] },
});

const namesAndValues = <T>(record: Readonly<Record<string, T>>) =>
  Object.entries(record).map(([name, value]) => ({ name, value }));

const lengthOf = (call: Call_ReadFile | undefined): bigint | undefined =>
  call !== undefined && isFieldSet(call, Call_ReadFileSchema.field.length) ? call.length : undefined;

/** Absent: SIGKILL. */
function signalOf({ killContainer, killNestedContainer }: Call): number | undefined {
  if (killContainer !== undefined) {
    return isFieldSet(killContainer, Call_KillContainerSchema.field.signal)
      ? killContainer.signal
      : undefined;
  }
  return killNestedContainer && isFieldSet(killNestedContainer, Call_KillNestedContainerSchema.field.signal)
    ? killNestedContainer.signal
    : undefined;
}

/** Throws Unsupported: a nested container uses what its parent has. */
function launchOf({ launchContainer }: Call) {
  if (launchContainer === undefined) return {};
  const { resources, limits } = launchContainer;
  if (resources.length > 0 || Object.keys(limits).length > 0) {
    throw new Unsupported(
      "resources and limits of a nested container are not supported: it shares its task's",
    );
  }
  return launchContainer;
}
