import { existsSync } from "node:fs";
import type { ServerResponse } from "node:http";
import type { Logger } from "../../cluster/logger.ts";
import type { Answer } from "../../http/answer.ts";
import { badRequest } from "../../http/answer.ts";
import {
  type Call_AttachContainerInput,
  Call_AttachContainerInput_Type as InputType,
} from "../../wire/gen/mesos/v1/agent/agent_pb.ts";
import type { CommandInfo, ContainerID, ContainerInfo } from "../../wire/gen/mesos/v1/mesos_pb.ts";
import type { TaskRecord } from "../checkpoint/record.ts";
import type { Containerizer } from "../containerizer/containerizer.ts";
import type { NestedContainers, NestedId } from "../containerizer/nested.ts";
import type { Visitor } from "./access.ts";
import { followOutput } from "./followOutput.ts";
import { LiveSession } from "./liveSession.ts";
import type { Media } from "./media.ts";
import { permissions } from "./permissions.ts";
import { OutputResponse, readInput } from "./processio.ts";
import { programOf } from "./program.ts";

export interface ContainerCallsOptions {
  readonly containerizer: Pick<Containerizer, "wait">;
  readonly nested: NestedContainers;
  /** The task whose container has this id. */
  readonly task: (containerId: string) => TaskRecord | undefined;
  readonly log: Logger;
}

/** What a launch is of: LAUNCH_CONTAINER, LAUNCH_NESTED_CONTAINER and LAUNCH_NESTED_CONTAINER_SESSION. */
interface Launch {
  readonly containerId?: ContainerID | undefined;
  readonly command?: CommandInfo | undefined;
  readonly container?: ContainerInfo | undefined;
}

/** A container as a call names it: a task's, or one nested in a task's. */
interface Found {
  readonly task: TaskRecord;
  readonly nested?: NestedId;
}

const SIGKILL = 9;
const LAST_SIGNAL = 64;
const OK: Answer = { status: 200 };

/** The calls on containers. Reject with the errors of access.ts, convert/unsupported.ts and containerizer/errors.ts. */
export class ContainerCalls {
  readonly #options: ContainerCallsOptions;
  readonly #sessions = new Map<string, LiveSession>();

  constructor(options: ContainerCallsOptions) {
    this.#options = options;
  }

  async launch(launch: Launch, visitor: Visitor): Promise<Answer> {
    const found = await this.#parentOf(launch, visitor);
    if ("status" in found) return found;
    const program = programOf(launch.command, launch.container, "no tty");
    await this.#options.nested.launch(found, program);
    return OK;
  }

  /** Undefined: the response is the session's. */
  async launchSession(
    launch: Launch,
    visitor: Visitor,
    response: ServerResponse,
    media: Media,
  ): Promise<Answer | undefined> {
    const found = await this.#parentOf(launch, visitor);
    if ("status" in found) return found;
    const program = programOf(launch.command, launch.container, "tty");
    const session = await this.#options.nested.startSession(found, program);
    const live = new LiveSession(session, new OutputResponse(response, media));
    const key = keyOf(launch.containerId);
    this.#sessions.set(key, live);
    void live
      .run()
      .catch((err: unknown) => this.#options.log.warn({ err }, "a session broke off"))
      .finally(() => this.#sessions.delete(key));
    return undefined;
  }

  /** The exit code as of the runtime: 128 + n for an end by signal n; -1: it is not known. */
  async wait(id: ContainerID | undefined, visitor: Visitor, signal: AbortSignal): Promise<number | Answer> {
    const found = this.#find(id);
    if (found === undefined) return cannotBeFound(id);
    await visitor.must(permissions.getTask(found.task));
    const { containerizer, nested } = this.#options;
    return found.nested === undefined
      ? (await containerizer.wait(found.task.uid, signal)).code
      : nested.wait(found.nested, signal);
  }

  async kill(id: ContainerID | undefined, signal: number | undefined, visitor: Visitor): Promise<Answer> {
    const found = await this.#nestedOf(id, visitor);
    if ("status" in found) return found;
    const number = signal ?? SIGKILL;
    if (number < 1 || number > LAST_SIGNAL) return badRequest(`Invalid signal: ${number}`);
    await this.#options.nested.kill(found, number);
    return OK;
  }

  async remove(id: ContainerID | undefined, visitor: Visitor): Promise<Answer> {
    const found = await this.#nestedOf(id, visitor);
    if ("status" in found) return found;
    await this.#options.nested.remove(found);
    return OK;
  }

  /** Undefined: the response carries the output, from now on. */
  async attachOutput(
    id: ContainerID | undefined,
    visitor: Visitor,
    response: ServerResponse,
    media: Media,
  ): Promise<Answer | undefined> {
    const found = this.#find(id);
    if (found === undefined) return cannotBeFound(id);
    await visitor.must(permissions.attach(found.task));
    const session = this.#sessions.get(keyOf(id));
    if (session !== undefined) {
      session.view(new OutputResponse(response, media));
      return undefined;
    }
    const { nested, containerizer, log } = this.#options;
    const folder = found.nested === undefined ? found.task.sandbox : nested.folder(found.nested);
    if (folder === undefined || !existsSync(folder)) return cannotBeFound(id);
    const output = new OutputResponse(response, media);
    const ended = (signal: AbortSignal) =>
      found.nested === undefined
        ? containerizer.wait(found.task.uid, signal)
        : nested.wait(found.nested, signal);
    void followOutput(folder, output, ended).catch((err: unknown) =>
      log.warn({ err }, "an output could not be followed"),
    );
    return undefined;
  }

  /** Resolves when the input or the session has ended. What `messages` rejects with is passed on. */
  async attachInput(
    first: Call_AttachContainerInput | undefined,
    messages: AsyncIterator<Call_AttachContainerInput | undefined>,
    visitor: Visitor,
  ): Promise<Answer> {
    if (first?.type !== InputType.CONTAINER_ID) {
      return badRequest("Expecting 'attach_container_input.type' to be 'CONTAINER_ID'");
    }
    const id = first.containerId;
    const found = this.#find(id);
    if (found === undefined) return cannotBeFound(id);
    await visitor.must(permissions.attach(found.task));
    const session = this.#sessions.get(keyOf(id));
    if (session === undefined) {
      return badRequest(`Container ${keyOf(id)} takes no input: it is not one of a session`);
    }
    if (!session.claimInput()) return { status: 409, body: "Multiple input connections are not allowed" };
    try {
      return await feed(session, messages);
    } finally {
      session.releaseInput();
    }
  }

  async #parentOf({ containerId }: Launch, visitor: Visitor): Promise<NestedId | Answer> {
    if (containerId?.parent === undefined) {
      return badRequest("Containers of no task are not supported: 'container_id.parent' must be a task's");
    }
    const found = this.#find(containerId);
    if (found?.nested === undefined) {
      return badRequest(`Parent container ${keyOf(containerId.parent)} does not exist`);
    }
    await visitor.must(permissions.exec(found.task));
    return found.nested;
  }

  async #nestedOf(id: ContainerID | undefined, visitor: Visitor): Promise<NestedId | Answer> {
    const found = this.#find(id);
    if (found === undefined) return cannotBeFound(id);
    await visitor.must(permissions.exec(found.task));
    return found.nested ?? badRequest(`Container ${keyOf(id)} is a task's: kill the task instead`);
  }

  #find(id: ContainerID | undefined): Found | undefined {
    const { value = "", parent } = id ?? {};
    if (parent === undefined) {
      const task = this.#options.task(value);
      return task && { task };
    }
    // What is nested in a nested one is nobody's.
    const task = parent.parent === undefined ? this.#options.task(parent.value) : undefined;
    return task && { task, nested: { parent: parent.value, id: value } };
  }
}

async function feed(
  session: LiveSession,
  messages: AsyncIterator<Call_AttachContainerInput | undefined>,
): Promise<Answer> {
  const ended = session.ended.then(() => undefined);
  for (;;) {
    const next = messages.next();
    // Lost when the session ends first.
    next.catch(() => {});
    const message = await Promise.race([next, ended]);
    if (message === undefined || message.done) return OK;
    const call = message.value;
    if (call?.type !== InputType.PROCESS_IO) {
      return badRequest("Expecting 'attach_container_input.type' to be 'PROCESS_IO'");
    }
    const input = readInput(call.processIo);
    if ("problem" in input) return badRequest(input.problem);
    await session.input(input);
  }
}

/** As Mesos writes a ContainerID: from the outermost on, with dots between. */
function keyOf(id: ContainerID | undefined): string {
  if (id === undefined) return "";
  return id.parent === undefined ? id.value : `${keyOf(id.parent)}.${id.value}`;
}

const cannotBeFound = (id: ContainerID | undefined): Answer => ({
  status: 404,
  body: `Container ${keyOf(id)} cannot be found`,
});
